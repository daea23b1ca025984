"""The watch over all children: passes their output on, restarts what crashed, stops all in order."""

from __future__ import annotations

import re
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from types import FrameType

from apps.config.embedded import SetupError
from apps.config.supervisor.output import Output
from apps.config.supervisor.processes import Child, Spec, forget, spawn

TICK = 0.1
STEADY = 30.0  # a part that lived this long starts its count of crashes anew
CRASHES = 4
DISK_FULL = re.compile(r"No space left on device|Errno 28")
DELAYS = (0.2, 0.5, 1.0, 2.0)
KNOWN = {  # what a part's last lines mean to the person who started it, and the mend
    DISK_FULL.pattern: ("the disk is full", "free some space, then `make run` again."),
    r"Read-only file system|Errno 30": (
        "its folder is read-only",
        "make it writable, then `make run` again.",
    ),
    r"could not (resize shared|map anonymous shared) memory|Cannot allocate memory": (
        "the machine is out of memory",
        "end other programs, or give a container more shared memory (--shm-size=512m).",
    ),
    r"[Aa]ddress already in use": (
        "its port was taken meanwhile",
        "`make run PORT=8001`, or end the other program.",
    ),
}


class StopAsked(Exception):
    """Ctrl-C, SIGTERM, or the terminal went away."""


class Watch:
    def __init__(
        self, *, data_dir: Path, output: Output, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.data_dir = data_dir
        self.output = output
        self.clock = clock
        self.children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._crashes: dict[str, int] = {}
        self._due: dict[str, tuple[float, Spec]] = {}
        self._asked = 0
        self._quiet_until = 0.0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def start(self, spec: Spec) -> Child:
        child = spawn(spec, data_dir=self.data_dir, now=self.clock())
        self.children[spec.name] = child
        self._selector.register(child.popen.stdout, selectors.EVENT_READ, child)  # type: ignore[arg-type]
        return child

    def run_once(self, spec: Spec) -> list[str]:
        """Runs a part that ends by itself, such as the migrations, while the others are watched."""
        child = self.start(spec)
        while child.exit_code is None:
            self._step()
        self._drop(child)
        if child.exit_code:
            raise SetupError(
                f"{spec.name} failed (exit code {child.exit_code}).{_last_words(child)}", _mend(child)
            )
        return list(child.tail)

    def wait_until(self, ready: Callable[[], bool], *, name: str, seconds: float) -> None:
        end = self.clock() + seconds
        while not ready():
            self._step()
            if self.clock() > end:
                child = self.children.get(name)
                words = _last_words(child) if child else ""
                raise SetupError(
                    f"{name} did not answer within {seconds:.0f} s.{words}", "look at its lines above."
                )

    def forever(self) -> None:
        while True:
            self._step()

    def watch_other(self, ended: Callable[[], bool]) -> None:
        """Watches the children until a process that is not one of them has ended."""
        while not ended():
            self._step()

    def _step(self) -> None:
        """One turn: pass output on, restart what is due, notice what ended."""
        if self._asked or self.output.closed:
            raise StopAsked
        self._pass_on(TICK)
        for name, (due, spec) in list(self._due.items()):
            if self.clock() >= due:
                del self._due[name]
                self.start(spec)
        for child in list(self.children.values()):
            if child.exit_code is not None and not child.spec.once:
                self._crashed(child)

    def _pass_on(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            child: Child = key.data
            self._drain(child)
            if child.exit_code is not None:
                self._unregister(child)  # at its end a pipe is readable for ever

    def _drain(self, child: Child) -> None:
        for text in child.read_lines():
            self.output.line(child.spec.name, text)
            if DISK_FULL.search(text) and self.clock() > self._quiet_until:
                self._quiet_until = self.clock() + 60
                self.output.say(f"The disk is full. Free some space; {self.data_dir} needs nothing else.")

    def _unregister(self, child: Child) -> None:
        if child.popen.stdout in {key.fileobj for key in self._selector.get_map().values()}:
            self._selector.unregister(child.popen.stdout)

    def _drop(self, child: Child) -> None:
        self._drain(child)
        self._unregister(child)
        child.kill_group()
        assert child.popen.stdout is not None
        child.popen.stdout.close()
        self.children.pop(child.spec.name, None)
        forget(self.data_dir, child.spec.name)

    def _crashed(self, child: Child) -> None:
        name, lived = child.spec.name, self.clock() - child.started
        self._drop(child)
        crashes = self._crashes[name] = 1 if lived > STEADY else self._crashes.get(name, 0) + 1
        if crashes > CRASHES:
            raise SetupError(
                f"{name} keeps stopping ({crashes} times in a row).{_last_words(child)}", _mend(child)
            )
        delay = DELAYS[min(crashes, len(DELAYS)) - 1]
        self.output.say(f"{name} stopped ({_how(child)}); starting it again in {delay:.1f} s.")
        self._due[name] = (self.clock() + delay, child.spec)

    def stop_all(self) -> None:
        """Web, then beat, workers, broker, database: each stage waits for the one before."""
        self._due.clear()
        asked = self._asked
        by_stage = sorted(self.children.values(), key=lambda child: -child.spec.stage)
        for _, stage in groupby(by_stage, key=lambda child: child.spec.stage):
            self._stop_stage(list(stage), asked=asked)

    def _stop_stage(self, stage: Sequence[Child], *, asked: int) -> None:
        for child in stage:
            child.signal(child.spec.stop_signal)
        end = self.clock() + max(child.spec.grace for child in stage)
        # asked once more: whoever presses Ctrl-C twice does not want to wait
        while any(child.exit_code is None for child in stage) and self.clock() < end and self._asked <= asked:
            self._pass_on(TICK)
        for child in stage:
            if child.exit_code is None:
                # killing PostgreSQL's parent outright would leave its processes behind
                child.signal(signal.SIGQUIT if child.spec.name == "database" else signal.SIGKILL)
                child.popen.wait()
            self._drop(child)


def _how(child: Child) -> str:
    code = child.exit_code or 0
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _last_words(child: Child) -> str:
    known = _known(child)
    if known:
        return f" It says that {known[0]}."
    return (
        "".join(f"\n    {line}" for line in ["  Its last lines:", *list(child.tail)[-8:]])
        if child.tail
        else ""
    )


def _mend(child: Child) -> str:
    known = _known(child)
    return known[1] if known else "look at these lines and at `make doctor`, then `make run` again."


def _known(child: Child) -> tuple[str, str] | None:
    text = "\n".join(child.tail)
    return next((meaning for pattern, meaning in KNOWN.items() if re.search(pattern, text)), None)
