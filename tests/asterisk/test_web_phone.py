"""A seat with the browser as its phone, without a browser: accounts come and go with sign-ins, and a call outlives its page.

The page of these tests speaks SIP over a websocket and answers, but sends no sound; what the customer hears is real.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.record import call_of, in_order, kinds, reaches, timeline
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Ari, Refused
from tests.phones.web import WebPhone

Json = dict[str, Any]
PLACE = 5


class WebSeat:
    """An agent at a browser. `account` is what the sign-in answered."""

    def __init__(self, stack: Json, login: Json) -> None:
        self.api, self.ari = Api(stack, login), Ari(stack)
        self.agent: str = login["extension"]
        self.account: Json = {}
        self.pages: list[WebPhone] = []

    async def sign_in(self) -> None:
        await self.api.post("/api/seat/sign-in/", {"phone": "browser", "ready": True})
        self.account = await self.api.get("/api/seat/phone/")

    async def page(self, patience: float = 15.0, may_be_silent: int = 60) -> WebPhone:
        """A page, loaded and registered; it never speaks, and is given up after so many seconds of a call."""
        made = WebPhone(self.account)
        self.pages.append(made)
        await made.__aenter__()
        deadline = time.monotonic() + patience
        while (status := await made.register()) != 200:
            assert time.monotonic() < deadline, f"the page cannot register: {status}"
        await self.ari.silence_noticed(self.account["endpoint"], may_be_silent)
        return made

    async def close(self) -> None:
        for page in self.pages:
            await page.leave()
        with contextlib.suppress(Refused):
            await self.api.post("/api/seat/sign-out/", {})
        await self.api.close()

    async def wait(self, timeout: float = 15.0, **wanted: Any) -> None:
        """Till the seat is shown with these values."""
        await self.api.wait_for("/api/seat/", lambda seat: wanted.items() <= seat.items(), timeout)


@pytest.fixture
async def dora(no_leaks: None, stack: Json, logins: list[Json]) -> AsyncIterator[WebSeat]:
    """Signed in at a browser, not loaded yet."""
    made = WebSeat(stack, logins[PLACE])
    try:
        await made.sign_in()
        yield made
    finally:
        await made.close()


def seconds(one: Json, other: Json) -> float:
    """Between two facts."""
    return (datetime.fromisoformat(other["at"]) - datetime.fromisoformat(one["at"])).total_seconds()


async def talking(seat: WebSeat, page: WebPhone, caller: Caller) -> tuple[Dialog, Dialog]:
    call = caller.dial()
    ringing = await page.ringing()
    assert ringing.header("X-CC-Call") and not ringing.header("Call-Info")
    await ringing.answer()
    await call.wait_answered()
    await seat.wait(state="TALKING")
    return call, ringing


async def test_given_a_sign_in_with_the_browser_then_its_account_is_there_at_once_and_gone_after_the_sign_out(
    dora: WebSeat, ledger: Ledger
) -> None:
    name = dora.account["endpoint"]
    assert re.fullmatch(rf"w{dora.agent}-[0-9a-f]{{8}}", name) and len(dora.account["password"]) >= 20
    page = await dora.page()
    await dora.wait(state="READY", online=True)
    assert (await dora.api.get("/api/seat/phone/"))["endpoint"] == name
    await dora.api.post("/api/seat/sign-out/", {})
    await dora.wait(state="LOGGED_OUT")
    await until(lambda: not ledger.rows("SELECT 1 FROM calls_webphone WHERE endpoint = %s", name), 20, "the row is gone")
    deadline = time.monotonic() + 15
    while await page.register() == 200:
        assert time.monotonic() < deadline, "the account outlives its sign-in"
    with pytest.raises(Refused) as none:
        await dora.api.get("/api/seat/phone/")
    assert none.value.status == 404


async def test_given_a_row_when_it_is_committed_then_its_account_is_pushed_and_with_the_row_it_goes(
    stack: Json, dora: WebSeat, ledger: Ledger
) -> None:
    name = f"w{dora.agent}-00c0ffee"
    account = {**dora.account, "endpoint": name, "password": "of-this-test"}
    row = "INSERT INTO calls_webphone (agent_id, endpoint, password, created_at) SELECT id, %s, %s, now() FROM calls_agent WHERE number = %s"
    async with WebPhone(account) as page:
        assert await page.register() != 200
        async with asyncio.timeout(30):
            for _ in range(2):
                ledger.rows(row, name, account["password"], dora.agent)
                while await page.register() != 200:
                    pass
                ledger.rows("DELETE FROM calls_webphone WHERE endpoint = %s", name)
                while await page.register() == 200:
                    pass
        page.registered = False


async def test_given_a_page_closed_in_a_call_then_the_customer_hears_music_and_is_back_with_the_agent_when_the_page_is(
    dora: WebSeat, carol: Caller, lead: Api
) -> None:
    page = await dora.page()
    call, _ = await talking(dora, page, carol)
    await page.leave()
    await reaches(lead, carol, "AgentAway")
    await call.hears_sound()
    dora.account = await dora.api.get("/api/seat/phone/")
    again = await dora.page()
    ring = await again.ringing()
    assert ring.header("Call-Info") and ring.header("X-CC-Call"), "answers by itself"
    await ring.wait_answered()
    await reaches(lead, carol, "AgentBack")
    await dora.wait(state="TALKING", online=True)
    assert not call.ended
    await call.hangup()
    await ring.wait_ended()
    facts = kinds(await timeline(lead, await call_of(lead, carol)))
    assert in_order(facts, "CallConnected", "AgentAway", "AgentBack", "CallEnded") and "CallRequeued" not in facts


async def test_given_a_page_that_does_not_come_back_in_time_then_another_agent_has_the_same_call_with_its_history(
    dora: WebSeat, carol: Caller, lead: Api, ledger: Ledger, seats: Callable[..., Any]
) -> None:
    await ledger.waits_for_lost_phones(4)
    page = await dora.page()
    call, first = await talking(dora, page, carol)
    ident = first.header("X-CC-Call")
    await page.leave()
    gone = await reaches(lead, carol, "AgentAway")
    bob = await seats(1)  # ready at once, and not rung before the time is up
    await call.hears_sound()
    ringing = await bob.phone.ringing()
    requeued = await reaches(lead, carol, "CallRequeued", reason="agent_lost")
    assert 4 <= seconds(gone, requeued) < 9 and ringing.header("X-CC-Call") == ident
    told = (await bob.api.get(f"/api/desk/pop/{ident}/"))["call"]["path"]
    said = {step["step"]: step["text"] for step in told}
    assert dora.agent in said["talk"] and dora.agent in said["away"] and in_order(list(said), "talk", "away", "requeue"), told
    await ringing.answer()
    await asyncio.gather(call.hears(bob.tone), ringing.hears(carol.tone))
    await dora.wait(state="NOT_READY", online=False, call=None)
    again = await dora.page()
    await dora.wait(online=True)
    assert again.missed() == [] and not again.dialogs, "the call is somebody else's"
    await call.hangup()
    record = await call_of(lead, carol)
    assert (record["id"], record["answered_by"], record["agent"], record["outcome"]) == (ident, dora.agent, bob.agent, "ANSWERED")
    facts = await timeline(lead, record)
    assert in_order(kinds(facts), "CallConnected", "AgentAway", "CallRequeued", "CallOfferedTo", "CallConnected", "CallEnded")
    assert [fact["agent"] for fact in facts if fact["type"] == "CallConnected"] == [dora.agent, bob.agent]
    assert [step["agent"] for step in record["steps"] if step["step"] == "talk"] == [dora.agent, bob.agent]


async def test_given_a_colleague_consulted_at_a_browser_whose_page_is_lost_then_the_agent_hears_music_till_they_are_back(
    dora: WebSeat, carol: Caller, lead: Api, seats: Callable[..., Any]
) -> None:
    bob = await seats(1)
    call, phone = await bob.talks_with(carol)
    page = await dora.page()
    await bob.do("consult", to="agent", agent=dora.agent)
    await (await page.ringing()).answer()
    await dora.wait(state="TALKING")
    await asyncio.gather(phone.hears_silence(), call.hears_sound())
    await page.leave()
    await reaches(lead, carol, "AgentAway", agent=dora.agent)
    await asyncio.gather(phone.hears_sound(), call.hears_sound())
    again = await dora.page()
    ring = await again.ringing()
    assert ring.header("Call-Info") and ring.caller_id.endswith(bob.agent), "answers by itself"
    await ring.wait_answered()
    await reaches(lead, carol, "AgentBack", agent=dora.agent)
    await phone.hears_silence()  # pages of these tests do not speak
    await bob.do("join-all")
    await asyncio.gather(call.hears(bob.tone), phone.hears(carol.tone))
    await again.leave()
    await reaches(lead, carol, "AgentAway", 2, agent=dora.agent)
    await asyncio.gather(call.hears(bob.tone), phone.hears(carol.tone))  # two who talk need no music
    await call.hangup()
    facts = kinds(await timeline(lead, await call_of(lead, carol)))
    assert in_order(facts, "ConsultAnswered", "AgentAway", "AgentBack", "ConferenceStarted", "AgentAway", "CallEnded")


async def test_given_a_called_colleague_whose_page_is_lost_then_the_caller_hears_music_and_the_same_call_is_back(
    dora: WebSeat, lead: Api, seats: Callable[..., Any]
) -> None:
    bob = await seats(1, ready=False)
    page = await dora.page()
    await bob.do("dial", number=dora.agent)
    phone = await bob.phone.ringing()
    await phone.answer()
    ringing = await page.ringing()
    await ringing.answer()
    await dora.wait(state="TALKING")
    await phone.hears_silence()
    await page.leave()
    await phone.hears_sound()
    again = await dora.page()
    ring = await again.ringing()
    assert ring.header("X-CC-Call") == ringing.header("X-CC-Call") and ring.header("Call-Info")
    await ring.wait_answered()
    await phone.hears_silence()
    assert not phone.ended
    await phone.hangup()
    await ring.wait_ended()


@pytest.mark.parametrize("crash", [False, True])
async def test_given_a_page_loaded_anew_at_once_then_the_call_goes_on_there(
    dora: WebSeat, carol: Caller, lead: Api, crash: bool
) -> None:
    page = await dora.page()
    call, _ = await talking(dora, page, carol)
    await page.leave(crash=crash)
    again = await dora.page()
    await (await again.ringing()).wait_answered()
    await reaches(lead, carol, "AgentBack")
    assert not call.ended
    await call.hangup()


async def test_given_a_browser_that_falls_silent_then_the_customer_hears_music_and_the_call_is_put_through_again(
    dora: WebSeat, carol: Caller, lead: Api
) -> None:
    page = await dora.page(may_be_silent=5)
    call, ringing = await talking(dora, page, carol)
    await reaches(lead, carol, "AgentAway")
    await asyncio.gather(ringing.wait_ended(), call.hears_sound())
    await (await page.ringing(timeout=20)).wait_answered()
    await reaches(lead, carol, "AgentBack")
    await call.hangup()


async def test_given_a_customer_who_hangs_up_while_the_page_is_away_then_the_agent_is_free_when_it_is_back(
    dora: WebSeat, carol: Caller, lead: Api
) -> None:
    page = await dora.page()
    call, _ = await talking(dora, page, carol)
    await page.leave()
    await reaches(lead, carol, "AgentAway")
    await call.hangup()
    again = await dora.page()
    await dora.wait(online=True)
    assert again.missed() == []


async def test_given_a_ringing_page_that_is_closed_then_the_caller_goes_to_somebody_else(
    dora: WebSeat, callers: MakeCaller, seats: Callable[..., Any]
) -> None:
    page = await dora.page()
    await dora.wait(state="READY", online=True)
    bob = await seats(1, ready=False)
    caller = callers("direct")
    call = caller.dial()
    await page.ringing()
    await page.leave()
    await bob.ready()
    other = await bob.phone.ringing()
    await other.answer()
    await call.hears(bob.tone)
    await call.hangup()


async def test_given_asterisk_killed_when_it_is_back_then_the_page_registers_with_the_account_it_has_and_is_rung(
    stack: Json, dora: WebSeat, carol: Caller
) -> None:
    page = await dora.page()
    await dora.wait(state="READY", online=True)
    old = stacks.kill(Path(stack["state"]), "asterisk")
    await asyncio.to_thread(stacks.wait_up, Path(stack["state"]), "asterisk", old)
    await page.leave()
    again = await dora.page(patience=30)
    await dora.wait(30, state="READY", online=True)
    call = carol.dial()
    await (await again.ringing()).answer()
    await call.wait_answered()
    await again.leave()
    await dora.wait(15, online=False)
    await call.hangup()
