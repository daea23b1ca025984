"""The supervisor with real processes: starting, restarting, stopping, refusing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from apps.config.embedded import SetupError
from apps.config.supervisor import processes
from apps.config.supervisor.checks import check_python
from apps.config.supervisor.orphans import stop_orphans
from apps.config.supervisor.output import Output
from apps.config.supervisor.parts import ROOT
from apps.config.supervisor.processes import Spec
from apps.config.supervisor.watch import Watch

SUPERVISOR = [sys.executable, "-m", "apps.config.supervisor"]


def supervise(*arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SUPERVISOR, *arguments], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **options,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until(ready: Callable[[], object], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def pid_of(data: Path, name: str) -> int:
    return int(json.loads((data / "run" / f"{name}.json").read_text())["pid"])


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def query(sql: str) -> str:
    """A Python program that runs this statement on the database it is given."""
    connect = "import os, psycopg; connection = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)"
    return f"{connect}; connection.execute({sql!r})"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def waiting(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Two servers beside a command that waits; ended by the test or here."""
    program = "import time; print('up', flush=True); time.sleep(60)"
    process = supervise("exec", "--data", str(data), "--", sys.executable, "-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    if process.poll() is None:
        process.terminate()
        process.wait(30)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "run").mkdir()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    with open(tmp_path / "log", "w") as log:
        watch = Watch(data_dir=tmp_path, output=Output(log, {}))
        yield watch
        watch.stop_all()
    for number, handler in before.items():
        signal.signal(number, handler)


def part(name: str, code: str, *, stage: int = 1, **options: object) -> Spec:
    command = [sys.executable, "-c", code]
    return Spec(name, stage, command, dict(os.environ), Path("/"), **options)  # type: ignore[arg-type]


def test_exec_passes_on_the_exit_code_and_leaves_nothing_running(data: Path) -> None:
    code, out, _ = finish(supervise("exec", "--throwaway", "--data", str(data), "--", "sh", "-c",
                                    "cat $0/run/*.json; exit 7", str(data)))  # fmt: skip

    pids = [json.loads(line)["pid"] for line in out.splitlines()]
    assert code == 7
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)
    assert not (data / "postgres").exists()


def test_data_survives_between_two_runs(data: Path) -> None:
    for sql in ("CREATE TABLE kept AS SELECT 1 AS a", "SELECT a FROM kept"):
        code, _, err = finish(supervise("exec", "--data", str(data), "--", sys.executable, "-c", query(sql)))
        assert code == 0, err


def test_throwaway_refuses_to_delete_a_database_that_is_kept(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)

    code, _, err = finish(supervise("exec", "--throwaway", "--data", str(data), "--", "true"))

    assert code == 2
    assert "--throwaway would delete it" in err
    assert (data / "postgres").exists()


def test_a_killed_database_and_broker_come_back_on_their_ports(
    data: Path, waiting: subprocess.Popen[str]
) -> None:
    before = (data / "state.json").read_text()
    pids = {name: pid_of(data, name) for name in ("database", "broker")}

    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)

    def back(name: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return pid_of(data, name) != pids[name]
        return False

    until(lambda: back("database") and back("broker"))
    until(lambda: answers(data, "postgres_port") and answers(data, "broker_port"))
    assert (data / "state.json").read_text() == before


def answers(data: Path, port: str) -> bool:
    number = json.loads((data / "state.json").read_text())[port]
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", number), timeout=1):
        return True
    return False


def test_a_second_start_in_the_same_folder_is_refused(data: Path, waiting: subprocess.Popen[str]) -> None:
    code, _, err = finish(supervise("run", "--data", str(data), "--web-port", "65000"))

    assert code == 2
    assert f"already running with the data in {data}" in err
    assert str(waiting.pid) in err
    assert "make stop" in err
    assert "Traceback" not in err


def test_stop_ends_everything(data: Path, waiting: subprocess.Popen[str]) -> None:
    pids = [pid_of(data, name) for name in ("supervisor", "database", "broker")]

    code, out, _ = finish(supervise("stop", "--data", str(data)))

    assert (code, out) == (0, "Stopped.\n")
    assert not any(alive(pid) for pid in pids)
    assert list((data / "run").glob("*.json")) == []


def test_after_kill_nine_of_the_supervisor_the_next_start_works(
    data: Path, waiting: subprocess.Popen[str]
) -> None:
    pids = [pid_of(data, name) for name in ("database", "broker")]
    command = psutil.Process(waiting.pid).children()[-1]
    waiting.kill()
    waiting.wait(10)

    code, _, err = finish(supervise("exec", "--data", str(data), "--", "true"))

    assert code == 0, err
    assert not any(alive(pid) for pid in pids)
    with contextlib.suppress(psutil.NoSuchProcess):
        command.kill()


def test_orphans_on_record_are_stopped_with_all_they_started(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    grandchild = (
        "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, processes.TAG: str(tmp_path)}
    orphan = subprocess.Popen([sys.executable, "-c", grandchild], env=env,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert orphan.stdout is not None
    grandchild_pid = int(orphan.stdout.readline())
    processes.record(tmp_path, part("worker", ""), orphan.pid)
    said: list[str] = []

    stop_orphans(tmp_path, say=said.append)

    assert orphan.wait(5) == -signal.SIGTERM
    until(lambda: not alive(grandchild_pid), seconds=5)
    assert said == [f"Stopping worker (pid {orphan.pid}), left behind by an earlier run."]
    assert list((tmp_path / "run").glob("*.json")) == []


def test_a_process_that_was_given_the_pid_of_a_dead_part_is_spared(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    stranger = subprocess.Popen(["sleep", "60"])
    processes.record(tmp_path, part("web", ""), stranger.pid)
    record = tmp_path / "run" / "web.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "created": 1.0}))

    stop_orphans(tmp_path, say=lambda text: None)

    assert alive(stranger.pid)
    stranger.kill()
    stranger.wait()


def test_a_part_that_keeps_stopping_is_given_up_with_its_last_words(watch: Watch) -> None:
    watch.start(part("web", "print('cannot read the moon'); raise SystemExit(3)"))

    with pytest.raises(
        SetupError, match=r"web keeps stopping \(5 times in a row\)(.|\n)*cannot read the moon"
    ):
        watch.forever()


def test_a_full_disk_is_named_when_a_part_fails_for_it(watch: Watch) -> None:
    spec = part("migrate", "raise SystemExit('write failed: No space left on device')", once=True)

    with pytest.raises(SetupError, match=r"migrate failed.*the disk is full(.|\n)*Mend: free some space"):
        watch.run_once(spec)


def test_parts_stop_in_order_and_take_their_children_along(watch: Watch, tmp_path: Path) -> None:
    tell = "import signal, subprocess, sys, time\n" \
           "child = subprocess.Popen(['sleep', '60'])\n" \
           "def stop(*_): open({path!r}, 'a').write({name!r} + '\\n'); sys.exit()\n" \
           "signal.signal(signal.SIGTERM, stop); print(child.pid, flush=True)\n" \
           "while True: time.sleep(0.05)  # one long sleep can begin just after the signal"  # fmt: skip
    path = str(tmp_path / "order")
    children = [watch.start(part(name, tell.format(path=path, name=name), stage=stage))
                for stage, name in enumerate(("database", "worker", "web"))]  # fmt: skip
    end = time.monotonic() + 10
    watch.watch_other(lambda: all(child.tail for child in children) or time.monotonic() > end)
    grandchildren = [int(child.tail[0]) for child in children]

    watch.stop_all()

    assert Path(path).read_text().split() == ["web", "worker", "database"]
    until(lambda: not any(alive(pid) for pid in grandchildren), seconds=5)


def test_every_line_carries_the_name_of_its_part_and_no_colour_in_a_file(
    watch: Watch, tmp_path: Path
) -> None:
    watch.run_once(part("migrate", "print('one'); print('two')", once=True))

    assert (tmp_path / "log").read_text() == "migrate  | one\nmigrate  | two\n"


def test_a_taken_port_is_said_with_its_holder_and_the_mend(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = finish(supervise("run", "--data", str(data), "--web-port", str(port)))

    assert code == 2
    assert re.search(rf"Port {port} is taken by \S+ \(pid {os.getpid()}\)", err)
    assert f"make run PORT={port + 1}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("port", ["99999", "0", "abc", "", "²"])
def test_what_is_no_port_is_said_in_words(data: Path, port: str) -> None:
    code, _, err = finish(supervise("run", "--data", str(data), "--web-port", port))

    assert code == 2
    assert f"PORT={port} is not a port" in err
    assert "Traceback" not in err


def test_a_nearly_full_disk_is_said_before_anything_starts(data: Path) -> None:
    code, _, err = finish(supervise("run", "--data", str(data), "--min-free-gb", "10000000"))

    assert code == 2
    assert "nearly full" in err
    assert not (data / "postgres").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, _, err = finish(supervise("run", "--data", str(tmp_path / "file" / "var")))

    assert code == 2
    assert "Cannot write in the folder" in err
    assert "make run DATA=" in err


def test_a_database_that_cannot_start_is_said_with_its_last_words(data: Path) -> None:
    finish(supervise("exec", "--data", str(data), "--", "true"))
    (data / "postgres" / "global" / "pg_control").write_bytes(b"")

    code, _, err = finish(supervise("exec", "--data", str(data), "--", "true"))

    assert code == 2
    assert "database keeps stopping" in err
    assert "pg_control" in err


def test_an_old_python_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 2, "final", 0))

    with pytest.raises(SetupError, match=r"Python 3\.10\.2; Whetstone needs 3.11"):
        check_python()
