"""The centre's journal: what happened, on disk before anybody acts on it.

The cti process writes one JSON line per input of the core, with the facts that came of it:
`{"n": 12, "at": 1700000000.1, "e": {event} or null for a tick, "f": [facts]}`, and an "x" that says why if the core raised.
`n` counts the inputs over the life of the installation. Lines live in segments `<n of the first line>.jsonl`; with every
snapshot of the core a new segment begins. A crash loses nothing that `append` returned from; a power cut loses nothing that
`sync` returned from. The only damage either can do is a torn tail, which the next `Journal` cuts off.

`Tail` follows the facts, for the recorder. One process writes; any number may follow. No Django in here.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ccenter.acd.events import AnyEvent
from ccenter.acd.facts import AnyFact, Fact

log = logging.getLogger(__name__)

SNAPSHOT = "snapshot.json"
CHUNK = 1 << 20  # bytes read at a time by a tail
LOOK_WELL = 50  # every so many looks of a tail are thorough: two changes of a folder may bear the same time


class JournalCorrupt(Exception):
    """A line in the midst of a journal cannot be read: not a torn tail but a damaged disk, or a newer version's event."""


class Entry(Struct):
    """One line of the journal."""

    n: int
    at: float
    e: AnyEvent | None
    f: tuple[AnyFact, ...]


class Snapshot(Struct):
    """The core's state after input `n`."""

    n: int
    state: dict[str, Any]


class _Facts(Struct):
    """A line as the recorder needs it: the event is skipped, each fact stays text until it is looked at."""

    n: int
    f: list[Raw]
    x: str = ""


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(Entry).decode
_facts = msgspec.json.Decoder(_Facts).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode


def segments(folder: Path) -> list[Path]:
    """The segments of a journal, oldest first."""
    return sorted(folder.glob("[0-9]*.jsonl"))


def read_snapshot(folder: Path) -> Snapshot | None:
    """The last snapshot; None before the first. Raises JournalCorrupt when it cannot be read."""
    path = folder / SNAPSHOT
    try:
        return _snapshot(path.read_bytes())
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise JournalCorrupt(f"{path}: {error}") from error


class Journal:
    """The writing side, for one process. `append` and `roll` belong to one thread; `sync` and `keep` may block in another."""

    def __init__(self, folder: Path) -> None:
        """Opens the journal in `folder`, made if missing, and cuts off a torn tail. Raises OSError."""
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = -1
        self._size = 0
        self._left: list[int] = []  # files of earlier segments that are not surely on disk yet
        self._new = True  # a segment's name may not be on disk yet
        self._syncing = threading.Lock()
        if known := segments(folder):
            _cut_torn_tail(known[-1])
            self._open(known[-1])

    def load(self) -> tuple[Snapshot | None, Iterator[Entry]]:
        """The last snapshot and, in order, every input after it. Read it all before the first `append`.

        Raises JournalCorrupt, from the iterator too.
        """
        snapshot = read_snapshot(self.folder)
        return snapshot, self._entries(snapshot.n if snapshot else 0)

    def _entries(self, after: int) -> Iterator[Entry]:
        known = segments(self.folder)
        expected = after + 1
        later = [i for i, path in enumerate(known) if int(path.stem) > after + 1]
        for path in known[max(0, later[0] - 1) if later else -1 :]:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if not line.endswith(b"\n"):
                        break  # torn, and cut off by a writer since
                    try:
                        entry = _entry(line)
                    except msgspec.DecodeError as error:
                        raise JournalCorrupt(f"{path}, line {number}: {error}") from error
                    if entry.n <= after:
                        continue
                    if entry.n != expected:
                        raise JournalCorrupt(f"{path}, line {number}: input {expected} is missing, {entry.n} follows")
                    expected += 1
                    yield entry

    def append(self, n: int, at: float, event: AnyEvent | None, facts: Sequence[Fact], error: str = "") -> None:
        """Writes one input with its facts; `n` is one more than the last. When it returns, a crash of this process cannot
        lose them. `error` marks an input that the core could not take: the line's "x" says why.

        Raises OSError (a full disk); the journal is then as it was before.
        """
        if self._file < 0:
            self._open(self.folder / f"{n:012}.jsonl")
        entry: dict[str, Any] = {"n": n, "at": at, "e": event, "f": facts}
        if error:
            entry["x"] = error
        line = _encode(entry) + b"\n"
        written = 0
        try:
            written = os.write(self._file, line)
            if written == len(line):
                self._size += written
                return
            written += os.write(self._file, line[written:])  # the rest, or the error that says why not
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += written

    def sync(self) -> None:
        """Blocks until everything appended before the call is on disk, safe from a power cut. Any thread. Raises OSError."""
        with self._syncing:
            while True:
                while self._left:
                    file = self._left[-1]
                    os.fsync(file)
                    self._left.remove(file)
                    os.close(file)
                file = self._file
                if self._left:
                    continue  # a segment was begun meanwhile
                if file >= 0:
                    os.fsync(file)
                if self._new:
                    self._new = False
                    _sync_folder(self.folder)
                return

    def roll(self) -> None:
        """Ends the segment; the next line begins a new one. Cheap, never blocks."""
        if self._file >= 0:
            self._left.append(self._file)
            self._file = -1

    def keep(self, n: int, state: dict[str, Any]) -> None:
        """Puts the snapshot of the state after input `n` in place of the last one. Blocks for the disk; any thread."""
        path = self.folder / SNAPSHOT
        draft = path.with_suffix(".draft")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(_encode(Snapshot(n, state)))
                out.flush()
                self.sync()  # a snapshot on disk must not be ahead of its journal
                os.fsync(out.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        draft.replace(path)
        _sync_folder(self.folder)

    def snapshot(self, n: int, state: dict[str, Any]) -> None:
        """`roll` and `keep` in one, where blocking does not matter: at start and at the end."""
        self.roll()
        self.keep(n, state)

    def close(self) -> None:
        self.roll()
        self.sync()

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size
        self._new = True


class Position(Struct, frozen=True):
    """How far a tail has come: the next byte of a segment."""

    segment: str = ""
    offset: int = 0


class Tail:
    """The reading side: the facts in their order, from a position on, as they are written."""

    def __init__(self, folder: Path, position: Position) -> None:
        self.folder = folder
        self.position = position
        self.damaged = 0  # lines that could not be read, and were passed over
        self.errors: list[str] = []  # what the core could not take; whoever tells it on empties the list
        self._file = -1
        self._name = ""
        self._folder = 0  # when it last changed, as far as we have looked
        self._looks = 0

    def read(self, most: int) -> list[bytes]:
        """The next facts as JSON, about `most` at the most (a line's facts are never parted); empty when there are none now.

        They are on disk when this returns: what is read here may be committed elsewhere, and a power cut must not
        leave the journal behind that. Raises OSError.
        """
        found: list[bytes] = []
        if self._nothing_new():
            return found
        while len(found) < most:
            following = self._segment_after()  # asked first: once it is there, this segment grows no more
            if not self._enter():
                if not following:
                    break
                self._leave(following)
                continue
            chunk = self._lines()
            if chunk:
                self._take(chunk, most, found)
            elif following:
                self._leave(following)
            else:
                break
        if found and self._file >= 0:
            os.fdatasync(self._file)
        return found

    def behind(self) -> int:
        """Bytes written but not read yet."""
        total = 0
        for path in segments(self.folder):
            if path.name >= self.position.segment:
                total += path.stat().st_size - (self.position.offset if path.name == self.position.segment else 0)
        return total

    def shrunk(self) -> bool:
        """Is the journal shorter than what was read of it already? Somebody put an old or empty one in its place."""
        if not self.position.segment:
            return False
        try:
            size = (self.folder / self.position.segment).stat().st_size
        except FileNotFoundError:
            return not self._segment_after()  # with a later one it was read, and deleted
        return size < self.position.offset

    def delete_shipped(self) -> list[str]:
        """Deletes the segments that have been read and that the snapshot makes superfluous; their names."""
        known = segments(self.folder)
        try:
            snapshot = read_snapshot(self.folder)
        except JournalCorrupt:
            return []
        deleted = []
        for path, following in pairwise(known):
            if snapshot is None or path.name >= self.position.segment or int(following.stem) > snapshot.n + 1:
                break
            path.unlink()
            deleted.append(path.name)
        return deleted

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._name = -1, ""

    def _nothing_new(self) -> bool:
        """Two cheap looks, for a tail that looks often: has the segment grown, or the folder changed?"""
        folder = self.folder.stat().st_mtime_ns if self.folder.exists() else 0
        self._looks = (self._looks + 1) % LOOK_WELL
        if folder != self._folder or self._looks == 0:
            self._folder = folder
            return False
        return self._file >= 0 and os.fstat(self._file).st_size == self.position.offset

    def _segment_after(self) -> str:
        return next((path.name for path in segments(self.folder) if path.name > self.position.segment), "")

    def _enter(self) -> bool:
        if self._name != self.position.segment or self._file < 0:
            self.close()
            if not self.position.segment:
                return False
            try:
                self._file = os.open(self.folder / self.position.segment, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            self._name = self.position.segment
        return True

    def _leave(self, following: str) -> None:
        if self._file >= 0:
            os.fdatasync(self._file)
        self.position = Position(following, 0)

    def _lines(self) -> bytes:
        """Whole lines from the position on."""
        size = CHUNK
        while True:
            chunk = os.pread(self._file, size, self.position.offset)
            end = chunk.rfind(b"\n") + 1
            if end or len(chunk) < size:
                return chunk[:end]
            size *= 4  # one very long line: a change of the configuration

    def _take(self, chunk: bytes, most: int, found: list[bytes]) -> None:
        start = 0
        while start < len(chunk) and len(found) < most:
            end = chunk.index(b"\n", start) + 1
            try:
                line = _facts(chunk[start:end])
                found += map(bytes, line.f)
                if line.x:
                    self.errors.append(f"input {line.n}: {line.x}")
            except msgspec.DecodeError as error:
                self.damaged += 1
                log.error("%s at %d: %s", self._name, self.position.offset + start, error)
            start = end
        self.position = Position(self._name, self.position.offset + start)


def _cut_torn_tail(path: Path) -> None:
    """Cuts off what a crash or a power cut left half-written: everything after the last line that can be read."""
    text = path.read_bytes()
    good = text.rfind(b"\n") + 1
    while good:
        start = text.rfind(b"\n", 0, good - 1) + 1
        try:
            _facts(text[start:good])
            break
        except msgspec.DecodeError:
            good = start
    if good < len(text):
        log.warning("%s: %d bytes of a torn tail cut off", path, len(text) - good)
        os.truncate(path, good)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
