"""Where things are: the folders of a state, its ports and its passwords. Standard library only."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ccenter"
NODE = "ast1"
MAX_STATE_PATH = 80  # a Unix socket's path holds 107 bytes, and Asterisk's lies three folders down


class StackError(Exception):
    """Something the person who started the stack can mend; its text is one line that says what to do."""


@dataclass(frozen=True)
class Layout:
    """One stack: `state` is its folder (absolute), `base` the first of its 2,100 ports, `agents` its desk-phone seats."""

    state: Path
    base: int
    agents: int = 0

    @property
    def web_port(self) -> int:
        return self.base

    @property
    def postgres_port(self) -> int:
        return self.base + 1

    @property
    def valkey_port(self) -> int:
        return self.base + 2

    @property
    def sip_port(self) -> int:
        return self.base + 3

    @property
    def http_port(self) -> int:
        return self.base + 4

    @property
    def agi_port(self) -> int:
        return self.base + 5

    @property
    def ami_port(self) -> int:
        return self.base + 6

    @property
    def trunk_port(self) -> int:
        """Where calls over the local stack's trunk go out to; nothing of the stack listens there."""
        return self.base + 7

    @property
    def rtp_ports(self) -> tuple[int, int]:
        return self.base + 100, self.base + 2099

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def etc(self) -> Path:
        return self.state / "etc"

    @property
    def control(self) -> Path:
        return self.run / "control"

    @property
    def stack_json(self) -> Path:
        return self.state / "stack.json"

    @property
    def passwords(self) -> dict[str, str]:
        """Random passwords by name; made once, kept in secrets.json (mode 0600)."""
        path = self.state / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        names = ("django", "postgres", "valkey", "ari", "ami", "bench")
        if missing := [name for name in names if name not in known]:
            known |= {name: secrets.token_hex(24) for name in missing}
            write_private(path, json.dumps(known, indent=1))
        return known

    @property
    def server_url(self) -> str:
        """PostgreSQL itself: its maintenance database."""
        return f"postgresql://ccenter:{self.passwords['postgres']}@127.0.0.1:{self.postgres_port}/postgres"

    @property
    def database_url(self) -> str:
        return self.server_url.removesuffix("postgres") + "ccenter"

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.passwords['valkey']}@127.0.0.1:{self.valkey_port}/0"

    @property
    def ari_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def environment(self) -> dict[str, str]:
        """What every process of the stack finds in its environment."""
        passwords = self.passwords
        return {
            "CC_STATE": str(self.state),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CC_SECRET_KEY": passwords["django"],
            "CC_NODE": NODE,
            "CC_ARI_URL": self.ari_url,
            "CC_ARI_USER": "ccenter",
            "CC_ARI_PASSWORD": passwords["ari"],
            "CC_AMI_USER": "ccenter",
            "CC_AMI_PASSWORD": passwords["ami"],
            "CC_AGI_PORT": str(self.agi_port),
            "CC_WEB_PORT": str(self.web_port),
            "CC_SIP_PORT": str(self.sip_port),
            "CC_TRUNK_PORT": str(self.trunk_port),
            "CC_SIP_WS": f"ws://127.0.0.1:{self.http_port}/ws",
            "DJANGO_SETTINGS_MODULE": "ccenter.settings",
        }

    def make_folders(self) -> None:
        """Creates the folders of the state; all of it is for its owner alone."""
        if len(str(self.state)) > MAX_STATE_PATH:
            raise StackError(
                f"the state folder's path is longer than {MAX_STATE_PATH} characters: choose a shorter one with --state"
            )
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self.state.chmod(0o700)
            for name in ("run", "log", "etc", "data", "asterisk", "spool", "journal", "recordings", "media", "static"):
                (self.state / name).mkdir(exist_ok=True)
        except OSError as error:
            raise StackError(f"cannot write to {self.state}: {error.strerror}; choose another with --state") from None


def load(state: Path) -> Layout:
    """The layout `up` left in `state`. Raises StackError where no stack has been."""
    try:
        saved = json.loads((state / "run" / "layout.json").read_text())
    except FileNotFoundError:
        raise StackError(f"no stack in {state}: start one with `python -m deploy.stack up --state {state}`") from None
    return Layout(state, saved["base"], saved["agents"])


def save(layout: Layout) -> None:
    """Remembers base and agents for `load`."""
    write_private(layout.run / "layout.json", json.dumps({"base": layout.base, "agents": layout.agents}))


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path` in one step, readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)
