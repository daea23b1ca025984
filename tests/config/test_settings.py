"""Settings as they come out of the environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

from apps.config.supervisor.parts import ROOT

SERVERS = {
    "SECRET_KEY": "k" * 50,
    "DATABASE_URL": "postgres://a:b@127.0.0.1/c",
    "BROKER_URL": "redis://127.0.0.1",
}
SECURE = ("SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")


def settings(**environ: str) -> dict[str, Any]:
    program = (
        "import json; from apps.config import settings as s; "
        "print(json.dumps({n: v for n, v in vars(s).items() if n.isupper()}, default=str))"
    )
    bare = {"PATH": os.environ["PATH"], **SERVERS, **environ}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=bare, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_only_this_machine_is_served_unless_names_are_given() -> None:
    assert settings()["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]
    assert settings(ALLOWED_HOSTS="a.example,b.example")["ALLOWED_HOSTS"] == ["a.example", "b.example"]


def test_behind_tls_browsers_are_kept_to_it() -> None:
    plain, secure = settings(), settings(HTTPS="1")

    assert [plain[name] for name in SECURE] == [0, False, False, False]
    assert [secure[name] for name in SECURE] == [30 * 86_400, True, True, True]
    assert secure["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert settings(HTTPS="1", HSTS_SECONDS="0")["SECURE_HSTS_SECONDS"] == 0


def test_every_setting_that_is_read_is_told_of() -> None:
    source = "".join(
        (ROOT / "apps" / "config" / name).read_text() for name in ("settings.py", "environment.py")
    )
    told = (ROOT / "docs" / "running.md").read_text()

    read = set(re.findall(r'(?:read|flag|words)\("([A-Z_]+)"', source))

    assert len(read) > 10
    assert not {name for name in read if f"`{name}`" not in told}
