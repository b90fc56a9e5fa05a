"""Who reached nobody is called back, over real SIP: each way of dialling, each result and what follows from it."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.owed import QUEUE, Json, becomes, closed_as, gives_up, release, whole
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Refused, Seat
from tests.phones.sound import Samples, from_alaw
from tests.sounds import table

pytestmark = pytest.mark.usefixtures("nobody_is_owed")
Rules = Callable[..., Any]
BUSY_HERE = 486
RATE = 8000


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


def speech(*names: str) -> Samples:
    return np.concatenate([from_alaw(table.audio("zh", name).read_bytes()) for name in names])


def silence(seconds: float) -> Samples:
    return np.zeros(int(RATE * seconds), np.int16)


# -- how it is dialled -------------------------------------------------------------------------------------------


async def test_given_a_pull_when_an_agent_asks_for_the_next_then_both_phones_ring_they_talk_and_the_result_closes_it(
    alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], lead: Api
) -> None:
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    assert (entry["source"], entry["queue"], entry["dnis"]) == ("abandoned", QUEUE, caller.dnis)
    await alice.do("next-callback")
    phone = await alice.phone.ringing()
    assert phone.header("Call-Info"), "it is to answer by itself"
    await phone.answer()
    far = await pstn.ringing()
    assert far.invite.uri.startswith(f"sip:{caller.ani}@"), "dialled as one dials here"
    assert far.caller_id == caller.dnis, "a number of ours, the one they called"
    await far.answer()
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    await becomes(ledger, caller.ani, state="TALKING", attempts=1)
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT")
    await alice.do("callback-result", callback=entry["id"], result="done")
    await closed_as(ledger, caller.ani, "done")
    ((call, agent, result),) = ledger.rows(
        "SELECT call, agent, result FROM calls_callbackattempt WHERE callback = %s", entry["id"]
    )
    assert (agent, result) == (alice.agent, "done")
    assert (await lead.get(f"/api/calls/{call}/"))["outcome"] == "ANSWERED"


async def test_given_nothing_is_owed_when_an_agent_asks_for_the_next_then_it_is_refused(alice: Seat) -> None:
    with pytest.raises(Refused) as refused:
        await alice.do("next-callback")
    assert refused.value.status == 409


async def test_given_progressive_and_the_agent_first_when_an_agent_is_free_then_they_are_rung_and_then_the_customer(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="agent")
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    phone = await alice.phone.ringing()
    assert not pstn.dialogs, "the customer is not rung before an agent is there"
    await phone.answer()
    far = await pstn.ringing()
    await far.answer()
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT", attempts=1)


async def test_given_progressive_and_the_caller_first_when_they_answer_then_they_hear_what_it_is_and_the_agent_is_rung(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller")
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    far = await pstn.ringing()
    assert not alice.phone.dialogs, "the agent is kept free, not rung"
    await far.answer()
    phone = await alice.phone.ringing()
    await phone.answer()
    await hears_prompts(far, "callback-greeting")
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT", attempts=1)


async def test_given_preview_when_an_agent_is_idle_then_it_is_shown_and_dialled_only_when_accepted(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="preview", skip_seconds=6)
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    await becomes(ledger, caller.ani, state="PRESENTED")
    await alice.do("skip-callback", callback=entry["id"])
    await becomes(ledger, caller.ani, state="LATER", reason="skipped")
    await becomes(ledger, caller.ani, state="PRESENTED")
    assert not alice.phone.dialogs and not pstn.dialogs
    await alice.do("dial-callback", callback=entry["id"])
    await (await alice.phone.ringing()).answer()
    await (await pstn.ringing()).answer()
    await becomes(ledger, caller.ani, state="TALKING", attempts=1)
    await alice.do("hang-up")


async def test_given_a_caller_who_asks_for_it_while_waiting_when_it_is_their_turn_then_they_are_called_by_themselves(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="pull", in_turn=True)
    keys = "UPDATE calls_queue SET keys = %s WHERE code = %s"
    await ledger.configure(keys, '{"2": {"to": "callback"}}', QUEUE, undo=(keys, ("{}", QUEUE)))
    caller = callers(numbers["callbacks"])
    call = await caller.dial().wait_answered()
    await call.dtmf("2")
    await hears_prompts(call, "callback-promised")
    await call.wait_ended()
    await becomes(ledger, caller.ani, state="WAITING", source="asked")
    alice: Seat = await seats(0)
    await (await alice.phone.ringing()).answer()
    await (await pstn.ringing()).answer()
    await becomes(ledger, caller.ani, state="TALKING")
    await alice.do("hang-up")


# -- what comes of it --------------------------------------------------------------------------------------------


ANSWERS: dict[str, tuple[int, str]] = {  # SIP's final answer -> the result
    "busy": (486, "Busy Here"),
    "no_answer": (480, "Temporarily Unavailable"),
    "wrong_number": (404, "Not Found"),
    "failed": (503, "Service Unavailable"),
}


@pytest.mark.parametrize("result", ANSWERS)
async def test_given_an_attempt_that_does_not_reach_them_then_it_is_tried_again_by_the_rule_of_its_result_and_then_closed(
    result: str,
    seats: Callable[..., Any],
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],
    rules: Rules,
) -> None:
    await rules(mode="progressive", first="caller", retries={"busy": [0.3], "no_answer": [0.3], "failed": [0.3]})
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    attempts = 1 if result == "wrong_number" else 2  # a wrong number is none a second time
    for _ in range(attempts):
        (await pstn.ringing()).refuse(*ANSWERS[result])
    entry = await closed_as(ledger, caller.ani, result, attempts=attempts)
    results = ledger.rows("SELECT result FROM calls_callbackattempt WHERE callback = %s ORDER BY seq", entry["id"])
    assert results == [(result,)] * attempts
    await alice.wait_state("READY")
    assert len(pstn.dialogs) == attempts and not alice.phone.dialogs


async def test_given_a_customer_who_lets_it_ring_then_it_is_no_answer_and_comes_again_later(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller", ring_seconds=1.0, retries={"no_answer": [600.0]})
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    await seats(0)
    far = await pstn.ringing()
    await far.wait_ended()
    assert far.ended_by == "them"
    await becomes(ledger, caller.ani, state="LATER", result="no_answer", attempts=1)


SAID = ("done", "refused", "wrong_number", "busy", "no_answer", "machine", "failed")


@pytest.mark.parametrize("result", SAID)
async def test_given_a_talk_when_the_agent_says_what_came_of_it_then_it_is_closed_or_comes_again_by_rule(
    result: str, alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(retries={name: [900.0] for name in ("busy", "no_answer", "machine", "failed")})
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await talks(alice, pstn, entry)
    await alice.do("callback-result", callback=entry["id"], result=result)  # while they talk
    await alice.do("hang-up")
    if result in ("done", "refused", "wrong_number"):
        await closed_as(ledger, caller.ani, result)
    else:
        await becomes(ledger, caller.ani, state="LATER", result=result, reason=result)


async def talks(agent: Seat, pstn: Caller, entry: Json) -> Dialog:
    """The agent calls this one and talks; the customer's dialog."""
    await agent.do("dial-callback", callback=entry["id"])
    phone = await agent.phone.ringing()
    await phone.answer()
    far = await pstn.ringing()
    await far.answer()
    await asyncio.gather(far.hears(agent.tone), phone.hears(pstn.tone))
    return far


async def test_given_a_talk_when_they_want_no_more_calls_then_no_task_may_call_them(
    alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str]
) -> None:
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await (await talks(alice, pstn, entry)).hangup()
    await becomes(ledger, caller.ani, state="RESULT")
    await alice.do("callback-result", callback=entry["id"], result="do_not_call")
    await closed_as(ledger, caller.ani, "do_not_call")
    barred = "SELECT barred FROM calls_barrednumber WHERE number = %s"
    await until(lambda: ledger.rows(barred, whole(caller.ani)) == [(True,)], 20, "the number is on the list")
    assert await release(ledger, caller.ani, str(uuid4())) == "do_not_call"


async def test_given_a_talk_when_they_want_to_be_called_at_a_time_then_they_are_then_and_not_before(
    alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller")
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await (await talks(alice, pstn, entry)).hangup()
    ((soon,),) = ledger.rows("SELECT to_char(now() + interval '5 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF')")
    await alice.do("callback-result", callback=entry["id"], result="later", at=soon)
    await becomes(ledger, caller.ani, state="LATER", reason="later")
    await alice.ready()
    far = await pstn.ringing()
    assert ledger.rows("SELECT now() >= %s::timestamptz", soon) == [(True,)]
    far.refuse(BUSY_HERE)


# -- machines ----------------------------------------------------------------------------------------------------


async def test_given_detection_when_a_machine_answers_then_it_hears_what_the_rule_says_and_no_agent_is_rung(
    seats: Callable[..., Any], callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(
        mode="progressive", first="caller", detect=True, detect_seconds=15.0, on_machine="goodbye", retries={"machine": [600.0]}
    )
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    far = await (await pstn.ringing()).answer()
    far.media.say(speech("voicemail-greeting", "callback-promised"))
    await hears_prompts(far, "goodbye", within=4.0)
    await far.wait_ended()
    await becomes(ledger, caller.ani, state="LATER", result="machine", reason="machine")
    await alice.wait_state("READY")
    assert not alice.phone.dialogs


@pytest.mark.parametrize("sound", ["hello", "nothing"])
async def test_given_detection_when_a_person_answers_or_nobody_can_tell_then_the_agent_is_rung(
    sound: str,
    seats: Callable[..., Any],
    callers: MakeCaller,
    pstn: Caller,
    ledger: Ledger,
    numbers: dict[str, str],
    rules: Rules,
) -> None:
    await rules(mode="progressive", first="caller", detect=True, on_machine="goodbye")
    caller = callers(numbers["callbacks"])
    await gives_up(ledger, caller)
    alice: Seat = await seats(0)
    far = await (await pstn.ringing()).answer()
    far.media.say(np.concatenate([silence(0.4), speech("digit-8") if sound == "hello" else silence(0.4), silence(6.0)]))
    phone = await alice.phone.ringing()
    await phone.answer()
    await far.hears(alice.tone, 12)
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT")
