"""Nobody is lost and nobody is dialled twice, over real SIP: who is owed a call, who rings in again, a core killed at the worst moment."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy import stack as stacks
from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.owed import QUEUE, becomes, closed_as, gives_up, release, row, whole
from tests.asterisk.record import call_of
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Refused, Seat

pytestmark = pytest.mark.usefixtures("nobody_is_owed")
Rules = Callable[..., Any]
BUSY_HERE = 486


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


@pytest.fixture
async def alice(seats: Callable[..., Any]) -> Seat:
    """Signed in and not ready: callers here are to give up, not to be put through."""
    seat: Seat = await seats(0, ready=False)
    return seat


@pytest.fixture
async def bob(seats: Callable[..., Any]) -> Seat:
    seat: Seat = await seats(1, ready=False)
    return seat


# -- who is owed a call ----------------------------------------------------------------------------------------------


async def in_the_menu(caller: Caller) -> None:
    call = await caller.dial().wait_answered()
    await call.hangup()


async def with_a_message(caller: Caller) -> None:
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "voicemail-greeting")
    since = call.media.ticks
    await call.media.until(lambda: call.media.ticks - since > 150, 8, "the beep is over and a second and a half spoken")
    await call.hangup()


async def when_closed(caller: Caller) -> None:
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "please-wait")
    await call.wait_ended(10)


@pytest.mark.parametrize(
    ("source", "number", "calls"),
    [("menu", "choices", in_the_menu), ("voicemail", "nobody", with_a_message), ("closed", "hours", when_closed)],
)
async def test_given_a_caller_who_reached_nobody_then_it_is_one_callback_that_knows_why_and_what_was_called(
    source: str, number: str, calls: Callable[..., Any], callers: MakeCaller, ledger: Ledger, numbers: dict[str, str]
) -> None:
    caller = callers(numbers[number])
    await calls(caller)
    entry = await becomes(ledger, caller.ani, state="WAITING", source=source)
    assert (entry["dnis"], entry["times_asked"]) == (caller.dnis, 1)
    assert len(ledger.rows("SELECT 1 FROM calls_callbackentry WHERE number = %s", whole(caller.ani))) == 1


async def test_given_one_who_is_owed_a_call_when_they_ring_in_and_give_up_again_then_it_is_one_callback_at_the_first_place(
    callers: MakeCaller, ledger: Ledger, numbers: dict[str, str]
) -> None:
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    place = "SELECT asked_at FROM calls_callbackentry WHERE id = %s"
    first = ledger.rows(place, entry["id"])
    call = await caller.dial().wait_answered()
    await becomes(ledger, caller.ani, state="ON_LINE", id=entry["id"])
    await call.hangup()
    await becomes(ledger, caller.ani, state="WAITING", id=entry["id"], times_asked=2)
    assert ledger.rows(place, entry["id"]) == first


async def test_given_a_line_kept_for_who_calls_in_when_only_that_is_free_then_nobody_is_called_back_until_another_is(
    alice: Seat,
    seats: Callable[..., Any],
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],
    rules: Rules,
) -> None:
    await rules(mode="progressive", first="caller")
    await gives_up(ledger, callers(numbers["callbacks"]))
    bob: Seat = await seats(1, ready=False)
    talk = callers("direct")
    lines = "UPDATE calls_trunk SET capacity = %s, kept = %s WHERE code = 'demo'"
    ((capacity, kept),) = ledger.rows("SELECT capacity, kept FROM calls_trunk WHERE code = 'demo'")
    await ledger.configure(lines, 2, 1, undo=(lines, (capacity, kept)))
    call = await talk.dial().wait_answered()
    await bob.ready()
    await (await bob.phone.ringing()).answer()
    await call.hears(bob.tone)
    await alice.ready()
    with pytest.raises(Refused) as refused:
        await alice.do("next-callback")
    assert (refused.value.status, refused.value.body["reason"]) == (409, "no_trunk")
    assert not pstn.dialogs
    await call.hangup()
    (await pstn.ringing()).refuse(BUSY_HERE)


async def test_given_a_kind_that_needs_consent_when_there_is_none_then_it_is_refused_and_nobody_is_called(
    callers: MakeCaller, ledger: Ledger
) -> None:
    caller = callers("direct")
    assert await release(ledger, caller.ani, str(uuid4()), kind="survey") == "no_consent"
    assert row(ledger, caller.ani) == {}
    assert await release(ledger, caller.ani, str(uuid4()), kind="survey", consent=True) == ""
    await becomes(ledger, caller.ani, source="task")


# -- nobody twice ------------------------------------------------------------------------------------------------


async def test_given_one_who_is_owed_a_call_when_they_ring_in_and_are_served_then_it_is_closed_by_that(
    seats: Callable[..., Any], callers: MakeCaller, ledger: Ledger, numbers: dict[str, str]
) -> None:
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    call = await caller.dial().wait_answered()
    await becomes(ledger, caller.ani, state="ON_LINE", id=entry["id"])
    alice: Seat = await seats(0)
    await (await alice.phone.ringing()).answer()
    await call.hears(alice.tone)
    await call.hangup()
    await closed_as(ledger, caller.ani, "called_in", id=entry["id"], closed_detail=alice.agent)


async def test_given_a_customer_who_is_rung_when_they_ring_in_then_that_attempt_ends_and_their_call_is_served(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller")
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    far = await pstn.ringing()
    call = caller.dial()
    await far.wait_ended()
    await (await alice.phone.ringing()).answer()
    await call.hears(alice.tone)
    await call.hangup()
    await closed_as(ledger, caller.ani, "called_in", closed_detail=alice.agent)
    assert len(pstn.dialogs) == 1


async def test_given_an_agent_who_dials_a_number_that_is_owed_a_call_then_it_is_that_callback_and_no_other_agent_gets_it(
    alice: Seat, bob: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str]
) -> None:
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await alice.do("dial", number=caller.ani)
    await (await alice.phone.ringing()).answer()
    far = await (await pstn.ringing()).answer()
    await becomes(ledger, caller.ani, state="TALKING", attempts=1, id=entry["id"])
    for action, body in (("dial-callback", {"callback": entry["id"]}), ("dial", {"number": caller.ani}), ("next-callback", {})):
        with pytest.raises(Refused) as refused:
            await bob.do(action, **body)
        assert refused.value.status == 409
    await far.hangup()


async def test_given_hours_in_which_nobody_is_called_then_nobody_is(
    alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller", calendar="never")
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await alice.ready()
    with pytest.raises(Refused) as refused:
        await alice.do("dial-callback", callback=entry["id"])
    assert refused.value.status == 409
    assert row(ledger, caller.ani)["state"] == "WAITING" and not pstn.dialogs


async def test_given_a_task_when_two_release_it_at_once_and_the_core_dies_before_it_dials_then_it_is_exactly_one_call(
    stack: Stack, seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, rules: Rules
) -> None:
    await rules(mode="progressive", first="caller")
    caller, task = callers("direct"), str(uuid4())
    assert await asyncio.gather(*(release(ledger, caller.ani, task) for _ in range(2))) == ["", ""]
    state = Path(stack["state"])
    await asyncio.to_thread(stacks.wait_up, state, "cti", stacks.kill(state, "cti", signal.SIGKILL))
    assert await release(ledger, caller.ani, task) == ""  # and once more, after the crash
    await seats(0)
    (await pstn.ringing()).refuse(404, "Not Found")
    await closed_as(ledger, caller.ani, "wrong_number", id=task, attempts=1)
    assert await release(ledger, caller.ani, task) == ""  # it is over, and stays so
    assert len(ledger.facts("CallbackOpened")) == len(ledger.facts("CallbackDialled")) == len(pstn.dialogs) == 1


async def test_given_a_customer_who_is_rung_when_the_core_is_killed_then_it_goes_on_ringing_and_the_answer_finds_the_agent(
    stack: Stack,
    seats: Callable[..., Any],
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],
    rules: Rules,
) -> None:
    await rules(mode="progressive", first="caller", ring_seconds=60.0, greeting="")
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    far = await pstn.ringing()
    state = Path(stack["state"])
    await asyncio.to_thread(stacks.wait_up, state, "cti", stacks.kill(state, "cti", signal.SIGKILL))
    assert not far.ended
    await far.answer()
    phone = await alice.phone.ringing()
    await phone.answer()
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT", attempts=1)
    assert len(pstn.dialogs) == len(ledger.facts("CallbackDialled")) == 1


async def answered(pstn: Caller) -> Dialog:
    """The customer picks up; one that was given up before they could does not count."""
    while True:
        far = await pstn.ringing(15)
        with contextlib.suppress(AssertionError):
            return await far.answer()


async def test_given_the_core_killed_between_deciding_and_dialling_then_the_customer_is_called_once_at_a_time_and_not_lost(
    stack: Stack, alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    """Asterisk stands still meanwhile: it has the request, or has it not, and has done nothing about it."""
    retries = {"failed": [0.5], "no_answer": [0.5]}
    await rules(mode="progressive", first="caller", ring_seconds=60.0, greeting="", retries=retries)
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    state = Path(stack["state"])
    stacks.kill(state, "asterisk", signal.SIGSTOP)
    try:
        await alice.ready()
        await until(lambda: ledger.facts("CallbackDialled"), 20, "it is decided, and on record")
        killed = stacks.kill(state, "cti", signal.SIGKILL)
    finally:
        stacks.kill(state, "asterisk", signal.SIGCONT)
    await asyncio.to_thread(stacks.wait_up, state, "cti", killed)
    far = await answered(pstn)
    phone = await alice.phone.ringing()
    await phone.answer()
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    assert [other for other in pstn.dialogs if other is not far and not other.ended] == []
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT")
    assert len(ledger.rows("SELECT 1 FROM calls_callbackentry WHERE number = %s", whole(caller.ani))) == 1


# -- who was never seen, and the surge -----------------------------------------------------------------------------


async def test_given_a_trunk_without_a_free_line_then_the_next_caller_hears_busy_and_is_owed_a_call(
    callers: MakeCaller, ledger: Ledger, numbers: dict[str, str], lead: Api
) -> None:
    lines = "UPDATE calls_trunk SET capacity = %s WHERE code = 'demo'"
    ((now,),) = ledger.rows("SELECT capacity FROM calls_trunk WHERE code = 'demo'")
    await ledger.configure(lines, 1, undo=(lines, (now,)))
    call = await callers(numbers["callbacks"]).dial().wait_answered()
    second = callers(numbers["callbacks"])
    refused = second.dial()
    await refused.wait_ended()
    assert refused.status == BUSY_HERE
    entry = await becomes(ledger, second.ani, state="WAITING", source="blocked")
    assert (entry["dnis"], entry["times_asked"]) == (second.dnis, 1)
    assert (await call_of(lead, second))["outcome"] == "BLOCKED"
    assert not call.ended
    await call.hangup()


@pytest.fixture
async def spot(ledger: Ledger, numbers: dict[str, str]) -> str:
    """A called number whose calls are all taken by the machine."""
    ledger.rows("DELETE FROM calls_surge WHERE code = 't-spot'")
    await ledger.configure(
        "WITH made AS (INSERT INTO calls_surge (code, name, enabled, position, curve, lines, hysteresis, every, exempt_orders,"
        " exempt_seconds, flow) VALUES ('t-spot', '', true, 0, '[[0.1, 1.0]]', 1, 0.05, 0, false, 1, 'surge') RETURNING id)"
        " INSERT INTO calls_surge_numbers (surge_id, number_id) SELECT made.id, n.id FROM made, calls_number n WHERE n.number = %s",
        numbers["spot"],
        undo=(
            "WITH gone AS (DELETE FROM calls_surge_numbers RETURNING 1) UPDATE calls_surge SET enabled = false"
            " WHERE code = 't-spot' AND (SELECT count(*) FROM gone) >= 0",
            (),
        ),
    )
    return numbers["spot"]


async def test_given_a_surge_when_called_then_the_machine_thanks_promises_and_lets_go_and_the_promise_is_on_record(
    spot: str, callers: MakeCaller, ledger: Ledger, lead: Api
) -> None:
    caller = callers(spot)
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "surge-thanks", "surge-number", "callback-promised", within=4.0)
    await call.wait_ended()
    assert call.ended_by == "them"
    entry = await becomes(ledger, caller.ani, state="WAITING", source="surge")
    assert (await call_of(lead, caller))["outcome"] == "CALLBACK"
    assert ledger.rows("SELECT surge FROM calls_call WHERE owed = %s", entry["id"]) == [("t-spot",)]
    spans = ledger.rows("SELECT taken, passed FROM calls_surgespan WHERE surge = 't-spot' ORDER BY seq DESC LIMIT 1")
    assert spans == [(1, 0)]


async def test_given_a_surge_when_the_caller_leaves_another_number_then_it_is_said_back_and_that_one_is_called(
    spot: str, callers: MakeCaller, ledger: Ledger
) -> None:
    caller, other = callers(spot), callers(spot)
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "surge-thanks", "surge-number")
    await call.dtmf("1")
    await hears_prompts(call, "callback-enter-number")
    await call.dtmf(other.ani + "#")
    await hears_prompts(call, "callback-number-is", within=3.0)
    await hears_prompts(call, "callback-promised", within=15.0)
    await call.wait_ended()
    await becomes(ledger, other.ani, state="WAITING", source="surge")
    assert row(ledger, caller.ani) == {}


async def test_given_a_surge_when_the_caller_hangs_up_while_the_machine_speaks_then_they_are_owed_a_call_all_the_same(
    spot: str, callers: MakeCaller, ledger: Ledger
) -> None:
    caller = callers(spot)
    call = await caller.dial().wait_answered()
    await call.hangup()
    await becomes(ledger, caller.ani, state="WAITING", source="surge")


async def test_given_a_surge_when_the_promise_is_heard_and_the_core_killed_at_once_then_it_is_kept(
    stack: Stack, spot: str, callers: MakeCaller, ledger: Ledger
) -> None:
    caller = callers(spot)
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "surge-thanks", "surge-number", "callback-promised", within=4.0, whole=False)
    state = Path(stack["state"])
    await asyncio.to_thread(stacks.wait_up, state, "cti", stacks.kill(state, "cti", signal.SIGKILL))
    await call.hangup()
    await becomes(ledger, caller.ani, state="WAITING", source="surge", times_asked=1)


async def test_given_a_surge_that_lets_vips_pass_when_one_calls_then_an_agent_is_rung(
    spot: str, seats: Callable[..., Any], callers: MakeCaller, ledger: Ledger
) -> None:
    exempt = "UPDATE calls_surge SET exempt_priority = %s WHERE code = 't-spot'"
    await ledger.configure(exempt, 2, undo=(exempt, (None,)))
    vip = "SELECT p.number FROM crm_customerphone p JOIN crm_customer c ON c.id = p.customer_id WHERE c.level = 'vip'"
    number = next(number for (number,) in ledger.rows(vip) if number.startswith("+861"))
    alice: Seat = await seats(0)
    ordinary = await callers(spot).dial().wait_answered()
    await hears_prompts(ordinary, "surge-thanks")
    call = callers(spot, ani=number.removeprefix("+86")).dial()
    await (await alice.phone.ringing()).answer()
    await call.hears(alice.tone)
    await ledger.all_written()
    assert [data["reason"] for _, _, data in ledger.facts("SurgeDecided")] == ["share", "vip"]
    await call.hangup()
    await ordinary.hangup()


# -- asked afterwards ------------------------------------------------------------------------------------------------


async def test_given_a_queue_with_a_survey_when_the_agent_is_done_then_the_customer_is_asked_in_the_same_call(
    seats: Callable[..., Any], callers: MakeCaller, ledger: Ledger, numbers: dict[str, str], lead: Api
) -> None:
    asks_for = "UPDATE calls_queue SET survey_id = (SELECT id FROM calls_flow WHERE code = %s) WHERE code = %s"
    await ledger.configure(asks_for, "survey", QUEUE, undo=(asks_for, (None, QUEUE)))
    alice: Seat = await seats(0)
    caller = callers(numbers["callbacks"])
    call, _ = await alice.talks_with(caller)
    await alice.do("hang-up")
    await hears_prompts(call, "survey-ask")
    await call.dtmf("4")
    await hears_prompts(call, "survey-thanks")
    await call.wait_ended()
    record = await call_of(lead, caller)
    assert (record["outcome"], record["answered_by"]) == ("ANSWERED", alice.agent)
    ((of, _, data),) = ledger.facts("KeyChosen")
    assert (of, data["node"], data["key"]) == (record["id"], "rating", "4")
