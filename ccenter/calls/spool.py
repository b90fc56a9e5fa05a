"""Notes that were made while the database or the core was away (asterisk/agi/spool.py), taken into the record once each.

A note is one JSON line with an `id` (or a line with commas, where the dialplan had to do without help). It becomes a call on
record of its own, whose id tells that the note is in already: a caller the last resort thanked (outcome CALLBACK), one for whom
no line was free or one on the blacklist (BLOCKED). The first two are callers the core has missed, who are owed a call: `missed`
hands them to it.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from django.db import DatabaseError, transaction

from ccenter.calls import missed
from ccenter.calls.alarms import raise_alarm
from ccenter.calls.models import Call, MissedCaller, Number, RefusedCall
from ccenter.calls.numbers import normalise
from ccenter.calls.projections.book import moment
from ccenter.calls.recorder import AWAY

log = logging.getLogger(__name__)

PREFIX = "s-"  # of the ids of calls that the core never saw
TAKEN = ".taken"


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
            for note in self._notes(path):
                new += _take(kind, note)
            path.unlink()
        for path in [*self.folder.glob("*.jsonl"), *self.folder.glob("*.csv")]:
            if path.stat().st_size:
                path.rename(path.with_name(f"{path.name}.{path.stat().st_ino}{TAKEN}"))
        return new

    def _notes(self, path: Path) -> Iterator[Note]:
        read = _from_csv if ".csv." in path.name else _decode
        for line in filter(None, path.read_bytes().splitlines()):
            try:
                yield read(line)
            except ValueError as error:
                log.error("%s: not a note: %r", path, line[:200])
                raise_alarm("spool", path.name.partition(".")[0], f"{error}: {line[:300].decode(errors='replace')}")


def _take(kind: str, note: Note) -> bool:
    try:
        with transaction.atomic():
            return _store(kind, note)
    except AWAY:
        raise
    except DatabaseError as error:
        raise_alarm("spool", kind, f"{note.id}: {error}"[:500])
        return False


def _store(kind: str, note: Note) -> bool:
    at = moment(note.at)
    who = normalise(note.number)
    called = Number.objects.filter(number=note.dnis).first()
    served = kind not in ("refused", "blocked")
    _, new = Call.objects.get_or_create(
        id=f"{PREFIX}{note.id}",
        defaults={
            "leg": note.call,
            "ani": note.number,
            "number": who.number if who.is_e164 else "",
            "province": who.province,
            "city": who.city,
            "dnis": note.dnis,
            "label": called.label if called else "",
            "trunk": note.trunk,
            "language": note.language,
            "state": "ENDED",
            "outcome": "CALLBACK" if served else "BLOCKED",
            "started_at": at,
            "ended_at": at,
            "ended_by": "system",
            "ended_in": "OFFERED",
            "note": note.reason or ("last_resort" if served else ""),
            "callback": served,
        },
    )
    if not new:
        return False
    if not served:
        about = {"at": at, "number": note.number[:64], "dnis": note.dnis[:64], "trunk": note.trunk[:40]}
        RefusedCall.objects.get_or_create(id=note.id, defaults={**about, "reason": (note.reason or "blacklist")[:40]})
    if kind != "refused":
        source = MissedCaller.Source.LAST_RESORT if served else MissedCaller.Source.BLOCKED
        missed.keep(note.id, source, who, at, note.dnis, note.language)
    return True
