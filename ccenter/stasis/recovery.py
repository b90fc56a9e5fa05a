"""The core as it was: the last snapshot, and everything that happened since replayed through the same pure code."""

import logging
import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ccenter.acd.config import Config
from ccenter.acd.facts import Fact
from ccenter.acd.machine import Acd
from ccenter.calls.journal import Journal, JournalCorrupt, segments

log = logging.getLogger(__name__)

LEAP = 1_000_000  # added to every number when nobody can say how far they had come
_REQUEST = re.compile(rb'"request":"([0-9a-f-]{36})"')


class Recovered(NamedTuple):
    """`n` counts the inputs so far, `at` is the time of the last, `whole` is False when something could not be read."""

    acd: Acd | None
    n: int
    at: float
    whole: bool
    replayed: int


def recover(journal: Journal) -> Recovered:
    """Restores and replays. `acd` is None when there is nothing to go by: the first start, or a lost snapshot."""
    try:
        snapshot, entries = journal.load()
        acd = Acd.restore(snapshot.state) if snapshot else None
    except (JournalCorrupt, msgspec.ValidationError) as error:
        log.critical("the snapshot cannot be used: %s", error)
        return Recovered(None, _last_segment(journal), 0.0, False, 0)
    n = snapshot.n if snapshot else 0
    at, seq, replayed, different, whole = 0.0, 0, 0, 0, True
    if acd is None:
        return Recovered(None, _last_segment(journal), 0.0, not segments(journal.folder), 0)
    try:
        for entry in entries:
            facts = step(acd, entry.e, entry.at)
            n, at, replayed = entry.n, entry.at, replayed + 1
            seq = max(seq, entry.f[-1].seq if entry.f else 0)
            if tuple(facts) != entry.f:
                different += 1
                log.log(logging.ERROR if different == 1 else logging.DEBUG, "input %d came out differently in replay", n)
    except JournalCorrupt as error:
        log.critical("the journal cannot be read on: %s", error)
        n, seq, whole = n + LEAP, max(seq, acd.world.state.seq) + LEAP, False
        acd.world.state.counter += LEAP
    acd.world.state.seq = max(acd.world.state.seq, seq)  # no number twice, even when newer code told the story shorter
    return Recovered(acd, n, at, whole and not different, replayed)


def step(acd: Acd, event: object, at: float) -> list[Fact]:
    """One input of the replay, with the commands dropped. What raised then, raises again, and is passed over again."""
    try:
        out = acd.advance(at) if event is None else acd.handle(event, at)  # type: ignore[arg-type]
    except Exception:
        log.exception("an input raises in replay too")
        return []
    return [x for x in out if isinstance(x, Fact)]


def begin(config: Config, seq: int, counter: int, whole: bool) -> Acd:
    """A new core that goes on with the numbers of an earlier record. `whole`: the record has all that was ever told."""
    if not whole or seq:
        seq, counter = seq + LEAP, counter + LEAP  # not all ids are on record, and what was told last may not be yet
    return Acd(config, seq=seq, counter=counter)


def recent_requests(journal: Journal) -> Iterable[str]:
    """The ids of the requests in the last segments: whoever finds their rows unanswered still must not ask again."""
    found: dict[str, None] = {}
    for path in segments(journal.folder)[-3:]:
        found |= dict.fromkeys(ident.decode() for ident in _REQUEST.findall(path.read_bytes()))
    return found


def _last_segment(journal: Journal) -> int:
    """An input number beyond all that are on disk."""
    known = segments(journal.folder)
    return int(known[-1].stem) + LEAP if known else 0
