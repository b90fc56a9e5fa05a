"""The core comes back as it was: after a clean end, a crash, a torn line, a damaged disk."""

from pathlib import Path

import pytest

from ccenter.acd import events
from ccenter.acd.config import AgentConfig, Config, Number, Queue, ToQueue
from ccenter.acd.facts import Fact
from ccenter.acd.machine import Acd
from ccenter.calls.journal import Journal, segments
from ccenter.stasis.recovery import LEAP, begin, recent_requests, recover

CONFIG = Config(
    queues={"sales": Queue("sales")},
    agents={"1001": AgentConfig("1001", queues=("sales",))},
    numbers={"4001": Number("4001", ToQueue("sales"))},
)
REQUEST = "81778dbf-4994-40ce-921d-042f470ef8e8"
DAY: list[events.AnyEvent | None] = [
    events.NodeUp("ast1"),
    events.PhoneChanged("PJSIP/1001", True),
    events.SignIn(REQUEST, "a1001", "1001", "PJSIP/1001", ready=True),
    events.CallOffered("ast1-1.0", "+8613800138000", "4001", "demo"),
    events.LegRinging("ast1-l2"),
    None,
    events.CallOffered("ast1-1.1", "", "4001", "demo"),
]


def live(journal: Journal, acd: Acd, n: int = 0, at: float = 1_700_000_000.0) -> int:
    """A day of the centre, journalled."""
    for event in DAY:
        n, at = n + 1, at + 1.0
        out = acd.advance(at) if event is None else acd.handle(event, at)
        journal.append(n, at, event, [x for x in out if isinstance(x, Fact)])
    return n


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def test_given_a_crash_when_recovered_then_the_core_is_what_it_was_to_the_last_input(journal: Journal) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    n = live(journal, acd)
    found = recover(Journal(journal.folder))
    assert found.acd is not None and found.acd.snapshot() == acd.snapshot()
    assert (found.n, found.at, found.whole, found.replayed) == (n, 1_700_000_000.0 + n, True, n)


def test_given_a_snapshot_in_the_midst_then_only_what_came_after_is_replayed(journal: Journal) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    n = live(journal, acd)
    journal.snapshot(n, acd.snapshot())
    found = recover(Journal(journal.folder))
    assert found.acd is not None and found.acd.snapshot() == acd.snapshot()
    assert (found.n, found.replayed) == (n, 0)


def test_given_nothing_then_there_is_nothing_to_recover_and_numbers_begin_anew(journal: Journal) -> None:
    found = recover(journal)
    assert found.acd is None and found.n == 0 and found.whole
    new = begin(CONFIG, 0, 0, found.whole)
    assert new.handle(DAY[3], 1.0)[0].seq == 1  # type: ignore[union-attr, arg-type]


def test_given_a_lost_snapshot_then_no_number_is_given_twice(journal: Journal) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    n = live(journal, acd)
    (journal.folder / "snapshot.json").write_text("{")
    found = recover(Journal(journal.folder))
    assert found.acd is None and not found.whole and found.n > n
    new = begin(CONFIG, 17, 4, found.whole)
    first = new.handle(DAY[3], 2e9)[0]  # type: ignore[arg-type]
    assert isinstance(first, Fact) and first.seq > LEAP


def test_given_a_damaged_line_then_what_came_before_it_is_kept_and_numbers_leap(journal: Journal) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    n = live(journal, acd)
    [path] = segments(journal.folder)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = b'{"n":5,"at":"?"}\n'
    path.write_bytes(b"".join(lines))
    found = recover(Journal(journal.folder))
    assert found.acd is not None and found.replayed == 4 and not found.whole and found.n > n
    assert "1001" in found.acd.world.state.agents
    assert found.acd.world.state.seq > LEAP


def test_given_other_facts_on_record_than_replay_gives_then_it_is_said_and_no_number_is_given_twice(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    told = [x for x in Acd(CONFIG, seq=40).handle(DAY[0], 5.0) if isinstance(x, Fact)]  # type: ignore[arg-type]
    journal.append(1, 5.0, DAY[0], told)
    found = recover(Journal(journal.folder))
    assert found.acd is not None and not found.whole
    assert found.acd.world.state.seq == told[-1].seq
    assert "came out differently" in caplog.text


def test_given_requests_in_the_journal_then_they_are_known(journal: Journal) -> None:
    acd = Acd(CONFIG)
    journal.snapshot(0, acd.snapshot())
    live(journal, acd)
    assert list(recent_requests(journal)) == [REQUEST]
