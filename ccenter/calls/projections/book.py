"""A book: the rows that facts touch, read once, changed in memory by the folds, written once a batch.

A fold is a function `(book, fact)` registered by `@on(type)`. It looks at rows in the book only, so that folding one fact at a
time, in batches, or all of them anew gives the same rows. As nobody else writes these rows, a book may be kept from one batch
to the next: what still goes on need not be read again. After anything went wrong it must be thrown away.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from ccenter.acd import facts
from ccenter.calls.models import (
    AgentDay,
    AgentStateSpan,
    AgentStatus,
    BarredNumber,
    Call,
    CallAgent,
    CallbackAttempt,
    CallbackEntry,
    CallOffer,
    Monitoring,
    Recording,
    SurgeSpan,
    SurveyAnswer,
    TrunkChannel,
    Voicemail,
)

F = TypeVar("F", bound=facts.Fact)
Fold = Callable[[Any, Any], None]
FOLDS: dict[type, Fold] = {}
NEEDS: dict[type, tuple[str, ...]] = {}
_json = msgspec.json.Encoder().encode

# What the fold owns of each table; other columns are somebody else's and never overwritten.
CONVERTERS = {
    "file", "file_bytes", "sha256", "seconds", "converted_at", "raw_deleted_at", "deleted_at", "peaks", "attempts", "error"
}  # fmt: skip
NOT_FOLDED: dict[type[Model], set[str]] = {Recording: CONVERTERS, Voicemail: {"heard_at", "heard_by_id"}}
KEYS: dict[type[Model], tuple[str, ...]] = {CallAgent: ("call", "agent"), AgentDay: ("agent", "day")}
FOLDED = (
    Call, CallAgent, CallOffer, Recording, Voicemail, AgentStatus, AgentStateSpan, AgentDay, Monitoring, TrunkChannel,
    CallbackEntry, CallbackAttempt, BarredNumber, SurgeSpan, SurveyAnswer,
)  # fmt: skip
NAMED = ("call", "recording", "agent", "supervisor", "leg", "callback", "surge")
MOST_DAYS = 5000  # rows of agents' days kept at hand


def on(kind: type[F], needs: tuple[str, ...] = ("call",)) -> Callable[[Callable[["Book", F], None]], Callable[["Book", F], None]]:
    """Registers the fold of a type of fact.

    `needs` names the rows it looks at by the fact's fields: call, recording, agent, supervisor, leg (on a trunk), callback,
    surge; "day": the agent's day. With a call comes the callback it is about.
    """

    def register(fold: Callable[["Book", F], None]) -> Callable[["Book", F], None]:
        FOLDS[kind], NEEDS[kind] = fold, needs
        return fold

    return register


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def day_of(at: float) -> date:
    """The day in the centre's time zone."""
    return timezone.localtime(moment(at)).date()


class AlarmRaised(NamedTuple):
    kind: str
    subject: str
    text: str
    at: datetime


class Book:
    """The rows at hand, and what is to happen once they are written."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.parts: dict[str, dict[str, CallAgent]] = {}  # call -> agent -> row
        self.offers: dict[str, list[CallOffer]] = {}  # of a call, those that ring
        self.recordings: dict[str, Recording] = {}
        self.channels: dict[str, TrunkChannel] = {}  # by leg
        self.statuses: dict[str, AgentStatus] = {}
        self.days: dict[tuple[str, date], AgentDay] = {}
        self.monitorings: dict[str, Monitoring | None] = {}  # supervisor -> what goes on
        self.callbacks: dict[str, CallbackEntry] = {}
        self.attempts: dict[str, CallbackAttempt] = {}  # callback -> the one without a result
        self.barred: dict[str, BarredNumber] = {}
        self.surges: dict[str, SurgeSpan] = {}  # those that go on
        self._quiet: set[str] = set()  # surges that do not
        self.answers: dict[str, tuple[str, str, str, datetime]] = {}  # request -> state, reason, call, when
        self.recorded: list[str] = []
        self.signed_out: list[str] = []  # endpoints
        self.alarms: list[AlarmRaised] = []
        self._over: list[str] = []
        rows = (self.calls, self.parts, self.offers, self.recordings, self.channels, self.callbacks, self.attempts, self.barred)
        self._of_one: tuple[dict[str, Any], ...] = rows
        self._changed: dict[type[Model], dict[int, Model]] = {kind: {} for kind in FOLDED}

    def load(self, batch: Iterable[facts.Fact]) -> None:
        """Reads what the facts' folds will look at and is not here yet. Eleven queries at most, none for calls that begin."""
        wanted: dict[str, set[str]] = {name: set() for name in NAMED}
        days: set[tuple[str, date]] = set()
        begun, taken = set(), set()
        for fact in batch:
            for name in NEEDS.get(type(fact), ()):
                if name == "day":
                    days.add((fact.agent, day_of(fact.at)))  # type: ignore[attr-defined]
                elif value := getattr(fact, name):
                    wanted[name].add(value)
            if isinstance(fact, facts.CallStarted):
                begun.add(fact.call)
                wanted["callback"].add(fact.callback)
            elif isinstance(fact, facts.RecordingStarted):
                wanted["recording"].discard(fact.recording)
            elif isinstance(fact, facts.TrunkTaken):
                taken.add(fact.leg)
        if calls := wanted["call"] - begun - self.calls.keys():
            self.calls.update(Call.objects.in_bulk(calls))
            for part in CallAgent.objects.filter(call__in=calls):
                self.parts.setdefault(part.call, {})[part.agent] = part
            for offer in CallOffer.objects.filter(call__in=calls, result="").order_by("seq"):
                self.offers.setdefault(offer.call, []).append(offer)
        self._load_callbacks(wanted["callback"], wanted["call"])
        if surges := wanted["surge"] - self.surges.keys() - self._quiet:
            self.surges.update({row.surge: row for row in SurgeSpan.objects.filter(surge__in=surges, ended_at=None)})
            self._quiet |= surges - self.surges.keys()
        if recordings := wanted["recording"] - self.recordings.keys():
            self.recordings.update(Recording.objects.in_bulk(recordings))
        if legs := wanted["leg"] - taken - self.channels.keys():
            self.channels.update(TrunkChannel.objects.in_bulk(legs))
        if agents := wanted["agent"] - self.statuses.keys():
            self.statuses.update(AgentStatus.objects.in_bulk(agents))
        if days := days - self.days.keys():
            found = AgentDay.objects.filter(agent__in={agent for agent, _ in days}, day__in={day for _, day in days})
            self.days.update({(row.agent, row.day): row for row in found if (row.agent, row.day) not in self.days})
        if leads := wanted["supervisor"] - self.monitorings.keys():
            self.monitorings.update(dict.fromkeys(leads))
            going_on = Monitoring.objects.filter(supervisor__in=leads, ended_at=None).order_by("seq")
            self.monitorings.update({row.supervisor: row for row in going_on})

    def _load_callbacks(self, named: set[str], calls: Iterable[str]) -> None:
        wanted = named | {row.owed for call in calls if (row := self.calls.get(call))}
        if wanted := wanted - self.callbacks.keys() - {""}:
            self.callbacks.update(CallbackEntry.objects.in_bulk(wanted))
            for attempt in CallbackAttempt.objects.filter(callback__in=wanted, result="").order_by("seq"):
                self.attempts[attempt.callback] = attempt

    def turn_page(self) -> None:
        """Begins the next batch: what followed from the last is done with, and so is what ended in it."""
        self.recorded, self.signed_out, self.alarms = [], [], []
        if len(self.days) > MOST_DAYS:
            self.days.clear()
        for ident in self._over:
            for rows in self._of_one:
                rows.pop(ident, None)
        self._over.clear()

    # -- for folds ---------------------------------------------------------------------------------------------

    def changed(self, row: Model) -> None:
        """The row is new, or was changed."""
        self._changed[type(row)][id(row)] = row

    def over(self, ident: str) -> None:
        """Nothing more is expected of this call, recording, leg, callback or number: its rows need not stay at hand."""
        self._over.append(ident)

    def call(self, fact: Any) -> Call:
        """The fact's call, to be changed. One whose beginning is not on record begins here."""
        row = self.calls.get(fact.call)
        if row is None:
            row = self.calls[fact.call] = Call(id=fact.call, started_at=moment(fact.at), steps=[])
        self.changed(row)
        return row

    def callback(self, fact: Any) -> CallbackEntry | None:
        """The fact's callback, to be changed; None for one whose opening is not on record."""
        row = self.callbacks.get(fact.callback)
        if row is not None:
            self.changed(row)
        return row

    def ringing(self, call: str, agent: str = "") -> Iterator[CallOffer]:
        """The offers of a call that ring, to be ended."""
        still: list[CallOffer] = []
        ending: list[CallOffer] = []
        for offer in self.offers.get(call, ()):
            (ending if not agent or offer.agent == agent else still).append(offer)
        self.offers[call] = still
        for offer in ending:
            self.changed(offer)
            yield offer

    def status(self, fact: Any) -> AgentStatus:
        """What the fact's agent does, to be changed."""
        row = self.statuses.get(fact.agent)
        if row is None:
            row = self.statuses[fact.agent] = AgentStatus(agent=fact.agent, since=moment(fact.at))
        row.seq = fact.seq
        self.changed(row)
        return row

    def day(self, fact: Any) -> AgentDay:
        """The fact's day of its agent, to be changed."""
        key = fact.agent, day_of(fact.at)
        row = self.days.get(key)
        if row is None:
            row = self.days[key] = AgentDay(agent=key[0], day=key[1])
        self.changed(row)
        return row

    def recording(self, fact: Any) -> Recording:
        row = self.recordings.get(fact.recording)
        if row is None:
            row = self.recordings[fact.recording] = Recording(id=fact.recording, call=fact.call, started_at=moment(fact.at))
        self.changed(row)
        return row

    def alarm(self, kind: str, subject: str, text: str, at: float) -> None:
        self.alarms.append(AlarmRaised(kind, subject, text, moment(at)))

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Writes the changed rows: one statement a table."""
        for kind, rows in self._changed.items():
            if rows:
                upsert(kind, rows.values())
                rows.clear()
        if self.answers:
            _answer(self.answers)
            self.answers.clear()


def upsert(kind: type[Model], rows: Iterable[Model]) -> None:
    """Inserts or overwrites rows by their key, in one statement whose one parameter is JSON: the cheapest way there is."""
    keys = KEYS.get(kind) or (kind._meta.pk.attname,)
    columns = [f.attname for f in kind._meta.concrete_fields if f.attname not in NOT_FOLDED.get(kind, ())]
    table = kind._meta.db_table
    names = ", ".join(f'"{c}"' for c in columns)
    news = ", ".join(f'"{c}" = EXCLUDED."{c}"' for c in columns if c not in keys)
    values = _json([{column: getattr(row, column) for column in columns} for row in rows]).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) "  # noqa: S608
            f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {news}",
            [values],
        )


def _answer(answers: dict[str, tuple[str, str, str, datetime]]) -> None:
    rows = [
        {"id": ident, "state": state, "reason": reason, "call": call, "at": at}
        for ident, (state, reason, call, at) in answers.items()
        if _is_uuid(ident)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE calls_request r SET state = a.state, reason = a.reason, call = a.call, answered_at = a.at "
            "FROM jsonb_to_recordset(%s::jsonb) a(id uuid, state text, reason text, call text, at timestamptz) "
            "WHERE r.id = a.id AND (r.state = 'pending' OR r.reason = 'expired')",
            [_json(rows).decode()],
        )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
