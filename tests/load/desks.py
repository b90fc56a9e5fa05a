"""What people see, and how soon: the consoles of 60 seats and a lead's page, with calls going on. Nobody else offers this, so there is no peer.

Some consoles are pages in Chromium; the others are stand-ins, which ask the server for what a page asks for. A time of
painting is taken in the page, two frames after what is looked for came into it, by the clock of this machine.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
from playwright.async_api import Browser, async_playwright

from tests.browser.desk import Desk, flags
from tests.load.centre import Centre, Json, basic
from tests.load.ua import Call, Party, clock

CONSOLES, PAGES = 60, 2
RATE, TALK = 0.5, 100.0  # calls a second, and how long each talks: most of the seats are busy, as they are on a bad day
PATIENCE = 1.5  # seconds a caller waits who rings at a page, which does not answer
SECONDS, WARM_UP = 200.0, 20.0  # of calls, for the pops
CLICKS = 200
RELOADS = 20
CHANGES, CHANGED_OVER = 10.0, 2  # of seats' states, a second; and how often each
CALLS_A_DAY, WARM = 200, 60  # the list of one's own records is full at 50, and stays so
KNOWN = 0.5  # of the callers are customers with a history
NOTE_PAINTS = """
([where, attribute]) => {
  window.painted = [];
  const note = (one) => requestAnimationFrame(() => requestAnimationFrame(() =>
    painted.push([one.id, attribute ? one.getAttribute(attribute) : one.textContent, (performance.timeOrigin + performance.now()) / 1000])));
  new MutationObserver((changes) => {
    if (attribute) for (const { target } of changes) { if (target.matches(where)) note(target); }
    else document.querySelectorAll(where).forEach(note);
  }).observe(document.body, attribute ? { subtree: true, attributes: true, attributeFilter: [attribute] } : { childList: true, subtree: true });
}
"""
NOTE_CLICKS = """
() => {
  window.clicked = [];
  addEventListener("click", (event) => clicked.push((performance.timeOrigin + event.timeStamp) / 1000), true);
}
"""


def spread(times: list[float], asked: float, lost: int = 0) -> Json:
    """Quantiles in ms; `lost` never happened."""
    ordered = sorted(times) + [float("inf")] * lost

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)

    return {
        "p50_ms": at(0.5),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "samples": len(ordered),
        "lost": lost,
        "asked": {"p99_ms": asked},
    }


# -- consoles --------------------------------------------------------------------------------------------------


class StandIn:
    """A console as the server sees it: its feed, its lists, the pop of each call that rings. Times of `clock`."""

    def __init__(self, web: aiohttp.ClientSession, login: Json, popped: Callable[[Json, float], None]) -> None:
        self.web, self.agent, self.popped = web, login["extension"], popped
        self.headers = {"Authorization": f"Token {login['token']}"}

    async def get(self, path: str) -> Any:
        async with self.web.get(path, headers=self.headers) as answer:
            return await answer.json() if answer.status == 200 else None

    async def live(self) -> None:
        """Runs till it is cancelled."""
        seq = (await self.get("/api/feed/"))["seq"]
        for path in ("/api/seat/", "/api/waiting/", "/api/figures/", "/api/desk/callbacks/", "/api/desk/messages/"):
            await self.get(path)
        async with (
            asyncio.TaskGroup() as jobs,
            self.web.ws_connect(f"/ws/feed/?since={seq}&lines=1", headers=self.headers) as feed,
        ):
            looks = jobs.create_task(self._look())
            try:
                async for message in feed:
                    for fact in json.loads(message.data).get("facts", ()):
                        if fact["type"] == "CallOfferedTo" and fact["agent"] == self.agent:
                            jobs.create_task(self._pop(fact["call"]))
            finally:
                looks.cancel()

    async def _pop(self, call: str) -> None:
        for _ in range(20):
            if (pop := await self.get(f"/api/desk/pop/{call}/")) is not None:
                self.popped(pop, clock())
                return
            await asyncio.sleep(0.06)

    async def _look(self) -> None:
        """The waiting list, about as often as lists.js reads it."""
        while True:
            await asyncio.sleep(random.uniform(2, 6))
            await self.get("/api/waiting/")


class Room:
    """The consoles, open."""

    def __init__(self, centre: Centre, party: Party, browser: Browser, pages: list[Desk], others: list[Json]) -> None:
        self.centre, self.party, self.browser, self.pages, self.others = centre, party, browser, pages, others
        self.in_hand: dict[str, float] = {}  # what a stand-in's pop shows: when it came
        known = psycopg2.connect(centre.described["database_url"])
        with known, known.cursor() as cursor:
            cursor.execute(
                "SELECT right(p.number, 11), c.name FROM crm_customerphone p JOIN crm_customer c ON c.id = p.customer_id"
                " WHERE p.number ~ '^[+]861[0-9]{10}$' AND (SELECT count(*) FROM crm_customerphone o WHERE o.number = p.number) = 1"
            )
            self.customers: list[tuple[str, str]] = cursor.fetchall()
        known.close()

    def popped(self, pop: Json, at: float) -> None:
        names = [one["name"] for one in pop["customers"]] or [pop["call"]["number"]["text"][-4:]]
        self.in_hand.setdefault(names[0], at)

    async def calls(self, seconds: float, seed: int) -> list[tuple[Call, str]]:
        """Callers at RATE, known ones and new ones; each with what a pop shows of them."""
        dice = random.Random(seed)
        customers = itertools.cycle(dice.sample(self.customers, len(self.customers)))
        dnis, made = self.centre.numbers["direct"], []
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(dice.expovariate(RATE))
            number, name = next(customers) if dice.random() < KNOWN else ("", "")
            call = self.party.dial(dnis, dice.uniform(0.5, 1.5) * TALK, number=int(number) if number else None)
            made.append((call, name or call.ani[-4:]))
            loop.call_later(PATIENCE, self._impatient, call)
        return made

    async def talk(self, desk: Desk) -> Call:
        """A call that this page answers, alone. It goes on till somebody hangs up."""
        others = [page.login for page in self.pages if page is not desk] + self.others
        await self.centre.ask(others, "not-ready", {"reason": "training"})
        call = self.party.dial(self.centre.numbers["direct"], None)
        await desk.rings()
        await desk.press("F2")
        await desk.state("TALKING")
        await self.centre.ask(self.others, "ready", {})
        return call

    @asynccontextmanager
    async def watched(self, call: Call) -> AsyncIterator[tuple[str, aiohttp.ClientWebSocketResponse]]:
        """The id of this caller's channel, and what Asterisk tells of its bridges."""
        ari = self.centre.described["ari"]
        async with aiohttp.ClientSession(headers=basic(ari["user"], ari["password"]), raise_for_status=True) as session:
            async with session.get(f"{ari['url']}/ari/channels") as answer:
                (channel,) = [one["id"] for one in await answer.json() if call.ani in (one["caller"]["number"], one["id"])]
            async with session.ws_connect(f"{ari['url']}/ari/events?app=bench") as socket:
                where = f"{ari['url']}/ari/applications/bench/subscription"
                async with session.post(where, params={"eventSource": "bridge:"}):
                    yield channel, socket

    async def all_over(self) -> None:
        for call in list(self.party.callers.calls.values()):
            self.party.callers.hang_up(call)
        await self.party.callers.all_ended(within=10)

    def _impatient(self, call: Call) -> None:
        if not call.connected:
            self.party.callers.hang_up(call)


@asynccontextmanager
async def room(centre: Centre, party: Party) -> AsyncIterator[Room]:
    """60 seats with their consoles open, all ready; those in Chromium have the browser for a phone."""
    async with AsyncExitStack() as end:
        browser = await end.enter_async_context(_browser())
        logins = centre.logins[:CONSOLES]
        await centre.ask(centre.logins, "sign-out", {})
        pages = []
        for login in logins[:PAGES]:
            desk = await Desk.open(browser, centre.described, login)
            end.push_async_callback(desk.close)
            await desk.sign_in()
            pages.append(desk)
        others = logins[PAGES:]
        await centre.sign_in(others)
        web = await end.enter_async_context(
            aiohttp.ClientSession(centre.described["web"], connector=aiohttp.TCPConnector(limit=0))
        )
        made = Room(centre, party, browser, pages, others)
        party.take_phones(media=True)
        async with asyncio.TaskGroup() as open_consoles:
            live = [open_consoles.create_task(StandIn(web, login, made.popped).live()) for login in others]
            yield made
            for console in live:
                console.cancel()


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    found = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=found, args=flags(Path(folder)))
            yield browser
            await browser.close()


# -- measures --------------------------------------------------------------------------------------------------


async def pops(place: Room) -> AsyncIterator[Json]:
    """INVITE to the painted pop."""
    await place.calls(WARM_UP, seed=0)  # a page's first pop takes longer: its scripts are compiled
    for desk in place.pages:
        await desk.page.evaluate(NOTE_PAINTS, ["#pop h1", ""])
    played = await place.calls(SECONDS, seed=1)
    await place.party.callers.all_ended(within=TALK * 2)
    painted: dict[str, float] = {}
    for desk in place.pages:
        for _, text, at in await desk.page.evaluate("painted"):
            painted.setdefault(text, at)
    rang = [(call, shown) for call, shown in played if not call.offered]  # at a page: the others' phones are ours, and say so

    def after(call: Call, shown: str, times: dict[str, float]) -> float | None:
        return next((at - call.sent for text, at in times.items() if shown in text and 0 < at - call.sent < 10), None)

    in_pages = [after(call, shown, painted) for call, shown in rang]
    in_hand = [after(call, shown, place.in_hand) for call, shown in played if call.offered]
    name = f"INVITE to the painted pop, {CONSOLES} consoles, {RATE:g} calls/s"
    yield {
        "measure": name,
        "ours": spread([at for at in in_pages if at is not None], 150, in_pages.count(None)),
        "in_hand_of_the_others": spread([at for at in in_hand if at is not None], 150, in_hand.count(None)),
    }


async def clicks(place: Room) -> AsyncIterator[Json]:
    """An agent's click on hold and resume to Asterisk's own time of the customer's leaving and entering the bridge."""
    desk = place.pages[0]
    call = await place.talk(desk)
    load = asyncio.create_task(place.calls(CLICKS * 0.3, seed=2))
    times: list[float] = []
    async with place.watched(call) as (channel, events):
        await desk.page.evaluate(NOTE_CLICKS)
        for hold in (True, False) * (CLICKS // 2):
            await desk.page.wait_for_selector("#call button:has(kbd:text-is('F8')):enabled")
            await desk.key_of("F8").click()
            left = await _heard(events, "ChannelLeftBridge", channel)
            entered = await _heard(events, "ChannelEnteredBridge", channel)
            times.append((left if hold else entered) - await desk.page.evaluate("clicked.at(-1)"))
    await load
    await place.all_over()
    name = f"click to effect at Asterisk (hold, resume), {CONSOLES} consoles, {RATE:g} calls/s"
    yield {"measure": name, "ours": spread(times, 50)}


async def reloads(place: Room) -> AsyncIterator[Json]:
    """A console loaded anew in a call, to Asterisk's own time of the customer's being back with the agent."""
    desk = place.pages[0]
    call = await place.talk(desk)
    times: list[float] = []
    async with place.watched(call) as (channel, events):
        for _ in range(RELOADS):
            asked = clock()
            await desk.page.reload(wait_until="commit")
            times.append(await _heard(events, "ChannelEnteredBridge", channel, "mixing") - asked)
            await desk.loaded()
            await desk.state("TALKING")
    await place.all_over()
    yield {"measure": f"a reload in a call to the customer's being back, {CONSOLES} consoles", "ours": spread(times, 3000)}


async def lead(place: Room) -> AsyncIterator[Json]:
    """A seat's change, from before it is asked for, to its paint on the page of a lead who sees all seats."""
    centre = place.centre
    await centre.sign_in(centre.logins)
    boss = next(login for login in centre.described["logins"] if login["role"] == "administrator")
    desk = await Desk.open(place.browser, centre.described, boss, "en")
    await desk.page.goto(f"{desk.web}/lead/")
    await desk.page.wait_for_selector(f"#seat-{centre.logins[-1]['extension']}[data-state=READY]", state="attached")
    shown = await desk.page.evaluate(
        "[...document.querySelectorAll('.seat')].filter((one) => one.getBoundingClientRect().bottom < innerHeight).map((one) => one.id)"
    )
    await desk.page.evaluate(NOTE_PAINTS, [".seat", "data-state"])
    changed = [login for login in centre.logins[CONSOLES:] if f"seat-{login['extension']}" in shown]
    asked: dict[tuple[str, str], float] = {}
    async with asyncio.TaskGroup() as jobs:
        for action, body, state in (("not-ready", {"reason": "training"}, "NOT_READY"), ("ready", {}, "READY")) * CHANGED_OVER:
            for login in changed:
                asked[f"seat-{login['extension']}", state] = clock()
                jobs.create_task(centre.seat(login, action, body))
                await asyncio.sleep(1 / CHANGES)
    found = {(seat, state): at for seat, state, at in await desk.page.evaluate("painted")}
    times = [found[key] - at for key, at in asked.items() if key in found]
    await desk.close()
    name = f"a seat's change to the lead's page, {len(centre.logins)} seats ({len(shown)} in view), {CHANGES:g} changes/s, {CONSOLES} consoles"
    yield {"measure": name, "ours": spread(times, 200, len(asked) - len(times))}


async def memory(place: Room) -> AsyncIterator[Json]:
    """What a console holds after a day of calls, each answered, ended, recorded: after garbage collection, against WARM calls."""
    desk = place.pages[0]
    tools = await desk.page.context.new_cdp_session(desk.page)
    await tools.send("Performance.enable")

    async def held() -> Json:
        await tools.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in (await tools.send("Performance.getMetrics"))["metrics"]}
        return {
            "heap_mb": round(metrics["JSHeapUsedSize"] / 1e6, 2),
            "nodes": int(metrics["Nodes"]),
            "listeners": int(metrics["JSEventListeners"]),
        }

    before: Json = {}
    for number in range(1, CALLS_A_DAY + 1):
        call = await place.talk(desk)
        place.party.callers.hang_up(call)
        await desk.page.wait_for_selector("#states:not([data-state=TALKING])")
        await desk.at("#summary").fill(f"call {number}")
        await desk.at(".wrap .pills button").first.click()
        await desk.press("Control+Enter")
        await desk.state("READY")
        if number == WARM:
            before = await held()
    after = await held()
    yield {
        "measure": f"a console after {CALLS_A_DAY} calls, against {WARM}",
        "ours": after,
        "before": before,
        "asked": "no growth",
    }


async def _heard(socket: aiohttp.ClientWebSocketResponse, kind: str, channel: str, bridge: str = "") -> float:
    """When it happened, by Asterisk's time stamp; `bridge`: of this type only. TimeoutError after 10 s."""
    async with asyncio.timeout(10):
        async for message in socket:
            event = json.loads(message.data)
            if event["type"] == kind and event["channel"]["id"] == channel and bridge in ("", event["bridge"]["bridge_type"]):
                return datetime.fromisoformat(event["timestamp"]).timestamp()
    raise TimeoutError(kind)


async def measure(centre: Centre, party: Party, say: Callable[[str], None]) -> AsyncIterator[Json]:
    """All of them, one after the other."""
    async with room(centre, party) as place:
        say(f"{CONSOLES} consoles are open, {PAGES} of them in Chromium")
        for results in (pops(place), clicks(place), reloads(place), memory(place), lead(place)):
            async for result in results:
                yield result
