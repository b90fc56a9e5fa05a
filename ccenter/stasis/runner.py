"""The CTI server: one event loop that owns the core.

Whatever happens comes to `Runner.feed`: what Asterisk says, what people ask, the passing of time. Each input goes through
the core, into the journal, and only then out as commands. So a crash at any point is a replay (recovery.py) and a
comparison with what Asterisk has (reconcile.py). The database (inbox.py) is never waited for once there is a snapshot.
"""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import uvloop
from msgspec import Struct

from ccenter.acd import events
from ccenter.acd.config import Config
from ccenter.acd.facts import Fact
from ccenter.acd.machine import Acd
from ccenter.calls.journal import Journal
from ccenter.stasis import judging, recovery
from ccenter.stasis.accounts import Accounts, Desired, is_web
from ccenter.stasis.ari import ApplicationReplaced, Ari, AriError
from ccenter.stasis.background import Background, LookUp
from ccenter.stasis.inbox import Inbox, Told
from ccenter.stasis.messages import Message
from ccenter.stasis.perform import Performer
from ccenter.stasis.phones import APP as PHONES_APP
from ccenter.stasis.phones import LOOK_AT_PHONES, Pages, Phones
from ccenter.stasis.reconcile import reconcile
from ccenter.stasis.translate import RULES, Live, translate

log = logging.getLogger(__name__)

APP = "ccenter"
SNAPSHOT_EVERY = 30.0  # seconds, if anything happened
SNAPSHOT_INPUTS = 5000  # so that a replay takes well below a second
CLEAN_END = 2.0  # seconds for the last commands when told to stop
ACCOUNTS_WITHIN = 5.0  # seconds a fresh Asterisk waits for its accounts before it takes calls without


class Options(Struct, frozen=True):
    """Where everything is. `look_up` answers the business data's questions; it blocks."""

    state: Path
    journal: Path
    recordings: Path
    database_url: str
    node: str
    ari_url: str
    ari_user: str
    ari_password: str
    ami_user: str
    ami_password: str
    look_up: LookUp


class Clock:
    """Seconds since 1970 that never go back, however the machine's clock is set meanwhile."""

    def __init__(self, not_before: float) -> None:
        self._offset = max(time.time(), not_before) - time.monotonic()  # noqa: TID251

    def __call__(self) -> float:
        return time.monotonic() + self._offset


class Runner:
    """One CTI server. `run` returns after SIGTERM or SIGINT."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.acd: Acd
        self.n = 0
        self._clock = Clock(0.0)
        self._live: Live = {}
        self._phones = Phones()
        self._linked = False
        self._since = ""  # which run of Asterisk we know
        self._desired: Desired | None = None
        self._unwritten: deque[tuple[int, float, events.AnyEvent | None, list[Fact], str]] = deque()
        self._early: list[events.AnyEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._snapshot_n = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Takes over, recovers, serves. Raises ApplicationReplaced, and OSError when the state cannot be written."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._lock_known = asyncio.Event()
        self._configured = asyncio.Event()
        self._accounts_known = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopping.set)
        lock = await self._take_lock()
        try:
            await self._serve()
        finally:
            os.close(lock)

    async def _serve(self) -> None:
        began = time.monotonic()
        o = self.options
        self.journal = Journal(o.journal)
        found = recovery.recover(self.journal)
        self._clock = Clock(found.at)
        inbox = Inbox(o.database_url, o.node, self._told(), recovery.recent_requests(self.journal), found.acd is None)
        self._inbox = inbox
        inbox.start()
        self.n = found.n
        if found.acd is not None:
            self.acd = found.acd
            log.info("%d inputs replayed in %.0f ms", found.replayed, (time.monotonic() - began) * 1000)
        elif not await self._first_config(found.whole):
            inbox.stop()
            return
        await self._lock_known.wait()  # ours, or the database is away: then the lock on the disk must do
        if found.acd is None or not found.whole or found.replayed > SNAPSHOT_INPUTS:
            self.journal.snapshot(self.n, self.acd.snapshot())
        self._snapshot_n = self.n
        self._background = Background(o.recordings, self.journal.sync, o.look_up)
        ari = Ari(o.ari_url, APP, o.ari_user, o.ari_password, o.ami_user, o.ami_password)
        phones = Ari(o.ari_url, PHONES_APP, o.ari_user, o.ari_password, o.ami_user, o.ami_password)
        async with ari, phones:
            self.ari = ari
            self._pages = Pages(phones, self._phones, self.feed)
            self.performer = Performer(o.node, ari, self._live, self._background, self._answered)
            self.accounts = Accounts(ari, o.state / "run" / f"{o.node}.accounts")
            self.feed(events.NodeDown(o.node))  # until we have looked
            for event in self._early:
                self._take(event)
            try:
                await self._until_stopped()
            finally:
                inbox.stop()
                await self._end()

    async def _until_stopped(self) -> None:
        jobs: list[asyncio.Task[None]] = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._watch_phones()),
            asyncio.create_task(self._pages.run()),
            asyncio.create_task(self._keep_snapshots()),
            asyncio.create_task(self._stopped()),
        ]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
        for job in done:
            job.result()  # raises what ended it

    async def _stopped(self) -> None:
        await self._stopping.wait()

    async def _end(self) -> None:
        """The last commands go out, the last snapshot is written."""
        if self._timer:
            self._timer.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_END):
                await self.performer.idle()
        self._background.close()
        for task in self._tasks:
            task.cancel()
        try:
            self._write()
            if not self._unwritten:
                self.journal.snapshot(self.n, self.acd.snapshot())
            self.journal.close()
        except OSError as error:
            log.error("the journal could not be closed: %s", error)

    # -- the one way in ----------------------------------------------------------------------------------------

    def feed(self, event: events.AnyEvent | None) -> None:
        """One input: an event, or None for time having passed. Core, journal, commands, in this order."""
        now = self._clock()
        self.n += 1
        error = ""
        try:
            out = self.acd.advance(now) if event is None else self.acd.handle(event, now)
        except Exception as raised:
            log.exception("input %d is passed over: %.300r", self.n, event)
            out, error = [], repr(raised)[:300]
        facts: list[Fact] = []
        wanted = []
        for x in out:
            if isinstance(x, Fact):
                facts.append(x)
            else:
                wanted.append(x)
        self._unwritten.append((self.n, now, event, facts, error))
        self._write()
        if event is not None:
            self.performer.noted(event)
        if wanted:
            self.performer.perform(wanted)
        self._arm()

    def _write(self) -> None:
        """Everything that is not on disk yet. A full disk does not end calls: it is written when there is room again."""
        waiting = self._unwritten
        try:
            while waiting:
                self.journal.append(*waiting[0])
                waiting.popleft()
        except OSError as error:
            if len(waiting) in (1, 1000, 100_000):
                log.critical("the journal cannot be written, %d inputs wait in memory: %s", len(waiting), error)

    def _arm(self) -> None:
        due = self.acd.next_deadline()
        if due == self._due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = due
        if due is not None:
            self._timer = self._loop.call_later(max(0.0, due - self._clock()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._due is not None and self._clock() >= self._due:
            self.feed(None)
        else:
            self._arm()  # a hair too early

    # -- Asterisk ----------------------------------------------------------------------------------------------

    async def _listen(self) -> NoReturn:
        await self.ari.listen(self._connected, self._heard, self._lost)

    def _heard(self, message: Message) -> None:
        if job := judging.step(self.ari, message):
            self._start(job)
        event = translate(message, self._live)
        if event is not None:
            for change in self._phones.ended(event, message):  # first, or the core would ring it for the same call at once
                self.feed(change)
            self.feed(event)

    async def _connected(self) -> None:
        """Brings Asterisk and the core together. Its events wait meanwhile. Raises AriError."""
        node = self.options.node
        info, *_ = await asyncio.gather(
            self.ari.asterisk.getInfo(),
            self.ari.applications.filter(*RULES, "ApplicationReplaced"),
            self.performer.open_hold(),
        )
        since = info.status.startup_time
        fresh = self.accounts.lost(since)
        restarted = fresh and bool(self._since or self.acd.legs)
        if fresh:
            await self._give_accounts(since)
        found = await reconcile(self.ari, node, self.acd.legs, self._live, restarted)
        up = found[-1]
        assert isinstance(up, events.NodeUp)
        self.performer.found(up.legs, up.bridges)
        if restarted:
            self._phones.asterisk_restarted()
            self._start(self._ask_phones())
        for event in found:
            self.feed(event)
        self._since = since
        self._linked = True
        if not fresh:
            self._start(self._push_accounts())
        self._say_ready()
        self._inbox.load.set()

    async def _give_accounts(self, since: str) -> None:
        """A new Asterisk first gets its phones: nobody is to be rung before."""
        self._inbox.load.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(ACCOUNTS_WITHIN):
                await self._accounts_known.wait()
        if self._desired is None:
            log.warning("no accounts yet: the database has not told them")
        else:
            await self._push(self._desired, since)

    async def _push(self, accounts: Desired, since: str) -> None:
        await self.accounts.push(accounts, since)
        await self._pages.follow(name for name in accounts if is_web(f"PJSIP/{name}"))

    async def _ask_phones(self) -> None:
        """Have Asterisk ask the phones now: by itself it does so some time in the next 20 s."""
        for phone in self._phones.online:
            with suppress(AriError):
                await self.ari.manager.PJSIPQualify(phone.partition("/")[2])

    async def _push_accounts(self) -> None:
        if self._desired is not None and self._linked:
            try:
                await self._push(self._desired, self._since)
            except AriError as error:
                log.warning("accounts are not pushed: %s", error)

    def _answered(self, event: events.AnyEvent) -> None:
        """What became of a command."""
        if isinstance(event, events.PhoneChanged):
            self._phones.lost(event.endpoint)
        self.feed(event)

    def _lost(self) -> None:
        self._linked = False
        self.feed(events.NodeDown(self.options.node))

    async def _watch_phones(self) -> None:
        while True:
            if self._linked:
                with suppress(AriError):
                    for change in await self._phones.look(self.ari):
                        self.feed(change)
            await asyncio.sleep(LOOK_AT_PHONES)

    def _say_ready(self) -> None:
        path = self.options.state / "run" / "cti.ready"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(os.getpid()))

    # -- the database ------------------------------------------------------------------------------------------

    def _told(self) -> Told:
        """The inbox's calls, carried over into the loop."""

        def over(call: object, *arguments: object) -> None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(call, *arguments)  # type: ignore[arg-type]

        return Told(
            lambda ours: over(self._on_lock, ours),
            lambda accounts: over(self._on_accounts, accounts),
            lambda *found: over(self._on_config, *found),
            lambda requests: over(self._on_requests, requests),
            lambda missed: over(self._on_missed, missed),
            self.journal.sync,
        )

    def _on_lock(self, ours: bool) -> None:
        if ours or hasattr(self, "acd"):
            self._lock_known.set()

    def _on_accounts(self, accounts: Desired) -> None:
        self._desired = accounts
        self._accounts_known.set()
        self._start(self._push_accounts())

    def _on_config(self, config: Config, seq: int, counter: int) -> None:
        self._first = (config, seq, counter)
        self._configured.set()
        if hasattr(self, "performer") and config != self.acd.config:
            self.feed(events.ConfigChanged(config))

    def _on_requests(self, requests: Sequence[events.AnyRequest | events.AnyOfficeRequest]) -> None:
        for request in requests:
            self._take(request)

    def _on_missed(self, missed: list[events.CallerMissed]) -> None:
        for caller in missed:
            self._take(caller)

    def _take(self, event: events.AnyEvent) -> None:
        """Feeds what the database brought; it may be quicker than our start."""
        if not hasattr(self, "performer"):
            self._early.append(event)
            return
        self.feed(event)
        if isinstance(event, events.CallerMissed):
            self._inbox.taken.append(event.missed)

    async def _first_config(self, whole: bool) -> bool:
        """A new core from the database; False when told to stop while waiting for it."""
        log.info("no snapshot: the configuration must come from the database")
        waits = [asyncio.create_task(self._configured.wait()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if self._stopping.is_set():
            return False
        config, seq, counter = self._first
        self.acd = recovery.begin(config, seq, counter, whole)
        return True

    # -- keeping -----------------------------------------------------------------------------------------------

    async def _take_lock(self) -> int:
        """The lock on the journal's folder, after whoever has it now. Its file stays open as long as we live."""
        self.options.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.options.journal / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("another CTI server works with %s: waiting for it to end", self.options.journal)
            stopping = asyncio.create_task(self._stopping.wait())
            waiting = asyncio.create_task(asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX))
            await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                os._exit(0)  # nothing was begun, and the thread cannot be called back
            stopping.cancel()
        return file

    async def _keep_snapshots(self) -> NoReturn:
        last = time.monotonic()
        frozen = False
        while True:
            await asyncio.sleep(1.0)
            inputs = self.n - self._snapshot_n
            if not inputs or (inputs < SNAPSHOT_INPUTS and time.monotonic() - last < SNAPSHOT_EVERY) or self._unwritten:
                continue
            last, self._snapshot_n = time.monotonic(), self.n
            self.journal.roll()
            try:
                await asyncio.to_thread(self.journal.keep, self.n, self.acd.snapshot())
            except OSError as error:
                log.error("no snapshot: %s", error)
            if not frozen:
                frozen = True
                gc.freeze()  # modules and configuration: not to be looked through at each collection

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def main(options: Options) -> int:
    """Runs a CTI server to its end; the process's exit status."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Runner(options).run())
    except ApplicationReplaced:
        log.critical("another process has taken over our application at Asterisk: ending")
        return 3
    return 0
