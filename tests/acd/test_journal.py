"""The journal: what a crash, a power cut, a full disk and a slow reader do to it."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from ccenter.acd import events, facts
from ccenter.acd.config import Config, Queue
from ccenter.calls.journal import Journal, JournalCorrupt, Position, Tail, read_snapshot, segments

AT = 1_800_000_000.5


def fact(seq: int) -> facts.Fact:
    return facts.CallAnswered(seq, AT, f"c{seq}")


def fill(journal: Journal, first: int, last: int) -> None:
    for n in range(first, last + 1):
        journal.append(n, AT + n, events.LegRinging(f"ast1-{n}.0"), [fact(n)])


def numbers(folder: Path) -> list[int]:
    return [entry.n for entry in Journal(folder).load()[1]]


def seqs(lines: list[bytes]) -> list[int]:
    return [msgspec.json.decode(line)["seq"] for line in lines]


def test_given_inputs_of_all_kinds_when_loaded_then_they_are_what_was_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    config = Config(queues={"sales": Queue("sales", name='销售 "A"\n')})
    inputs = [events.ConfigChanged(config), None, events.DialNumber("r1", "alice", "1001", "13800138000"), events.NodeUp("ast1")]
    told: list[list[facts.Fact]] = [[facts.ConfigApplied(1, AT, 1, 0, 0, 0)], [], [fact(2), fact(3)], []]
    for n, (event, said) in enumerate(zip(inputs, told, strict=True), 1):
        journal.append(n, AT, event, said)
    snapshot, entries = Journal(tmp_path).load()
    assert snapshot is None
    assert [(e.n, e.at, e.e, list(e.f)) for e in entries] == [(n, AT, inputs[n - 1], told[n - 1]) for n in range(1, 5)]


def test_given_an_empty_folder_when_loaded_then_there_is_nothing_and_it_can_be_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "journal")
    snapshot, entries = journal.load()
    assert snapshot is None and list(entries) == []
    fill(journal, 1, 1)
    assert numbers(journal.folder) == [1]


def test_given_a_journal_when_others_look_then_only_its_owner_may_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    fill(journal, 1, 1)
    journal.snapshot(1, {})
    fill(journal, 2, 2)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [journal.folder, *journal.folder.iterdir()])


TORN = [b'{"n": 4, "at": 18', b"\0" * 500, b'{"n":4}\n{"n', b'{"n": 4, "at": 1.0, "e": nu\n\0\0\n', b"\xff\xfe"]


@pytest.mark.parametrize("tail", TORN)
def test_given_a_torn_tail_when_opened_then_it_is_cut_off_and_writing_goes_on(tmp_path: Path, tail: bytes) -> None:
    fill(Journal(tmp_path), 1, 3)
    with segments(tmp_path)[-1].open("ab") as file:
        file.write(tail)
    journal = Journal(tmp_path)
    assert [entry.n for entry in journal.load()[1]] == [1, 2, 3]
    fill(journal, 4, 5)
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_given_nothing_but_a_torn_line_when_opened_then_writing_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "000000000001.jsonl").write_bytes(b'{"n": 1, "at"')
    fill(Journal(tmp_path), 1, 2)
    assert numbers(tmp_path) == [1, 2]


def test_given_a_damaged_line_in_the_middle_when_loaded_then_it_says_where(tmp_path: Path) -> None:
    fill(Journal(tmp_path), 1, 3)
    path = segments(tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"#" * 20 + b"\n" + lines[2])
    with pytest.raises(JournalCorrupt, match="line 2"):
        numbers(tmp_path)


def test_given_a_missing_segment_when_loaded_then_it_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for first in (1, 4, 7):
        fill(journal, first, first + 2)
        journal.roll()
    segments(tmp_path)[1].unlink()
    with pytest.raises(JournalCorrupt, match="input 4 is missing"):
        numbers(tmp_path)


def test_given_snapshots_when_loaded_then_only_what_came_after_the_last_is_replayed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 1, 10)
    journal.snapshot(10, {"calls": {"c1": {"state": "QUEUED"}}})
    fill(journal, 11, 12)
    snapshot, entries = Journal(tmp_path).load()
    assert snapshot is not None and (snapshot.n, snapshot.state) == (10, {"calls": {"c1": {"state": "QUEUED"}}})
    assert [entry.n for entry in entries] == [11, 12]
    assert [path.name for path in segments(tmp_path)] == ["000000000001.jsonl", "000000000011.jsonl"]


def test_given_a_crash_between_new_segment_and_snapshot_when_loaded_then_the_old_snapshot_and_both_segments_do(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path)
    fill(journal, 1, 4)
    journal.snapshot(4, {"at": 4})
    fill(journal, 5, 8)
    journal.roll()
    fill(journal, 9, 11)
    (tmp_path / "snapshot.draft").write_bytes(b'{"n": 8, "sta')
    snapshot, entries = Journal(tmp_path).load()
    assert snapshot is not None and snapshot.n == 4
    assert [entry.n for entry in entries] == list(range(5, 12))


def test_given_inputs_during_a_snapshot_when_it_is_kept_later_then_nothing_is_lost(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 1, 4)
    journal.roll()
    fill(journal, 5, 6)
    journal.keep(4, {"at": 4})
    fill(journal, 7, 7)
    assert numbers(tmp_path) == [5, 6, 7]


WRITER = """
import sys
from pathlib import Path
from ccenter.acd import events, facts
from ccenter.calls.journal import Journal
journal = Journal(Path(sys.argv[1]))
last = 0
for last in (entry.n for entry in journal.load()[1]): pass
while True:
    last += 1
    journal.append(last, 1.0, events.LegRinging("x" * 200), [facts.CallAnswered(last, 1.0, "c1")])
    print(last, flush=True)
    if last % 1000 == 0: journal.roll()
"""


def test_given_kill_9_again_and_again_when_loaded_then_every_append_that_returned_is_there(tmp_path: Path) -> None:
    reached = 0
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(1500)]
            writer.send_signal(signal.SIGKILL)
            said += [int(line) for line in writer.stdout.read().splitlines() if line]
        assert said[0] > reached
        reached = said[-1]
    found = numbers(tmp_path)
    assert found[: reached + 1] == list(range(1, len(found) + 1)) and len(found) - reached in (0, 1)


def test_given_a_full_disk_when_appended_then_it_raises_and_the_journal_is_as_before(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import resource, signal, sys
        from pathlib import Path
        from ccenter.acd import events
        from ccenter.calls.journal import Journal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        journal = Journal(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        n, failed = 0, 0
        while failed < 3:
            try:
                journal.append(n + 1, 1.0, events.LegRinging("x" * 90), [])
                n += 1
            except OSError:
                failed += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        journal.append(n + 1, 1.0, None, [])
        print(n + 1)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert numbers(tmp_path) == list(range(1, int(done.stdout) + 1))


def test_given_threads_that_sync_when_segments_change_then_all_is_on_disk_and_no_file_stays_open(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    journal = Journal(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        syncs = []
        for n in range(1, 301):
            fill(journal, n, n)
            if n % 3 == 0:
                journal.roll()
            syncs.append(pool.submit(journal.sync))
        for sync in syncs:
            sync.result()
    journal.close()
    held = [str(link.readlink()) for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()]
    assert not [path for path in held if path.startswith(str(tmp_path))]
    assert numbers(tmp_path) == list(range(1, 301))


def test_given_the_module_alone_when_imported_then_no_django_comes_with_it() -> None:
    script = "import sys, ccenter.calls.journal; print([m for m in sys.modules if m.split('.')[0] == 'django'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- the tail --------------------------------------------------------------------------------------------------


def test_given_a_writer_when_followed_then_each_fact_comes_once_and_in_order_over_segments(tmp_path: Path) -> None:
    journal, tail, got = Journal(tmp_path), Tail(tmp_path, Position()), []
    assert tail.read(10) == []
    for first in range(1, 100, 7):
        fill(journal, first, first + 6)
        if first % 3 == 0:
            journal.roll()
        got += seqs(tail.read(5))
    while lines := tail.read(5):
        got += seqs(lines)
    assert got == list(range(1, 106))
    assert tail.behind() == 0


def test_given_a_position_when_another_reader_begins_there_then_nothing_is_missing_or_double(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for first in (1, 11, 21):
        fill(journal, first, first + 9)
        journal.roll()
    position, got = Position(), []
    while True:
        tail = Tail(tmp_path, position)
        lines = tail.read(4)
        tail.close()
        if not lines:
            break
        got += seqs(lines)
        position = tail.position
    assert got == list(range(1, 31))


def test_given_half_a_line_when_read_then_it_waits_for_the_rest(tmp_path: Path) -> None:
    journal, tail = Journal(tmp_path), Tail(tmp_path, Position())
    fill(journal, 1, 1)
    path = segments(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:30])
    assert tail.read(10) == [] and tail.behind() == 30
    path.write_bytes(whole)
    assert seqs(tail.read(10)) == [1]


def test_given_a_line_longer_than_a_chunk_when_read_then_it_comes_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    queues = {f"q{i}": Queue(f"q{i}", name="x" * 2000) for i in range(1500)}
    journal.append(1, AT, events.ConfigChanged(Config(queues=queues)), [fact(1)])
    fill(journal, 2, 2)
    assert seqs(Tail(tmp_path, Position()).read(10)) == [1, 2]


def test_given_a_fact_of_a_newer_version_and_a_damaged_line_when_read_then_the_stream_goes_on(tmp_path: Path) -> None:
    fill(Journal(tmp_path), 1, 1)
    with segments(tmp_path)[0].open("ab") as file:
        file.write(b'{"n":2,"at":1.0,"e":{"type":"Unheard"},"f":[{"type":"Unheard","seq":2,"at":1.0}]}\n{broken}\n')
        file.write(b'{"n":4,"at":1.0,"e":null,"f":[{"type":"CallAnswered","seq":3,"at":1.0,"call":"c1"}]}\n')
    tail = Tail(tmp_path, Position())
    assert seqs(tail.read(10)) == [1, 2, 3]
    assert tail.damaged == 1


def test_given_segments_on_record_when_a_snapshot_is_newer_then_they_go_and_no_others(tmp_path: Path) -> None:
    journal, tail = Journal(tmp_path), Tail(tmp_path, Position())
    for first in (1, 11, 21):
        fill(journal, first, first + 9)
        journal.roll()
    assert tail.delete_shipped() == []
    while tail.read(100):
        pass
    assert tail.delete_shipped() == [], "no snapshot yet: all are needed for a replay"
    journal.keep(15, {})
    assert tail.delete_shipped() == ["000000000001.jsonl"]
    journal.keep(30, {})
    assert tail.delete_shipped() == ["000000000011.jsonl"], "the last is still being read"
    fill(journal, 31, 31)
    assert seqs(tail.read(100)) == [31]
    assert tail.delete_shipped() == ["000000000021.jsonl"]
    snapshot = read_snapshot(tmp_path)
    assert snapshot is not None and snapshot.n == 30


def test_given_a_journal_put_back_to_an_older_state_when_asked_then_the_tail_says_so(tmp_path: Path) -> None:
    journal, tail = Journal(tmp_path), Tail(tmp_path, Position())
    fill(journal, 1, 10)
    tail.read(100)
    assert not tail.shrunk()
    os.truncate(segments(tmp_path)[0], 50)
    assert tail.shrunk()
    segments(tmp_path)[0].unlink()
    assert tail.shrunk()
