"""Calling back at the console and on the pages, with sound: real browser, real SIP, real Asterisk."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger
from tests.asterisk.owed import becomes, closed_as, gives_up
from tests.asterisk.test_callbacks import Rules, numbers  # noqa: F401
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.phones import Caller

pytestmark = pytest.mark.usefixtures("nobody_is_owed")
Json = dict[str, Any]
PATIENCE = 20_000  # milliseconds


async def shows_hand(desk: Desk, state: str) -> None:
    """Till the callback in hand is shown in this state."""
    await expect(desk.at("#owed")).to_have_attribute("data-state", state, timeout=PATIENCE)
    await expect(desk.at("#owed")).to_be_visible()


async def test_given_a_caller_who_gave_up_when_the_agent_pulls_the_next_then_they_talk_and_no_answer_brings_them_back_later(
    desks: MakeDesk,
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],  # noqa: F811
    rules: Rules,
) -> None:
    await rules(mode="pull", retries={"no_answer": [3600]})
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    alice = await (await desks("a1001")).sign_in(ready=False)
    await expect(alice.key_of("X")).to_be_enabled()
    await alice.press("x")
    far = await pstn.ringing()
    await far.answer()
    await asyncio.gather(far.hears(MICROPHONE), alice.hears(pstn.tone))
    await shows_hand(alice, "TALKING")
    await alice.shows("#owed", caller.ani[-4:])
    await far.hangup()
    await shows_hand(alice, "RESULT")
    await alice.at("#owed [data-result=no_answer]").click()
    await expect(alice.at("#owed")).to_be_hidden(timeout=PATIENCE)
    await becomes(ledger, caller.ani, state="LATER", result="no_answer", attempts=1)
    ((wait,),) = ledger.rows("SELECT extract(epoch FROM due_at - now()) FROM calls_callbackentry WHERE id = %s", entry["id"])
    assert 3000 < wait <= 3600
    await alice.at("[data-kind=callbacks]").click()
    item = alice.at(f"#list [data-item='{entry['id']}']")
    await expect(item).to_contain_text(caller.ani[-4:])
    await expect(item.locator(".tag")).to_be_visible()  # when it is due


async def test_given_preview_when_the_agent_skips_and_then_accepts_by_key_then_the_customer_is_called_and_a_result_closes_it(
    desks: MakeDesk,
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],  # noqa: F811
    rules: Rules,
) -> None:
    await rules(mode="preview", skip_seconds=3600, preview_seconds=300)
    first, caller = callers(numbers["callbacks"]), callers(numbers["callbacks"])
    for one in (first, caller):
        await gives_up(ledger, one)
    alice = await (await desks("a1001")).sign_in()
    await shows_hand(alice, "PRESENTED")
    await alice.shows("#owed", first.ani[-4:])  # who asked first
    await expect(alice.at("#owed progress")).to_be_visible()
    await alice.press("s")
    await alice.shows("#owed", caller.ani[-4:])
    await expect(alice.at("#owed [data-owed=accept]")).to_be_enabled(timeout=PATIENCE)
    assert not pstn.dialogs, "nobody is called before somebody wants it"
    await alice.press("a")
    far = await pstn.ringing()
    await far.answer()
    await asyncio.gather(far.hears(MICROPHONE), alice.hears(pstn.tone))
    await shows_hand(alice, "TALKING")
    await alice.at("#owed [data-result=done]").click()
    await far.hangup()
    await closed_as(ledger, caller.ani, "done", attempts=1)
    await expect(alice.at("#owed")).to_be_hidden(timeout=PATIENCE)


@pytest.fixture
async def surge(ledger: Ledger, numbers: dict[str, str]) -> str:  # noqa: F811
    """All calls to the number of the callbacks are taken as long as one of its two lines is busy."""
    code = "t-surge"
    columns = (
        "code, name, enabled, position, curve, lines, hysteresis, every, exempt_orders, exempt_seconds, flow",
        "%s, %s, true, 0, %s, 2, 0.05, 0, false, 1, ''",
    )
    await ledger.configure(
        f"WITH made AS (INSERT INTO calls_surge ({columns[0]}) VALUES ({columns[1]}) RETURNING id)"
        " INSERT INTO calls_surge_numbers (surge_id, number_id) SELECT made.id, n.id FROM made, calls_number n WHERE n.number = %s",
        code,
        code,
        json.dumps([[0.5, 1.0]]),
        numbers["callbacks"],
        undo=(
            "WITH gone AS (DELETE FROM calls_surge_numbers WHERE surge_id IN (SELECT id FROM calls_surge WHERE code = %s))"
            " DELETE FROM calls_surge WHERE code = %s",
            (code, code),
        ),
    )
    return code


async def test_given_the_lead_looks_at_the_surge_when_calls_come_then_the_figures_move_and_the_callbacks_appear_by_themselves(
    desks: MakeDesk,
    callers: MakeCaller,
    ledger: Ledger,
    numbers: dict[str, str],  # noqa: F811
    surge: str,
) -> None:
    admin = await desks("admin", path="/callbacks/surge/")
    await expect(admin.at(f"[data-surge='{surge}']")).to_be_visible()
    before = int(await admin.at("[data-figure=captured] > b").inner_text())
    await admin.page.wait_for_selector("html[data-follows]")
    listed = await desks("admin", path=f"/callbacks/?dnis={numbers['callbacks']}")
    await listed.page.wait_for_selector("html[data-follows]")
    await expect(listed.at("#found tbody tr")).to_have_count(0)
    await admin.page.bring_to_front()
    first, second = callers(numbers["callbacks"]), callers(numbers["callbacks"])
    calls = [caller.dial() for caller in (first, second)]
    await expect(admin.at("[data-figure=captured] > b")).to_have_text(str(before + 2), timeout=PATIENCE)
    for call in calls:
        await call.wait_ended(timeout=20)  # the machine promises and lets go of the line
    spans = admin.at(".surge-grid .wide tbody tr")
    await expect(spans.first.locator("td").nth(4)).to_have_text("2", timeout=PATIENCE)
    await expect(spans.first.locator(".tag")).to_have_count(0, timeout=PATIENCE)  # it is over
    for caller in (first, second):
        await becomes(ledger, caller.ani, state="WAITING", source="surge")
    await listed.page.bring_to_front()
    await expect(listed.at("#found tbody tr")).to_have_count(2, timeout=PATIENCE)
    await expect(listed.at("#found tbody")).to_contain_text(first.ani[-4:])
    await expect(listed.at(".which .at .count")).to_have_text("2")
