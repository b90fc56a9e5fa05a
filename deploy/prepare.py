"""The steps between the servers and the application: the database, its tables, the seed. Run by the supervisor.

`migrate` and `seed` cost seconds of Python, so each leaves a stamp of the sources it depends on and is skipped while
these are unchanged.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg2

from deploy.layout import REPO, write_private

APPS = ("ccenter", "crm", "orders", "reports")


def main(arguments: list[str]) -> None:
    """`migrate`, or `seed N` with the number of desk-phone seats."""
    state = Path(os.environ["CC_STATE"])
    if arguments[0] == "migrate":
        migrate(state)
    else:
        seed(state, int(arguments[1]))


def migrate(state: Path) -> None:
    """Makes the database when it is missing, and its tables when a migration is new."""
    server, _, name = os.environ["DATABASE_URL"].rpartition("/")
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        fresh = cursor.fetchone() is None
        if fresh:
            cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    stamp = _stamp("migrations")
    if fresh or _read(state / "migrated") != stamp:
        _manage("migrate", "--no-input")
        (state / "migrated").write_text(stamp)


def seed(state: Path, agents: int) -> None:
    """Demo data and `agents` seats; what the command says of logins and numbers is kept in STATE/seed.json (0600)."""
    stamp = f"{agents} {_stamp('migrations', 'commands', 'seed', 'demo')}"
    if (state / "seed.json").exists() and _read(state / "seeded") == stamp:
        return
    said = json.loads(_manage("seed", "--agents", str(agents), "--json").splitlines()[-1])
    write_private(state / "seed.json", json.dumps(said, ensure_ascii=False))
    (state / "seeded").write_text(stamp)


def _stamp(*names: str) -> str:
    """A digest of the requirements and of all sources in a folder, or with a name, that is one of `names`."""
    digest = hashlib.sha256((REPO / "requirements.txt").read_bytes())
    for path in sorted(path for app in APPS for path in (REPO / app).rglob("*.py")):
        if path.stem in names or any(folder.name in names for folder in path.parents):
            digest.update(str(path.relative_to(REPO)).encode() + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _manage(*arguments: str) -> str:
    command = [sys.executable, str(REPO / "manage.py"), *arguments]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=REPO)
    if done.returncode != 0:
        sys.exit(done.returncode)  # its own last words are in the log already
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
