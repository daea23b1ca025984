"""`make demo`: the whole loop, unattended, on a stack of its own; progress on stderr, one JSON line on stdout."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.config.demo.caller import Refused, Stalled
from apps.config.demo.simulate import ADMIN, PEOPLE, Outcome, simulate

ROOT = Path(__file__).resolve().parents[3]
SHOWN = 30  # lines of the stack's log that are shown when something goes wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.config.demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="of the data, the experts' slips, and mining")
    seed = parser.parse_args(arguments).seed
    signal.signal(signal.SIGTERM, _asked_to_stop)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="whetstone-demo-") as folder:
        log = Path(folder, "stack.log")
        try:
            outcome = _on_a_stack(Path(folder, "data"), log, seed=seed, began=began)
        except (Refused, Stalled) as error:
            _say(f"The loop did not close. {error}", began)
            print(_tail(log), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            _say("Stopped.", began)
            return 130
    print(json.dumps(_line(outcome, seconds=time.monotonic() - began)), flush=True)
    return 0 if outcome.rounds == 1 else 1


def _on_a_stack(data: Path, log: Path, *, seed: int, began: float) -> Outcome:
    def say(what: str) -> None:
        _say(what, began)

    say("starting database, broker, workers and web on a throw-away folder")
    with _stack(data, log) as ready:
        tokens = _sign_up(ready)
        outcome = simulate(url=ready["url"], tokens=tokens, seed=seed, say=say)
        say(f"dataset {outcome.dataset[:16]}, model {outcome.model[:16]}")
        say("stopping")
    return outcome


@contextlib.contextmanager
def _stack(data: Path, log: Path) -> Iterator[dict[str, Any]]:
    """The running stack's addresses; it is stopped however the block ends."""
    command = [sys.executable, "-m", "apps.config.supervisor", "stack", "--throwaway", "--data", str(data)]
    with log.open("wb") as errors:
        # in a session of its own: Ctrl-C reaches us alone, and we stop it in order
        stack = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        try:
            assert stack.stdout is not None
            ready = stack.stdout.readline()
            if not ready:
                raise Stalled("The servers did not start.")
            yield json.loads(ready)
        finally:
            stack.terminate()
            try:
                stack.wait(60)
            except subprocess.TimeoutExpired:
                stack.kill()
                raise


def _sign_up(ready: dict[str, Any]) -> dict[str, str]:
    """The people's tokens, made beside the stack's database."""
    env = {
        **os.environ,
        "DATABASE_URL": ready["database_url"],
        "BROKER_URL": ready["broker_url"],
        "SECRET_KEY": "signs nothing here",
        "DJANGO_SETTINGS_MODULE": "apps.config.settings",
    }
    people = json.dumps({name: name == ADMIN for name in PEOPLE})
    command = [sys.executable, "-m", "apps.config.demo.people"]
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=people, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Stalled(f"The people could not be made: {done.stderr[-2_000:]}")
    tokens: dict[str, str] = json.loads(done.stdout)
    return tokens


def _line(outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    return {
        "rounds": outcome.rounds,
        "labels": outcome.labels,
        "label_errors_planted": outcome.label_errors_planted,
        "label_errors_found": outcome.label_errors_found,
        "accuracy_before": outcome.accuracy_before,
        "accuracy_after": outcome.accuracy_after,
        "gate": outcome.gate,
        "promoted": outcome.promoted,
        "seconds": round(seconds, 1),
    }


def _say(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:5.1f} s  {what}", file=sys.stderr, flush=True)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN:]) if log.exists() else ""


def _asked_to_stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
