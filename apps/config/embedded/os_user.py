"""PostgreSQL refuses to run as root; then it runs as an OS user of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from apps.config.embedded.errors import SetupError

NAME = "pgserver"


def database_user() -> str | None:
    """None for an ordinary user, who runs the database directly; as root, the OS user made for it."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        _create()
    return NAME


def _create() -> None:
    commands = {
        "useradd": ["--system", "--no-create-home", "--shell", "/bin/false", NAME],
        "adduser": ["--system", "--no-create-home", "--disabled-password", "--shell", "/bin/false", NAME],
    }
    for program, arguments in commands.items():
        if shutil.which(program):
            subprocess.run([program, *arguments], capture_output=True, check=False)
            break
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        raise SetupError(
            f"PostgreSQL refuses to run as root, and the OS user {NAME!r} for it could not be created.",
            f"create a system user named {NAME}, or run as an ordinary user.",
        ) from None


def process_options(user: str | None) -> dict[str, object]:
    """What `subprocess` needs to start a process as this user."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def give(path: Path, user: str | None) -> None:
    """Makes the user the owner of one file or folder."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def open_way(path: Path, *, say: Callable[[str], None]) -> None:
    """Lets other users pass through (not read) the folders above, as little as the database user needs."""
    opened = []
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
            opened.append(str(folder))
    if opened:
        say(f"Made passable (o+x, not readable) for the database user {NAME}: {', '.join(opened)}")


def open_tree(folder: Path) -> None:
    """Lets other users read and run the installed PostgreSQL, where a strict umask did not."""
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode & wanted != wanted:
            path.chmod(stat.S_IMODE(mode) | wanted)
