"""The command line: parse, run, answer with lines and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from workers.learner.contract import LearnerError, read_fit_spec, read_predict_spec
from workers.learner.lines import Lines, claim_stdout
from workers.learner.outputs import finished_report
from workers.learner.watch import Watch, die_with_parent

# Must stand before CUDA starts: without a fixed workspace cuBLAS does not repeat itself.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def run_fit(path: Path, lines: Lines, watch: Watch) -> None:
    """Fit the spec's model; a run that was finished before is answered with its report."""
    spec = read_fit_spec(path)
    report = finished_report(spec.out, spec.digest)
    if report is not None:
        lines.say("report", path=str(report), again=True)
        return
    # torch takes a second to import: only now do we know that it is needed
    from workers.learner.fit import fit

    fit(spec=spec, lines=lines, watch=watch)


def run_predict(path: Path, lines: Lines, watch: Watch) -> None:
    """Apply the spec's model to the spec's rows."""
    spec = read_predict_spec(path)
    from workers.learner.predict import predict

    predict(spec=spec, lines=lines, watch=watch)


COMMANDS = {"fit": run_fit, "predict": run_predict}


def main(arguments: list[str]) -> int:
    """Parse the arguments and run the command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers.learner", description="Fit or apply a model.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("spec", type=Path, help="the spec as a JSON file")
    parser.add_argument("--parent-pipe", action="store_true", help="end when stdin reaches its end")
    options = parser.parse_args(arguments)
    lines = claim_stdout(speaks=os.environ.get("RANK", "0") == "0")
    watch = Watch(time.monotonic)
    watch.listen()
    if options.parent_pipe:
        die_with_parent()
    return run(options.command, options.spec.absolute(), lines, watch)


def run(command: str, spec: Path, lines: Lines, watch: Watch) -> int:
    """Run one command; an error is one line and a status: 2 bad input, 3 budget spent, 143 cancelled, 1 crash."""
    try:
        COMMANDS[command](spec, lines, watch)
    except LearnerError as error:
        lines.say("error", code=error.code, message=str(error))
        return error.exit_status
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        lines.say("error", code="crash", message=f"The learner crashed: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
