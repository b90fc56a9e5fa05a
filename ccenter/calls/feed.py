"""The feed: facts as they go on record, for screens and programs that know the last seq they saw.

Each web process has one `Hub`. It hears of new facts over Channels (Valkey away: by looking every second), reads them once,
keeps the latest in memory, and hands everybody what they may see (`telling` decides). What is older than its memory comes from
the database.
"""

import asyncio
import contextlib
import contextvars
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import connections

from ccenter.calls import history
from ccenter.calls.publisher import GROUP
from ccenter.calls.rights import Scope
from ccenter.calls.telling import Told, look, read, seen

log = logging.getLogger(__name__)

PAGE = 500  # facts in one answer at the most
REMEMBERED = 20_000  # facts in memory
LOOK_EVERY = 1.0  # seconds: when nobody tells of new facts
JOIN_EVERY = 3600.0  # the group forgets its members after a day
IDLE = 30.0  # seconds without anybody listening until the hub stops reading

P = ParamSpec("P")
R = TypeVar("R")


class Batch(NamedTuple):
    """Facts after a seq, in order. `seq` is what to ask from next; `more` is there already; `reset`: read all anew."""

    seq: int
    facts: list[bytes]
    more: bool = False
    reset: bool = False

    def encode(self) -> bytes:
        """{"seq": 12, "facts": [...], "more": false, "reset": false}"""
        tail = b'],"more":%s,"reset":%s}' % (b"true" if self.more else b"false", b"true" if self.reset else b"false")
        return b'{"seq":%d,"facts":[' % self.seq + b",".join(self.facts) + tail


class Hub:
    """The facts of one web process's event loop."""

    def __init__(self) -> None:
        self.seq = 0
        self._told: list[Told] = []  # without a gap, up to self.seq
        self._known = False
        self._news = asyncio.Event()
        self._listening = 0
        self._task: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(2, "feed")  # its own, each with a connection: waiting holds neither

    async def ask(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs something that asks the database, in a thread of the hub's."""
        run = database_sync_to_async(function, thread_sensitive=False, executor=self._threads)
        result: R = await run(*args, **kwargs)
        return result

    async def now(self) -> int:
        """The last seq on record."""
        return self.seq if self._known else await self.ask(history.last_seq)

    async def stop(self) -> None:
        """Ends the hub's task and threads."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await asyncio.gather(*(self.ask(connections.close_all) for _ in range(4)))
        self._threads.shutdown()

    async def since(self, seq: int, scope: Scope, timeout: float = 0.0) -> Batch:
        """What came after `seq` that one may see; waits `timeout` seconds for the first. Raises DatabaseError."""
        with self._listener():
            end = asyncio.get_running_loop().time() + timeout
            while True:
                batch = await self._take(seq, scope)
                left = end - asyncio.get_running_loop().time()
                if batch.facts or batch.reset or left <= 0:
                    return batch
                seq = batch.seq
                news = self._news
                if batch.more or self.seq > seq:
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), left)

    async def _take(self, seq: int, scope: Scope) -> Batch:
        if not self._known:
            return await self._from_database(seq, scope)
        if seq > self.seq:
            last = await self.ask(history.last_seq)
            return Batch(seq if seq <= last else last, [], reset=seq > last)
        if seq < (self._told[0].seq - 1 if self._told else self.seq):
            return await self._from_database(seq, scope)
        start = bisect_right(self._told, seq, key=lambda told: told.seq)
        last, facts = seq, []
        for number in range(start, len(self._told)):
            told = self._told[number]
            if text := seen(told, scope):
                last = told.seq
                facts.append(text)
                if len(facts) == PAGE:
                    return Batch(last, facts, more=last < self.seq)
        return Batch(self.seq, facts)

    async def _from_database(self, seq: int, scope: Scope) -> Batch:
        last = await self.ask(history.last_seq)
        if seq > last:
            return Batch(last, [], reset=True)
        facts, upto = await self.ask(look, scope, seq, PAGE)
        found = [text for at, text in facts if at <= last]  # what came after we looked comes next time, with nothing left out
        if upto is None or upto >= last:
            return Batch(last, found)
        return Batch(upto, found, more=True)

    # -- following ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _listener(self) -> Iterator[None]:
        self._listening += 1
        if self._task is None or self._task.done():
            # in a context of its own: it outlives the request that happens to start it
            self._task = asyncio.create_task(self._follow(), context=contextvars.Context())
        try:
            yield
        finally:
            self._listening -= 1

    async def _follow(self) -> None:
        """Reads new facts for as long as somebody listens, and a while longer."""
        loop = asyncio.get_running_loop()
        layer = get_channel_layer()
        channel, joined = "", 0.0
        left = loop.time() + IDLE
        try:
            while self._listening or loop.time() < left:
                left = loop.time() + IDLE if self._listening else left
                try:
                    if not channel or loop.time() - joined > JOIN_EVERY:
                        channel, joined = await self._join(layer, channel), loop.time()
                    await self._read()
                    await self._hear(layer, channel)
                except Exception as error:
                    log.warning("the feed cannot be read: %r", error)
                    channel = ""
                    await asyncio.sleep(LOOK_EVERY)
        finally:
            self._known, self._told = False, []
            if channel:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(layer.group_discard(GROUP, channel), LOOK_EVERY)

    async def _join(self, layer: Any, channel: str) -> str:
        """The channel, or a new one, in the group; "" while Valkey is away."""
        try:
            channel = channel or await asyncio.wait_for(layer.new_channel(), LOOK_EVERY)
            await asyncio.wait_for(layer.group_add(GROUP, channel), LOOK_EVERY)
            return channel
        except Exception as error:
            log.debug("no channel: %r", error)
            return ""

    async def _hear(self, layer: Any, channel: str) -> None:
        """Returns when there may be news."""
        if not channel:
            await asyncio.sleep(LOOK_EVERY)
            return
        with contextlib.suppress(TimeoutError):
            while True:
                message = await asyncio.wait_for(layer.receive(channel), LOOK_EVERY)
                if message.get("seq", 0) > self.seq:
                    return

    async def _read(self) -> None:
        if not self._known:
            self.seq, self._told = await self.ask(history.last_seq), []
            self._known = True
            self._tell()
        while True:
            told = await self.ask(read, self.seq, PAGE)
            if told:
                self._told += told
                del self._told[:-REMEMBERED]
                self.seq = told[-1].seq
                self._tell()
            if len(told) < PAGE:  # what comes after them is told of anew
                return

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        for old in [one for one in _hubs if one.is_closed()]:
            del _hubs[old]
        found = _hubs[loop] = Hub()
    return found
