"""The people of a TV spot: agents at 60 desk phones, and those they call back. Each lot is one socket; nobody speaks."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp

from tests.load import wire
from tests.load.centre import Centre, Json
from tests.load.rtp import Pump
from tests.load.ua import Phones, clock

OK, BUSY, NOT_FOUND = b"200 OK", b"486 Busy Here", b"404 Not Found"


class Plan(NamedTuple):
    """What somebody does who is rung: this answer after so many seconds, and after OK hangs up when so many more are over."""

    answer: bytes  # b"" lets it ring
    after: float = 0.0
    talk: float | None = None  # None: the other side hangs up


@dataclass(slots=True, eq=False)
class Rung:
    """One INVITE at a phone, and what became of it. Times of `clock`; 0 where it did not happen."""

    invite: wire.Text
    tag: bytes
    at: float
    plan: Plan
    last: bytes = b""  # what was answered last
    connected: float = 0.0
    over: float = 0.0

    @property
    def dialled(self) -> str:
        return self.invite.dialled

    @property
    def shown(self) -> str:
        """The last eleven digits of the number that rings."""
        digits = self.invite.sender.partition(b"sip:")[2].partition(b"@")[0]
        return digits.decode()[-11:]


class People(Phones):
    """Phones that do what `plan` says; `connected` is told of each that is answered, `over` of each end."""

    def __init__(self, server: tuple[str, int], pump: Pump, plan: Callable[[wire.Text], Plan], port: int = 0) -> None:
        super().__init__("127.0.0.1", server, pump, port)
        self.plan = plan
        self.talks: Callable[[Rung], None] = lambda _: None
        self.over: Callable[[Rung], None] = lambda _: None
        self.all: list[Rung] = []
        self._rung: dict[bytes, Rung] = {}
        self._numbers = itertools.count(1)

    def hang_up(self, rung: Rung) -> None:
        if rung.over or not rung.connected:
            return
        invite, call_id = rung.invite, rung.invite.call_id
        here = f"{self.door.host}:{self.door.port}".encode()
        headers = b"".join(
            (
                b"Via: SIP/2.0/UDP %s;branch=z9hG4bKb%s%s;rport\r\nMax-Forwards: 70\r\n" % (here, rung.tag, call_id[:12]),
                b"From:%s;tag=%s\r\nTo:%s\r\n" % (invite.to[3:], rung.tag, invite.sender[5:]),
                b"Call-ID: %s\r\nCSeq: 1 BYE\r\n" % call_id,
            )
        )
        self.door.ask(b"b" + call_id, wire.request("BYE", invite.contact, headers))
        self._ended(rung)

    def _on(self, text: wire.Text, at: float, data: bytes) -> None:
        if text.status:
            self.door.settle(b"b" + text.call_id)
            super()._on(text, at, data)
            return
        rung = self._rung.get(text.call_id)
        if text.method == b"INVITE" and rung is None:
            self._begins(text, at)
        elif text.method == b"INVITE" and rung is not None and not text.in_dialog:
            self.door.send(rung.last)
        elif text.method == b"ACK":
            self._settled(rung, at)
        elif text.method == b"CANCEL" and rung is not None:
            self.door.send(wire.answer(text, OK, rung.tag))
            if not rung.plan.answer or not rung.last.startswith(b"SIP/2.0 200"):
                self._says(rung, b"487 Request Terminated")
                self._ended(rung)
        else:
            body = self._sdp if text.method == b"INVITE" else b""
            self.door.send(wire.answer(text, OK, b"p", self._contact, body))
            if text.method == b"BYE" and rung is not None:
                self._ended(rung)

    def _begins(self, text: wire.Text, at: float) -> None:
        rung = self._rung[text.call_id] = Rung(text, b"p%d" % next(self._numbers), at, self.plan(text))
        self.all.append(rung)
        rung.last = wire.answer(text, b"180 Ringing", rung.tag, self._contact)
        self.door.send(rung.last)
        if rung.plan.answer:
            self._loop.call_later(rung.plan.after, self._answers, rung)

    def _answers(self, rung: Rung) -> None:
        if rung.over:
            return
        self._says(rung, rung.plan.answer)
        if rung.plan.answer != OK:
            self._ended(rung)

    def _says(self, rung: Rung, status: bytes) -> None:
        extra, sdp = (self._contact + wire.ALLOW, self._sdp) if status == OK else (b"", b"")
        rung.last = wire.answer(rung.invite, status, rung.tag, extra, sdp)
        self.door.ask(rung.invite.call_id, rung.last)

    def _settled(self, rung: Rung | None, at: float) -> None:
        """Their ACK."""
        if rung is None:
            return
        self.door.settle(rung.invite.call_id)
        if rung.over or rung.connected:
            return
        rung.connected = at
        if rung.plan.talk is not None:
            self._loop.call_later(rung.plan.talk, self.hang_up, rung)
        self.talks(rung)

    def _ended(self, rung: Rung) -> None:
        if not rung.over:
            rung.over = clock()
            self.over(rung)


class Customers:
    """The far side of the trunk: whoever is called back. What they do is decided by number and attempt, not by time."""

    def __init__(self, server: tuple[str, int], pump: Pump, port: int, seed: int, back: tuple[float, float]) -> None:
        self.people = People(server, pump, self._plan, port)
        self.people.over = self._over
        self.seed, self.back = seed, back
        self.times: Counter[str] = Counter()  # number -> how often rung
        self.first: dict[str, float] = {}  # number -> when first
        self.live: dict[str, int] = {}
        self.twice: list[str] = []  # rung while being rung, or talking
        self.results: Counter[str] = Counter()

    def _plan(self, text: wire.Text) -> Plan:
        number = text.dialled[-11:]
        self.times[number] += 1
        self.first.setdefault(number, clock())
        if self.live.get(number):
            self.twice.append(number)
        self.live[number] = self.live.get(number, 0) + 1
        dice = random.Random(f"{self.seed} {number} {self.times[number]}")
        chance = dice.random()
        if chance < 0.70:
            plan, result = Plan(OK, dice.uniform(0.2, 1.0), dice.uniform(*self.back)), "answers"
        elif chance < 0.82:
            plan, result = Plan(BUSY, 0.1), "busy"
        elif chance < 0.97:
            plan, result = Plan(b""), "no_answer"
        else:
            plan, result = Plan(NOT_FOUND, 0.1), "wrong_number"
        self.results[result] += 1
        return plan

    def _over(self, rung: Rung) -> None:
        number = rung.dialled[-11:]
        self.live[number] -= 1
        if not self.live[number]:
            del self.live[number]


class Agents:
    """They answer at once, talk with who called and hang up; of who was called back they say what came of it."""

    def __init__(
        self, centre: Centre, desks: People, customers: Customers, logins: list[Json], talk: tuple[float, float]
    ) -> None:
        self.centre, self.desks, self.customers, self.talk = centre, desks, customers, talk
        self.logins = {login["extension"]: login for login in logins}
        self.callers: list[Rung] = []  # who called and was put through to a phone
        self.said: Counter[str] = Counter()  # status of what was said of a callback
        self._callbacks: dict[str, asyncio.Future[str]] = {}  # call -> callback, as the feed tells
        self._jobs: set[asyncio.Task[None]] = set()
        self._dice = random.Random(1)
        desks.plan = lambda _: Plan(OK, self._dice.uniform(0.1, 0.3))
        desks.talks = self._talks

    async def listen(self) -> None:
        """The feed of facts, which tells of what callback a call is an attempt. Runs till it is cancelled."""
        headers = {"Authorization": f"Token {self.centre.boss['token']}"}
        since = (await self.centre.api("/api/feed/"))["seq"]
        while True:
            try:
                async with self.centre.web.ws_connect(f"/ws/feed/?since={since}", headers=headers, max_msg_size=0) as feed:
                    async for message in feed:
                        batch = json.loads(message.data)
                        since = batch["seq"]
                        for fact in batch["facts"]:
                            if fact["type"] == "CallStarted" and fact.get("callback"):
                                known = self._of(fact["call"])
                                if not known.done():
                                    known.set_result(fact["callback"])
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)

    def _of(self, call: str) -> asyncio.Future[str]:
        return self._callbacks.setdefault(call, asyncio.get_running_loop().create_future())

    def _talks(self, rung: Rung) -> None:
        if rung.shown in self.customers.live:
            job = asyncio.create_task(self._say(rung))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)
        else:
            self.callers.append(rung)
            asyncio.get_running_loop().call_later(self._dice.uniform(*self.talk), self.desks.hang_up, rung)

    async def _say(self, rung: Rung) -> None:
        try:
            callback = await asyncio.wait_for(self._of(rung.invite.about.decode()), 15)
            login = self.logins[rung.dialled]
            status, _ = await self.centre.seat(login, "callback-result", {"callback": callback, "result": "done"})
        except (TimeoutError, aiohttp.ClientError) as error:
            self.said[type(error).__name__] += 1
        else:
            self.said[str(status)] += 1


def at_share(times: list[float], share: float) -> float:
    """The quantile, in seconds; 0 of nothing."""
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0


def spread(times: list[float]) -> dict[str, Any]:
    """Quantiles in seconds."""
    return {name: at_share(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))}
