"""Who is refused, who is spoken to in which language, how many lines there are: kept in memory, no call waits for it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from pathlib import Path

import psycopg2

from ccenter.calls.numbers import normalise

log = logging.getLogger("gatekeeper")

REFRESH = 1.0  # seconds from a change to its effect
# Changes whenever a row comes, goes or is changed, and is cheap to ask for.
_FINGERPRINT = """SELECT b.*, n.*, t.* FROM
    (SELECT count(*), max(xmin::text::bigint), min(until) FROM calls_blacklistentry) b,
    (SELECT count(*), max(xmin::text::bigint) FROM calls_number) n,
    (SELECT count(*), max(xmin::text::bigint) FROM calls_trunk) t"""
_ENTRIES = "SELECT number, extract(epoch FROM until)::float8 FROM calls_blacklistentry WHERE active"
_LANGUAGES = "SELECT number, language FROM calls_number"
_LINES = "SELECT code, capacity FROM calls_trunk WHERE enabled"


class Known:
    """What a call is asked by. Its questions are for any thread; a thread of its own keeps the answers fresh.

    The last known ones lie in `memory` (a file), for a start while the database is away.
    """

    def __init__(self, database_url: str, memory: Path) -> None:
        self._url = database_url
        self._memory = memory
        self._until: dict[str, float | None] = {}
        self._languages: dict[str, str] = {}
        self._lines: dict[str, int] = {}
        self._connection: psycopg2.extensions.connection | None = None
        self._seen: object = None  # the fingerprint of what is loaded
        self._trouble = ""
        with contextlib.suppress(OSError, ValueError, KeyError):
            kept = json.loads(memory.read_text())
            self._until, self._languages, self._lines = kept["blacklist"], kept["languages"], kept.get("lines", {})

    def refuses(self, caller: str) -> bool:
        """Whether a call from `caller`, as the network sent it, is refused now."""
        if not self._until:
            return False
        number = normalise(caller).number
        if number not in self._until:
            return False
        until = self._until[number]
        return until is None or until > time.time()  # noqa: TID251

    def language(self, dnis: str) -> str:
        """The language of a called number, "" for one that nobody set up."""
        return self._languages.get(dnis, "")

    def is_full(self, trunk: str, lines: str) -> bool:
        """Whether a trunk has fewer lines than are in use, a new call's among them."""
        capacity = self._lines.get(trunk)
        return capacity is not None and lines.isdecimal() and int(lines) > capacity

    def start(self) -> None:
        """Loads the entries (at most 3 s), then keeps them fresh in the background."""
        normalise("13800138000")  # reads the tables of number plans once, before the first call
        self._refresh()
        threading.Thread(target=self._keep_fresh, daemon=True).start()

    def _keep_fresh(self) -> None:
        while True:
            time.sleep(REFRESH)
            self._refresh()

    def _refresh(self) -> None:
        """Reads the entries when they changed. Whatever stands in the way is logged once, and tried again next time."""
        trouble = ""
        try:
            if self._connection is None:
                self._connection = psycopg2.connect(self._url, connect_timeout=3, application_name="gatekeeper")
                self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute(_FINGERPRINT)
                fingerprint = cursor.fetchone()
                if fingerprint != self._seen:
                    cursor.execute(_ENTRIES)
                    self._until = dict(cursor.fetchall())
                    cursor.execute(_LANGUAGES)
                    self._languages = dict(cursor.fetchall())
                    cursor.execute(_LINES)
                    self._lines = dict(cursor.fetchall())
                    self._seen = fingerprint
                    self._remember()
        except (psycopg2.Error, OSError) as error:
            trouble = type(error).__name__
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        if trouble != self._trouble:
            log.warning("%s", f"the last known blacklist holds ({trouble})" if trouble else "the blacklist is fresh again")
            self._trouble = trouble

    def _remember(self) -> None:
        beside = self._memory.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"blacklist": self._until, "languages": self._languages, "lines": self._lines}, file)
        beside.replace(self._memory)
