"""PostgreSQL and Valkey for one machine, from Python packages: no root, no Docker, nothing to configure.

Their binaries run as foreground children of `apps.config.supervisor`. The packages' own handles are not
used, because those leave servers behind when their owner is killed.
"""

from apps.config.embedded.errors import SetupError
from apps.config.embedded.state import environment

__all__ = ["SetupError", "environment"]
