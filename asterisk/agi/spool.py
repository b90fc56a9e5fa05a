"""Notes on the local disk for the time when the database is away: one JSON object a line, in STATE/spool.

`callbacks.jsonl`: callers we owe a call; on disk (fsync) when `keep` returns.
`refused.jsonl`: calls the gatekeeper refused; for the record only.
Each has an `id` (UUID). Who takes them in renames a file first and reads it later, and counts an id once.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path


def note(folder: Path, name: str, *, durable: bool, **what: str) -> str:
    """Appends one note to `folder`/`name`.jsonl and returns its id. Raises OSError when it isn't kept."""
    identity = str(uuid.uuid4())
    line = json.dumps({"id": identity, "at": round(time.time(), 3), **what}) + "\n"  # noqa: TID251
    path = folder / f"{name}.jsonl"
    while _append(path, line.encode(), durable) != _inode(path):
        pass  # the file was taken in between: whether with our line nobody knows, so once more; the id counts once
    return identity


def _append(path: Path, line: bytes, durable: bool) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        if durable:
            os.fsync(descriptor)
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
