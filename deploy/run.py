"""The programs of the application, by name: `python -m deploy.run NAME` becomes one of them.

For systemd and containers; the local stack's supervisor starts the same commands.
"""

from __future__ import annotations

import os
import sys

from deploy.layout import REPO


def commands(web_port: str) -> dict[str, tuple[str, ...]]:
    """The command line of each program, with this Python."""
    python, manage = sys.executable, str(REPO / "manage.py")
    web = ("uvicorn", "ccenter.asgi:application", "--host", "127.0.0.1", "--port", web_port)
    quiet = ("--log-level", "warning", "--timeout-graceful-shutdown", "2")
    return {
        "agi": (python, str(REPO / "asterisk/agi/server.py")),
        "recorder": (python, manage, "recorder"),
        "cti": (python, manage, "cti"),
        "worker": (python, "-m", "deploy.celery_part", "worker"),
        "beat": (python, "-m", "deploy.celery_part", "beat"),
        "web": (python, "-m", *web, *quiet),
        "migrate": (python, manage, "migrate", "--no-input"),
    }


def main(arguments: list[str]) -> None:
    """Runs arguments[0] in place of this process."""
    known = commands(os.environ.get("CC_WEB_PORT", "8000"))
    if len(arguments) != 1 or arguments[0] not in known:
        sys.exit(f"usage: python -m deploy.run {'|'.join(known)}")
    os.chdir(REPO)
    command = known[arguments[0]]
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
