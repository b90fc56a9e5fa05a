"""The recorder: follows the journal and puts what it says into the database, once and in order.

A batch of facts, its projections and the new position in the journal are one transaction, so a recorder that dies goes on exactly
where it was. The database away: it waits, the journal keeps everything. After commit it says NOTIFY facts '<seq>', and
{"seq": ...} to the Channels group "feed"; who hears neither asks for what is missing.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from ccenter.acd.facts import AnyFact, Fact
from ccenter.calls import callbacks
from ccenter.calls.alarms import raise_alarm
from ccenter.calls.journal import Position, Tail
from ccenter.calls.models import Fact as FactRow
from ccenter.calls.models import RecorderPosition
from ccenter.calls.projections import Book, fold
from ccenter.calls.projections.book import moment

log = logging.getLogger(__name__)

MOST = 500  # facts a batch
AWAY = (OperationalError, InterfaceError)

_raw = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def parse(line: bytes) -> tuple[dict[str, Any], Fact | None, str]:
    """The row of a fact, the fact, and what is wrong with it. Raises msgspec.DecodeError and KeyError for what has no seq."""
    data = _raw(line)
    if b"\\u0000" in line:  # PostgreSQL's text cannot hold it
        data = _without_nul(data)
    data["at"] = round(float(data["at"]), 6)  # what the database keeps of it: a rebuild must find the same
    fact, error = None, ""
    try:
        fact = msgspec.convert(data, AnyFact)
    except msgspec.ValidationError as problem:
        error = str(problem)
    row = {
        "seq": int(data.pop("seq")),
        "at": moment(data.pop("at")),
        "type": str(data.pop("type", "")),
        "call": _text(data, "call"),
        "agent": _text(data, "agent"),
        "queue": _text(data, "queue"),
        "data": data,
    }
    return row, fact, error


def _text(data: dict[str, Any], name: str) -> str:
    return data.pop(name) if isinstance(data.get(name), str) else ""


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_nul(k): _without_nul(v) for k, v in value.items()}
    return [_without_nul(v) for v in value] if isinstance(value, list) else value


def restore(row: FactRow) -> Fact:
    """The fact a row was made of. Raises msgspec.ValidationError for a poison row."""
    columns = {
        "type": row.type,
        "seq": row.seq,
        "at": row.at.timestamp(),
        "call": row.call,
        "agent": row.agent,
        "queue": row.queue,
    }
    return msgspec.convert({**row.data, **columns}, AnyFact)  # type: ignore[no-any-return]


class Recorder:
    """One recorder. `step` does one batch; `run` goes on until told to stop."""

    def __init__(self, folder: Path, publish: Callable[[int, list[str]], None] = lambda seq, recordings: None) -> None:
        """`publish` is called after each commit with the last seq and the recordings that are done; it must not block."""
        self.folder = folder
        self.publish = publish
        self.tail: Tail | None = None
        self.seq = 0
        self.recorded = 0  # facts since this recorder began
        self._damaged = 0

    def step(self) -> int:
        """Takes one batch from the journal to the database; how many facts were new. Raises DatabaseError, OSError."""
        tail = self.tail or self._enter()
        before = tail.position
        try:
            lines = tail.read(MOST)
            if tail.position == before:
                return 0
            return self._store(tail, before, lines)
        except BaseException:
            self.tail = None  # whatever was done, the database knows how far it got
            tail.close()
            raise

    def _enter(self) -> Tail:
        with transaction.atomic():
            row, _new = RecorderPosition.objects.get_or_create(id=1)
            self.tail = Tail(self.folder, Position(row.segment, row.offset))
            self.seq = row.seq
            if self.tail.shrunk():
                text = f"{row.segment}:{row.offset} was read, but is not there any more: beginning again with what there is"
                raise_alarm("journal", "shrunk", text)
                self.tail = Tail(self.folder, Position())
        return self.tail

    def _store(self, tail: Tail, before: Position, lines: list[bytes]) -> int:
        parsed = []
        for line in lines:
            try:
                parsed.append(parse(line))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                tail.damaged += 1
                log.error("not a fact: %r: %s", line[:200], error)
        fresh = [p for p in parsed if p[0]["seq"] > self.seq]
        with transaction.atomic():
            if not self._still_ours(before):
                self.tail = None  # another recorder was here
                return 0
            if len(fresh) < len(parsed):
                text = f"facts up to {self.seq} are on record, yet the journal tells {parsed[0][0]['seq']} anew: passed over"
                raise_alarm("journal", "repeated", text)
            if tail.damaged > self._damaged:
                self._damaged = tail.damaged
                raise_alarm("journal", "damaged", f"{tail.damaged} lines cannot be read, the last before {tail.position}")
            book = self._fold(fresh)
            last = fresh[-1][0] if fresh else None
            seq = last["seq"] if last else self.seq
            self._move(tail.position, seq, last["at"] if last else None)
        self.seq = seq
        self.recorded += len(fresh)
        self.publish(seq, book.recorded)
        return len(fresh)

    def _still_ours(self, before: Position) -> bool:
        """Takes the position's row for this transaction: two recorders never write the same."""
        row = RecorderPosition.objects.select_for_update().filter(id=1).first()
        ours = row is not None and row.seq == self.seq
        return ours and (before == Position() or before == Position(row.segment, row.offset))

    def _move(self, position: Position, seq: int, at: Any) -> None:
        changes = {"segment": position.segment, "offset": position.offset, "seq": seq}
        if at is not None:
            changes["at"] = at
        RecorderPosition.objects.filter(id=1).update(**changes)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('facts', %s)", [str(seq)])

    def _fold(self, fresh: list[tuple[dict[str, Any], Fact | None, str]]) -> Book:
        """Stores and folds facts. What the database refuses is found by doing them one at a time."""
        try:
            with transaction.atomic():
                return store(fresh)
        except AWAY:
            raise
        except DatabaseError:
            log.exception("a batch of %d facts was refused: one at a time now", len(fresh))
        whole = Book()
        for one in fresh:
            try:
                with transaction.atomic():
                    book = store([one])
                whole.recorded += book.recorded
            except AWAY:
                raise
            except DatabaseError as error:
                row = one[0]
                raise_alarm("projection", row["type"], f"fact {row['seq']}: {error}"[:500], row["at"])
                with suppress(DatabaseError), transaction.atomic():
                    insert([row])
        return whole


def store(batch: list[tuple[dict[str, Any], Fact | None, str]]) -> Book:
    """Inserts facts and folds them, in the caller's transaction. Raises DatabaseError."""
    insert([row for row, _, _ in batch])
    book = fold([fact for _, fact, _ in batch if fact is not None])
    for row, fact, error in batch:
        if fact is None:
            book.alarm("projection", row["type"], f"fact {row['seq']}: {error}", row["at"].timestamp())
    for alarm in book.alarms:
        raise_alarm(*alarm)
    for promise in book.promised:
        callbacks.promised(promise)
    return book


def insert(rows: list[dict[str, Any]]) -> None:
    """Inserts rows of facts that are not there yet."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO calls_fact (seq, at, type, call, agent, queue, data) SELECT seq, at, type, call, agent, queue, data "
            "FROM jsonb_populate_recordset(NULL::calls_fact, %s::jsonb) ON CONFLICT (seq) DO NOTHING",
            [_encode(rows).decode()],
        )
