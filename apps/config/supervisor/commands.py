"""What `python -m apps.config.supervisor run | stack | exec | stop` do."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil

from apps.config.demo import project as demo
from apps.config.embedded import SetupError, postgres, state
from apps.config.supervisor import checks, parts
from apps.config.supervisor.orphans import stop_orphans
from apps.config.supervisor.output import Output
from apps.config.supervisor.processes import record_path, records, wait_gone
from apps.config.supervisor.watch import StopAsked, Watch


def run(options: Namespace) -> int:
    """Everything on one machine, until Ctrl-C."""
    output = Output(sys.stdout, os.environ)
    began = time.monotonic()
    if "DATABASE_URL" in os.environ:
        output.say("DATABASE_URL is ignored: this command starts a database of its own (docs/running.md).")
    with supervised(options, output, port=options.web_port) as watch:
        url = start_all(watch, options, port=options.web_port)
        output.say(f"Ready after {time.monotonic() - began:.1f} s: {url}")
        for line in sign_ins(options.data):
            output.say(line)
        output.say("Ctrl-C stops everything; the next `make run` continues where it was.")
        watch.forever()
    return 0


def stack(options: Namespace) -> int:
    """Like `run`, on free ports; one JSON line on stdout when ready. For tests, demo and measurements."""
    output = Output(sys.stderr, os.environ)
    with supervised(options, output, port=options.web_port or None) as watch:
        port = options.web_port or state.free_port(rng=Random(), but=set())
        url = start_all(watch, options, port=port)
        env = parts.app_environment(options.data, os.environ, private=True)
        ready = {"url": url, "pids": {row["name"]: row["pid"] for row in records(options.data)},
                 "database_url": env["DATABASE_URL"], "broker_url": env["BROKER_URL"]}  # fmt: skip
        print(json.dumps(ready), flush=True)
        watch.forever()
    return 0


def execute(options: Namespace) -> int:
    """Runs one command beside the two servers, and passes on its exit code."""
    output = Output(sys.stderr, os.environ)
    with supervised(options, output, port=None) as watch:
        start_servers(watch, options)
        env = parts.app_environment(options.data, os.environ, private=True)
        command = subprocess.Popen(options.command, env=env)
        try:
            watch.watch_other(lambda: command.poll() is not None)
        except StopAsked:
            _end(command)
        except SetupError:
            _end(command)
            raise
        code = command.returncode
        return 128 - code if code < 0 else code


def stop(options: Namespace) -> int:
    row = checks.running(options.data)
    if row is None:
        print(f"Nothing is running with the data in {options.data}.")
        return 0
    if "pid" not in row:
        raise SetupError(f"Something is just starting in {options.data}.", "try again in a few seconds.")
    pid = int(str(row["pid"]))
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end between our look and our signal
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        if not wait_gone(process, seconds=60):
            raise SetupError(
                f"The supervisor (pid {pid}) did not stop within 60 s.", f"kill -9 {pid}, `make run`."
            )
    print("Stopped.")
    return 0


@contextlib.contextmanager
def supervised(options: Namespace, output: Output, *, port: int | None) -> Iterator[Watch]:
    """Checks, cleans up after earlier runs, and stops everything in order however the block ends."""
    checks.check_python()
    checks.check_folder(options.data)
    checks.check_disk(options.data, needed_gb=options.min_free_gb)
    with checks.only_one(options.data):
        stop_orphans(options.data, say=output.say)
        if port is not None:
            checks.check_port(port)
        _introduce(options.data, url=f"http://127.0.0.1:{port}/" if port else None)
        _discard(options.data, throwaway=options.throwaway)
        watch = Watch(data_dir=options.data, output=output)
        try:
            yield watch
        except StopAsked:
            output.say("Stopping.")
        finally:
            watch.stop_all()
            if options.throwaway:
                shutil.rmtree(options.data / "postgres", ignore_errors=True)


def _discard(data_dir: Path, *, throwaway: bool) -> None:
    """Deletes a database only if it was made to be thrown away."""
    folder = data_dir / "postgres"
    if state.read_state(data_dir).get("throwaway"):
        shutil.rmtree(folder, ignore_errors=True)
    elif throwaway and folder.exists():
        raise SetupError(
            f"{folder} holds a database that is to be kept; --throwaway would delete it.",
            "name another folder with --data.",
        )
    unseeded = {} if folder.exists() else {"demo": False, "seeded": False}
    state.write_state(data_dir, {"throwaway": throwaway, **unseeded})


def start_servers(watch: Watch, options: Namespace) -> None:
    _remember_store(options.data)
    servers = parts.prepare_servers(
        options.data, throwaway=options.throwaway, rng=Random(), say=watch.output.say
    )  # fmt: skip
    for spec in servers.specs():
        watch.start(spec)
    watch.wait_until(servers.database.answers, name="database", seconds=120)  # it may replay its log first
    watch.wait_until(servers.broker.answers, name="broker", seconds=20)


def start_all(watch: Watch, options: Namespace, *, port: int) -> str:
    data_dir: Path = options.data
    start_servers(watch, options)
    private = options.verb == "stack"
    env = parts.app_environment(data_dir, os.environ, private=private)
    watch.run_once(parts.manage("migrate", "migrate", "--noinput", "--verbosity", "0", env=env))
    seeding = options.seed and _is_to_be_seeded(data_dir)
    # read again: the sign-in page shows the demo's people from the start
    env = parts.app_environment(data_dir, os.environ, private=private)
    for spec in (*parts.celery(data_dir, env=env), parts.web(port, env=env)):
        watch.start(spec)
    url = f"http://127.0.0.1:{port}/"
    watch.wait_until(lambda: _page_answers(f"{url}healthz"), name="web", seconds=60)
    _introduce(data_dir, url=url)
    if seeding:
        watch.output.say(
            f"{url} answers already; the demo is being made, its first model trained (half a minute)."
        )
        watch.run_once(parts.manage("seed", "seed_demo", "--if-empty", env=env))
        state.write_state(data_dir, {"seeded": True})
    return url


def _is_to_be_seeded(data_dir: Path) -> bool:
    """Whether a demo is to be made here, or one that was cut off goes on; other projects are left alone."""
    known = state.read_state(data_dir)
    if known.get("seeded"):
        return False
    if not known.get("demo") and postgres.has_projects(data_dir, but=demo.SLUG):
        return False
    state.write_state(data_dir, {"demo": True})
    return True


def sign_ins(data_dir: Path) -> list[str]:
    if not state.read_state(data_dir).get("demo"):
        return []
    return [f"  sign in as {role:<7} {name} / {demo.PASSWORD}" for name, role in demo.PEOPLE.items()]


def _remember_store(data_dir: Path) -> None:
    """A data folder of one's own gets a store of its own."""
    if data_dir != parts.ROOT / "var":
        state.write_state(data_dir, {"store_url": str(data_dir / "models_store")})


def _introduce(data_dir: Path, *, url: str | None) -> None:
    process = psutil.Process()
    row = {
        "name": "supervisor", "stage": -1, "pid": process.pid, "created": process.create_time(),
        "executable": process.exe(), "stop_signal": int(signal.SIGTERM), "grace": 30.0, "url": url,
    }  # fmt: skip
    state.replace_file(record_path(data_dir, "supervisor"), json.dumps(row) + "\n")


def _page_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _end(command: subprocess.Popen[bytes]) -> None:
    """Ctrl-C reaches the command by itself; SIGTERM has to be passed on."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        command.wait(1)
        return
    command.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        command.wait(10)
        return
    command.kill()
    command.wait()


COMMANDS: dict[str, Callable[[Namespace], int]] = {"run": run, "stack": stack, "exec": execute, "stop": stop}
