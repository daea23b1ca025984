"""The command line of the supervisor."""

from __future__ import annotations

import argparse
import errno
import sys
from pathlib import Path

from apps.config.embedded import SetupError
from apps.config.supervisor.checks import port_number
from apps.config.supervisor.commands import COMMANDS
from apps.config.supervisor.parts import ROOT


def main(arguments: list[str]) -> int:
    try:
        options = parse(arguments)
        return COMMANDS[options.verb](options)
    except SetupError as error:
        print(f"\nWhetstone: {error}", file=sys.stderr)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM}:
            raise
        where = error.filename or "the data folder"
        print(f"\nWhetstone: Cannot write {where}: {error.strerror}.\n  Mend: free space, or make the folder "
              "writable, then run again.", file=sys.stderr)  # fmt: skip
    return 2


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m apps.config.supervisor", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=lambda text: Path(text).resolve(), default=ROOT / "var",
                        help="folder of the database, secrets and records of this installation")  # fmt: skip
    common.add_argument("--min-free-gb", type=float, default=1.0, help="refuse to start with less free disk")
    common.add_argument(
        "--throwaway", action="store_true", help="a fresh, fast, unsafe database, deleted at the end"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", parents=[common], help="start everything, until Ctrl-C")
    run.add_argument("--web-port", type=port_number, default=8000)
    run.add_argument("--no-seed", dest="seed", action="store_false", help="start without the demo project")
    stack = verbs.add_parser(
        "stack", parents=[common], help="everything on free ports; JSON on stdout when ready"
    )
    stack.add_argument("--web-port", type=int, default=0, help="0 chooses a free one")
    stack.add_argument("--seed", action="store_true", help="with the demo project")
    execute = verbs.add_parser("exec", parents=[common], help="run one command beside database and broker")
    execute.add_argument("command", nargs="+", help="after --")
    verbs.add_parser("stop", parents=[common], help="stop what `run` started")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
