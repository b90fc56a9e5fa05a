"""Notes that were made while the database or the core was away (asterisk/agi/spool.py), taken into the record once each.

A note is one JSON line with an `id` (or a line with commas, where the dialplan had to do without help). It becomes a call on
record of its own, whose id tells that the note is in already: a caller the last resort thanked (outcome CALLBACK), one for whom
no line was free or one on the blacklist (BLOCKED). The first two are callers the core has missed, who are owed a call: `missed`
hands them to it.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from django.db import DatabaseError, transaction

from ccenter.calls import missed
from ccenter.calls.alarms import raise_alarm
from ccenter.calls.models import Call, MissedCaller, Number, RefusedCall
from ccenter.calls.numbers import Normalised, normalise
from ccenter.calls.projections.book import moment
from ccenter.calls.recorder import AWAY

log = logging.getLogger(__name__)

PREFIX = "s-"  # of the ids of calls that the core never saw
TAKEN = ".taken"
UNSERVED = ("refused", "blocked")  # spool files of callers whom nobody thanked
AT_ONCE = 200  # notes in a transaction: after a TV spot there are thousands, and the record of the live calls waits meanwhile


class Note(msgspec.Struct):
    """One line of a spool file."""

    id: UUID
    at: float
    number: str = ""
    dnis: str = ""
    trunk: str = ""
    language: str = ""
    call: str = ""  # Asterisk's channel
    reason: str = ""


_read = msgspec.json.Decoder(Note).decode


def _decode(line: bytes) -> Note:
    """A note as the AGI server writes it. Raises ValueError."""
    return _read(line.replace(b"\\u0000", b""))  # PostgreSQL's text cannot hold it


def _from_csv(line: bytes) -> Note:
    """A line the dialplan wrote without any help: epoch,number,dnis,trunk,uniqueid,language. Raises ValueError."""
    at, number, dnis, trunk, call, language = line.decode().split(",")
    return Note(uuid5(NAMESPACE_OID, line.decode()), float(at), number, dnis, trunk, language, call)


class Spool:
    """The spool folder. A file is renamed in one turn and read in the next, when nobody writes into it any more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take_in(self) -> int:
        """Takes in what was renamed a turn ago and renames the rest; how many notes were new. Raises DatabaseError, OSError."""
        new = 0
        for path in sorted(self.folder.glob("*" + TAKEN)):
            kind = path.name.partition(".")[0]
            notes = self._notes(path)
            while some := list(islice(notes, AT_ONCE)):
                new += _take(kind, some)
            path.unlink()
        for path in [*self.folder.glob("*.jsonl"), *self.folder.glob("*.csv")]:
            if path.stat().st_size:
                path.rename(path.with_name(f"{path.name}.{path.stat().st_ino}{TAKEN}"))
        return new

    def _notes(self, path: Path) -> Iterator[Note]:
        read = _from_csv if ".csv." in path.name else _decode
        for line in filter(None, path.read_bytes().splitlines()):
            try:
                note = read(line)
                moment(note.at)
            except (ValueError, OverflowError, OSError) as error:  # the latter two: a time beyond all years
                log.error("%s: not a note: %r", path, line[:200])
                raise_alarm("spool", path.name.partition(".")[0], f"{error}: {line[:300].decode(errors='replace')}")
            else:
                yield note


def _take(kind: str, notes: Sequence[Note]) -> int:
    """How many were new. What the database refuses is told, and keeps nobody else out."""
    try:
        with transaction.atomic():
            return _store(kind, notes)
    except AWAY:
        raise
    except DatabaseError as error:
        if len(notes) > 1:
            return sum(_take(kind, [note]) for note in notes)
        raise_alarm("spool", kind, f"{notes[0].id}: {error}"[:500])
        return 0


def _store(kind: str, notes: Sequence[Note]) -> int:
    named = {f"{PREFIX}{note.id}": note for note in notes}
    for ident in Call.objects.filter(id__in=named).values_list("id", flat=True):
        del named[ident]
    new = {ident: (note, normalise(note.number)) for ident, note in named.items()}
    called = {note.dnis for note in named.values()}
    labels = dict(Number.objects.filter(number__in=called).values_list("number", "label"))
    Call.objects.bulk_create(_call(kind, ident, note, who, labels.get(note.dnis, "")) for ident, (note, who) in new.items())
    if kind in UNSERVED:
        RefusedCall.objects.bulk_create(
            [
                RefusedCall(
                    id=note.id,
                    at=moment(note.at),
                    number=note.number[:64],
                    dnis=note.dnis[:64],
                    trunk=note.trunk[:40],
                    reason=(note.reason or "blacklist")[:40],
                )
                for note in named.values()
            ],
            ignore_conflicts=True,
        )
    if kind != "refused":
        source = MissedCaller.Source.BLOCKED if kind in UNSERVED else MissedCaller.Source.LAST_RESORT
        missed.keep_all(
            missed.Missed(note.id, source, who, moment(note.at), note.dnis, note.language) for note, who in new.values()
        )
    return len(new)


def _call(kind: str, ident: str, note: Note, who: Normalised, label: str) -> Call:
    at, served = moment(note.at), kind not in UNSERVED
    return Call(
        id=ident,
        leg=note.call,
        ani=note.number,
        number=who.number if who.is_e164 else "",
        province=who.province,
        city=who.city,
        dnis=note.dnis,
        label=label,
        trunk=note.trunk,
        language=note.language,
        state="ENDED",
        outcome="CALLBACK" if served else "BLOCKED",
        started_at=at,
        ended_at=at,
        ended_by="system",
        ended_in="OFFERED",
        note=note.reason or ("last_resort" if served else ""),
        callback=served,
    )
