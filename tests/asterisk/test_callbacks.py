"""Who reached nobody is called back, over real SIP: each way of dialling, each result and what follows from it, and nobody twice."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from deploy import stack as stacks
from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.record import call_of
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Refused, Seat
from tests.phones.sound import Samples, from_alaw
from tests.sounds import table

Json = dict[str, Any]
Rules = Callable[..., Any]
QUEUE = "t-callbacks"
BUSY_HERE = 486
RATE = 8000


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


@pytest.fixture
async def rules(ledger: Ledger, numbers: dict[str, str]) -> Rules:
    """`await rules(mode="progressive")`: the queue calls back by these rules for the time of the test."""

    async def change(**fields: Any) -> None:
        statement = "UPDATE calls_queue SET callbacks = %s WHERE code = %s"
        await ledger.configure(statement, json.dumps(fields), QUEUE, undo=(statement, ("{}", QUEUE)))

    return change


@pytest.fixture
async def alice(seats: Callable[..., Any]) -> Seat:
    """Signed in and not ready: callers here are to give up, not to be put through."""
    seat: Seat = await seats(0, ready=False)
    return seat


@pytest.fixture
async def bob(seats: Callable[..., Any]) -> Seat:
    seat: Seat = await seats(1, ready=False)
    return seat


@pytest.fixture(autouse=True)
async def nobody_is_owed(ledger: Ledger, numbers: dict[str, str]) -> AsyncIterator[None]:
    """Neither by tests before nor by the demo: an agent who asks for the next gets this test's. Nor is anybody afterwards."""
    await forgets_all(ledger)
    yield
    await forgets_all(ledger)


async def forgets_all(ledger: Ledger) -> None:
    """Whoever is still on the line for one is waited for."""
    open_ones = "SELECT id FROM calls_callbackentry WHERE closed_at IS NULL"
    async with asyncio.timeout(15):
        while found := ledger.rows(open_ones):
            await asyncio.gather(*(asks(ledger, "CloseCallback", callback=ident, reason="test") for (ident,) in found))


async def asks(ledger: Ledger, action: str, **params: Any) -> str:
    """A request of the office; the reason of its refusal, "" when done."""
    ident = str(uuid4())
    ledger.rows(
        "INSERT INTO calls_request (id, key, user_id, agent, action, params, created_at, state, reason, call) "
        "SELECT %s, '', min(id), '', %s, %s, now(), 'pending', '', '' FROM auth_user",
        ident, action, json.dumps(params),
    )  # fmt: skip
    ledger.rows("SELECT pg_notify('request', %s)", ident)
    answer = "SELECT reason FROM calls_request WHERE id = %s AND state <> 'pending'"
    ((reason,),) = await until(lambda: ledger.rows(answer, ident), 10, f"{action} is answered")
    return str(reason)


def whole(number: str) -> str:
    return "+86" + number


def row(ledger: Ledger, number: str) -> Json:
    """The last callback of this number on record; {} when there is none."""
    names = (
        "id",
        "state",
        "source",
        "queue",
        "result",
        "reason",
        "attempts",
        "times_asked",
        "closed_reason",
        "closed_detail",
        "dnis",
    )
    statement = f"SELECT {', '.join(names)} FROM calls_callbackentry WHERE number = %s ORDER BY opened_at DESC LIMIT 1"
    found = ledger.rows(statement, whole(number))
    return dict(zip(names, found[0], strict=True)) if found else {}


async def becomes(ledger: Ledger, number: str, timeout: float = 10, **wanted: Any) -> Json:
    """The callback of this number, once it has these values."""
    found: Json = {}

    def there() -> bool:
        found.update(row(ledger, number))
        return wanted.items() <= found.items()

    try:
        await until(there, timeout, f"the callback of {number} is {wanted}")
    except AssertionError as late:
        raise AssertionError(f"{late}: it is {found}") from None
    return found


async def gives_up(ledger: Ledger, caller: Caller) -> Json:
    """They wait for nobody and hang up: they are owed a call."""
    call = await caller.dial().wait_answered()
    await call.hangup()
    return await becomes(ledger, caller.ani, state="WAITING")


async def closed_as(ledger: Ledger, number: str, reason: str, **wanted: Any) -> Json:
    return await becomes(ledger, number, state="CLOSED", closed_reason=reason, **wanted)


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
    await rules(mode="preview", skip_seconds=0.5)
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
    await until(lambda: ledger.rows(barred, whole(caller.ani)) == [(True,)], 5, "the number is on the list")
    assert await release(ledger, caller.ani, str(uuid4())) == "do_not_call"


async def test_given_a_talk_when_they_want_to_be_called_at_a_time_then_they_are_then_and_not_before(
    alice: Seat, callers: MakeCaller, pstn: Caller, ledger: Ledger, numbers: dict[str, str], rules: Rules
) -> None:
    await rules(mode="progressive", first="caller")
    caller = callers(numbers["callbacks"])
    entry = await gives_up(ledger, caller)
    await (await talks(alice, pstn, entry)).hangup()
    ((soon,),) = ledger.rows("SELECT to_char(now() + interval '1.5 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF')")
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
    await rules(mode="progressive", first="caller", detect=True, on_machine="goodbye", retries={"machine": [600.0]})
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
    phone = await alice.phone.ringing(8)
    await phone.answer()
    await far.hears(alice.tone, 12)
    await far.hangup()
    await becomes(ledger, caller.ani, state="RESULT")


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


async def release(ledger: Ledger, number: str, task: str) -> str:
    ((now,),) = ledger.rows("SELECT extract(epoch FROM now())::float8")
    return await asks(ledger, "ReleaseTask", task=task, kind="follow_up", number=whole(number), at=now, queue=QUEUE)


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


# -- who was never seen, and the surge -----------------------------------------------------------------------------


async def test_given_a_trunk_without_a_free_line_then_the_next_caller_hears_busy_and_is_owed_a_call(
    stack: Stack, callers: MakeCaller, ledger: Ledger, numbers: dict[str, str], lead: Api
) -> None:
    lines = "UPDATE calls_trunk SET capacity = %s WHERE code = 'demo'"
    ((now,),) = ledger.rows("SELECT capacity FROM calls_trunk WHERE code = 'demo'")
    await ledger.configure(lines, 1, undo=(lines, (now,)))
    memory = Path(stack["state"]) / "run" / "known.json"
    await until(lambda: json.loads(memory.read_text())["lines"].get("demo") == 1, 5, "the gatekeeper knows")
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
