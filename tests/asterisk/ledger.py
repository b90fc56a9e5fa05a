"""The record as the database has it, for what the REST interface does not count."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2

Row = tuple[Any, ...]
Undo = tuple[str, tuple[Any, ...]]

_CALLS = """SELECT call, count(*) FILTER (WHERE type = 'CallEnded'), max(data->>'outcome') FILTER (WHERE type = 'CallEnded')
            FROM calls_fact WHERE call IN (SELECT call FROM calls_fact WHERE seq > %s AND type = 'CallStarted') GROUP BY call"""


async def until(condition: Callable[[], Any], timeout: float, what: str) -> Any:
    """The condition's value once it is true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        await asyncio.sleep(0.02)
    return value


class Ledger:
    """What the record gained since this was made; and the configuration, changed for the time of a test."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self._url = stack["database_url"]
        self._gatekeeper = Path(stack["state"]) / "run" / "known.json"
        self._undo: list[Undo] = []
        self.connect()
        self.since: int = self.rows("SELECT coalesce(max(seq), 0) FROM calls_fact")[0][0]

    def connect(self) -> None:
        """Anew, after the database was away."""
        self._connection = psycopg2.connect(self._url)
        self._connection.autocommit = True

    def rows(self, statement: str, *values: Any) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def facts(self, kind: str, **where: str) -> list[Row]:
        """Data of the facts of a kind since then: (call, agent, data)."""
        extra = "".join(f" AND {name} = %s" for name in where)
        statement = f"SELECT call, agent, data FROM calls_fact WHERE seq > %s AND type = %s{extra} ORDER BY seq"
        return self.rows(statement, self.since, kind, *where.values())

    async def outcomes(self, calls: int, timeout: float = 20) -> Counter[str]:
        """How the calls since then ended, once all have; fails unless it is so many calls, with one end each."""

        def found() -> list[Row]:
            rows = self.rows(_CALLS, self.since)
            return rows if len(rows) >= calls and all(ends for _, ends, _ in rows) else []

        try:
            rows = await until(found, timeout, f"{calls} calls have ended")
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.rows(_CALLS, self.since)}") from None
        assert len(rows) == calls, f"{len(rows)} calls on record, {calls} were made: {rows}"
        assert all(ends == 1 for _, ends, _ in rows), rows
        return Counter(outcome for _, _, outcome in rows)

    async def asks(self, action: str, **params: Any) -> str:
        """A request of the office; the reason of its refusal, "" when done."""
        ident = str(uuid4())
        self.rows(
            "INSERT INTO calls_request (id, key, user_id, agent, action, params, created_at, state, reason, call) "
            "SELECT %s, '', min(id), '', %s, %s, now(), 'pending', '', '' FROM auth_user",
            ident, action, json.dumps(params),
        )  # fmt: skip
        self.rows("SELECT pg_notify('request', %s)", ident)
        answer = "SELECT reason FROM calls_request WHERE id = %s AND state <> 'pending'"
        ((reason,),) = await until(lambda: self.rows(answer, ident), 20, f"{action} is answered")
        return str(reason)

    async def all_written(self) -> None:
        """Wait till the record has whatever the core has heard: it is written in order, and this answer with it."""
        await self.asks("BarNumber", number="0", barred=False)

    async def configure(self, statement: str, *values: Any, undo: Undo) -> None:
        """Change the configuration, and wait till it is in force; `undo` puts it back when the test ends."""
        self._undo.insert(0, undo)
        await self._applied(statement, *values)

    async def restore(self) -> None:
        while self._undo:
            statement, values = self._undo.pop(0)
            await self._applied(statement, *values)

    async def _applied(self, statement: str, *values: Any) -> None:
        self.rows(statement, *values)
        await self.all_written()  # the core reads the configuration before what it is asked,
        await self.all_written()  # but may have been between the two
        ((lines,),) = self.rows("SELECT json_object_agg(code, capacity) FROM calls_trunk WHERE enabled")
        await until(lambda: json.loads(self._gatekeeper.read_text())["lines"] == lines, 20, "the gatekeeper has it")

    async def rings(self, queue: str, seconds: float) -> None:
        """Phones ring that long for callers of this queue."""
        change = "UPDATE calls_queue SET ring_seconds = %s WHERE code = %s"
        ((now,),) = self.rows("SELECT ring_seconds FROM calls_queue WHERE code = %s", queue)
        await self.configure(change, seconds, queue, undo=(change, (now, queue)))

    async def dials(self, seconds: float) -> None:
        """Targets of transfers, consultations and calls out ring that long."""
        change = "UPDATE calls_centresettings SET dial_seconds = %s"
        ((now,),) = self.rows("SELECT dial_seconds FROM calls_centresettings")
        await self.configure(change, seconds, undo=(change, (now,)))

    async def waits_for_lost_phones(self, seconds: float) -> None:
        """Browsers that are lost in mid-call are waited for that long."""
        change = "UPDATE calls_centresettings SET away_seconds = %s"
        ((now,),) = self.rows("SELECT away_seconds FROM calls_centresettings")
        await self.configure(change, seconds, undo=(change, (now,)))

    async def close(self) -> None:
        await self.restore()
        self._connection.close()
