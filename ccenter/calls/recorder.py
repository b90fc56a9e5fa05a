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
from ccenter.calls.alarms import raise_alarm
from ccenter.calls.journal import Position, Tail
from ccenter.calls.models import Fact as FactRow
from ccenter.calls.models import RecorderPosition, WebPhone
from ccenter.calls.projections import Book, fold
from ccenter.calls.projections.book import moment

log = logging.getLogger(__name__)

MOST = 500  # facts a batch
AWAY = (OperationalError, InterfaceError)

Parsed = tuple[dict[str, Any], Fact | None, str]  # the row of a fact, the fact, and why it is none
_raw = msgspec.json.Decoder(dict[str, Any]).decode
_fact = msgspec.json.Decoder(AnyFact).decode
_encode = msgspec.json.Encoder().encode


def parse(line: bytes) -> Parsed:
    """A fact as the journal tells it. Raises ValueError, TypeError and KeyError for what has no seq and no time."""
    data = _raw(line)
    fact, error = None, ""
    try:
        if b"\\u0000" in line:  # PostgreSQL's text cannot hold it
            data = _without_nul(data)
            fact = msgspec.convert(data, AnyFact)
        else:
            fact = _fact(line)
    except msgspec.ValidationError as problem:
        error = str(problem)
    row = {
        "seq": int(data.pop("seq")),
        "at": moment(float(data.pop("at"))),
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
        self._book = Book()

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
            self._leave()
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

    def _leave(self) -> None:
        """Forgets where we are and what we know: the database knows how far it got."""
        if self.tail is not None:
            self.tail.close()
        self.tail, self._book = None, Book()

    def _store(self, tail: Tail, before: Position, lines: list[bytes]) -> int:
        parsed = self._parse(tail, lines)
        fresh = [one for one in parsed if one[0]["seq"] > self.seq]
        try:
            with transaction.atomic():
                if not self._still_ours(before):
                    self._leave()
                    return 0
                store(fresh, self._book)
                self._move(tail, parsed, fresh)
        except AWAY:
            raise
        except DatabaseError:
            log.exception("a batch of %d facts was refused: one at a time now", len(fresh))
            self._book = Book()
            with transaction.atomic():
                if not self._still_ours(before):
                    self._leave()
                    return 0
                for one in fresh:
                    self._book.recorded += _store_alone(one)
                self._move(tail, parsed, fresh)
        if fresh:
            self.seq = fresh[-1][0]["seq"]
        self.recorded += len(fresh)
        self.publish(self.seq, self._book.recorded)
        return len(fresh)

    def _parse(self, tail: Tail, lines: list[bytes]) -> list[Parsed]:
        parsed = []
        for line in lines:
            try:
                parsed.append(parse(line))
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                tail.damaged += 1
                log.error("not a fact: %r: %s", line[:200], error)
        return parsed

    def _still_ours(self, before: Position) -> bool:
        """Takes the position's row for this transaction: two recorders never write the same."""
        with connection.cursor() as cursor:
            cursor.execute('SELECT seq, segment, "offset" FROM calls_recorderposition WHERE id = 1 FOR UPDATE')
            seq, *position = cursor.fetchone() or (None,)
        return seq == self.seq and (before == Position() or before == Position(*position))

    def _move(self, tail: Tail, parsed: list[Parsed], fresh: list[Parsed]) -> None:
        """Puts on record how far we are, and what is wrong with the journal."""
        if len(fresh) < len(parsed):
            text = f"facts up to {self.seq} are on record, yet the journal tells {parsed[0][0]['seq']} anew: passed over"
            raise_alarm("journal", "repeated", text)
        if tail.damaged > self._damaged:
            self._damaged = tail.damaged
            raise_alarm("journal", "damaged", f"{tail.damaged} lines cannot be read, the last before {tail.position}")
        for error in tail.errors:
            raise_alarm("core", "raised", error)
        tail.errors.clear()
        seq, at = (fresh[-1][0]["seq"], fresh[-1][0]["at"]) if fresh else (self.seq, None)
        with connection.cursor() as cursor:
            cursor.execute(
                'UPDATE calls_recorderposition SET segment = %s, "offset" = %s, seq = %s, at = coalesce(%s, at) WHERE id = 1 '
                "RETURNING pg_notify('facts', seq::text)",
                [tail.position.segment, tail.position.offset, seq, at],
            )


def _store_alone(one: Parsed) -> list[str]:
    """Stores a fact that may be the one the database refuses; the recordings it ends. Raises what is in AWAY."""
    row = one[0]
    try:
        with transaction.atomic():
            return store([one], Book()).recorded
    except AWAY:
        raise
    except DatabaseError as error:
        raise_alarm("projection", row["type"], f"fact {row['seq']}: {error}"[:500], row["at"])
        with suppress(DatabaseError), transaction.atomic():
            insert([row])
        return []


def store(batch: list[Parsed], book: Book | None = None) -> Book:
    """Inserts facts and folds them, in the caller's transaction; `book` as for `fold`. Raises DatabaseError."""
    insert([row for row, _, _ in batch])
    book = fold([fact for _, fact, _ in batch if fact is not None], book)
    for row, fact, error in batch:
        if fact is None:
            book.alarm("projection", row["type"], f"fact {row['seq']}: {error}", row["at"].timestamp())
    for alarm in book.alarms:
        raise_alarm(*alarm)
    if phones := [endpoint.removeprefix("PJSIP/") for endpoint in book.signed_out if endpoint.startswith("PJSIP/w")]:
        WebPhone.objects.filter(endpoint__in=phones).delete()
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
