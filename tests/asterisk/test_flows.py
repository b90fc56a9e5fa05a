"""Flows: what callers do with their keys, what they hear, and where they get to."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from tests.asterisk.arrange import MEMBER, PIN, arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import heard, hears_prompts
from tests.asterisk.record import call_of, reaches, timeline
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Seat

CARD = "6222027305518264973"
WRONG_PIN = "518273"
SECRETS = (CARD, PIN, WRONG_PIN)


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


async def answered(caller: Caller) -> Dialog:
    return await caller.dial().wait_answered()


async def way(lead: Api, caller: Caller) -> list[str]:
    """The nodes and keys of the caller's newest call, which is over."""
    steps = (await call_of(lead, caller))["steps"]
    return [step["node"] if step["step"] == "node" else f"key {step['key']}" for step in steps if step["step"] in ("node", "key")]


@contextmanager
def locked(stack: Stack, table: str) -> Iterator[None]:
    """Nobody else can read the table."""
    connection = psycopg2.connect(stack["database_url"])
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"lock table {table} in access exclusive mode")
        yield
    finally:
        connection.close()


# -- menus -----------------------------------------------------------------------------------------------------


async def test_given_a_menu_when_a_key_is_pressed_then_the_prompt_stops_and_the_choice_is_taken(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    caller = callers("waiting")
    call = await answered(caller)
    await call.hears_sound()
    await call.dtmf("1")
    await hears_prompts(call, "transfer-to-agent")
    assert heard(call) == ["transfer-to-agent"], "the menu was spoken to its end"
    await call.hangup()
    assert await way(lead, caller) == ["menu", "key 1", "wait"]


async def test_given_a_menu_when_the_key_is_wrong_or_none_is_pressed_then_it_says_so_and_gives_up_after_the_last_try(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    wrong, silent = callers(numbers["choices"]), callers(numbers["choices"])

    async def presses_a_wrong_key() -> None:
        call = await answered(wrong)
        await call.dtmf("7")
        await hears_prompts(call, "invalid-choice", "please-wait", whole=False)
        await call.dtmf("1")
        await call.wait_ended()
        assert call.ended_by == "them"
        assert heard(call)[-1:] == ["goodbye"]

    async def presses_nothing() -> None:
        call = await answered(silent)
        await call.wait_ended(20)
        assert heard(call) == ["please-wait", "no-input", "please-wait", "too-many-tries"]

    await asyncio.gather(presses_a_wrong_key(), presses_nothing())
    assert await way(lead, wrong) == ["menu", "key 7", "key 1", "right"]
    assert await way(lead, silent) == ["menu", "key ", "key ", "given-up"]
    record = await call_of(lead, silent)
    assert (record["outcome"], record["ended_by"]) == ("SELF_SERVED", "system")


async def test_given_called_numbers_then_each_has_its_flow_its_language_and_its_label(
    callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    chinese, english, station = callers("menu"), callers("english"), callers("tv2")
    calls = [await answered(caller) for caller in (chinese, english, station)]
    await asyncio.gather(
        hears_prompts(calls[0], "welcome-shopping", whole=False),
        hears_prompts(calls[1], "welcome-shopping", language="en", whole=False),
        hears_prompts(calls[2], "welcome-shopping", whole=False),
    )
    for call in calls:
        await call.hangup()
    records = [await call_of(lead, caller) for caller in (chinese, english, station)]
    assert [record["language"] for record in records] == ["zh", "en", "zh"]
    assert [record["steps"][0]["flow"] for record in records] == ["main", "main-en", "main"]
    assert records[2]["label"]
    assert records[2]["dnis"] == stack["numbers"]["tv2"]


async def test_given_opening_hours_then_open_closed_and_holiday_each_go_their_way_and_a_holiday_has_its_own_greeting(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    by_calendar, closed = callers(numbers["hours"]), callers("closed")

    async def calendars() -> None:
        call = await answered(by_calendar)
        await call.wait_ended()
        assert heard(call) == ["please-wait"]

    async def night() -> None:
        call = await answered(closed)
        await hears_prompts(call, "welcome-closed", whole=False)
        await call.dtmf("1")  # the offer of a callback
        await hears_prompts(call, "callback-promised", whole=False)
        await call.hangup()

    await asyncio.gather(calendars(), night())
    assert await way(lead, by_calendar) == ["always", "never", "today", "greeting"]
    record = await call_of(lead, closed)
    assert record["outcome"] == "CALLBACK"
    overflow = next(step for step in record["steps"] if step["step"] == "overflow")
    assert (overflow["queue"], overflow["reason"], overflow["target"]) == ("closed", "hours", "flow:night")


# -- look-ups --------------------------------------------------------------------------------------------------


async def test_given_a_look_up_that_does_not_answer_in_time_then_the_caller_is_told_and_the_next_one_is_served(
    numbers: dict[str, str], callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    first, second = callers(numbers["late"]), callers(numbers["late"])
    with locked(stack, "orders_order, crm_customer, crm_customerphone"):
        call = await answered(first)
        await hears_prompts(call, "lookup-failed", within=2.0, whole=False)
        await call.hangup()
    assert (await reaches(lead, first, "LookUpEnded"))["result"] == "timeout"
    call = await answered(second)
    await hears_prompts(call, "goodbye", whole=False)
    await call.hangup()
    assert (await reaches(lead, second, "LookUpEnded"))["result"] == "missing"


async def test_given_a_look_up_that_fails_then_the_caller_is_told_so_and_not_that_there_is_nothing(
    numbers: dict[str, str], callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    caller = callers(numbers["late"])
    connection = psycopg2.connect(stack["database_url"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("alter table crm_customerphone rename to crm_customerphone_away")
        try:
            call = await answered(caller)
            await hears_prompts(call, "lookup-failed", whole=False)
        finally:
            cursor.execute("alter table crm_customerphone_away rename to crm_customerphone")
    connection.close()
    await call.hangup()
    assert (await reaches(lead, caller, "LookUpEnded"))["result"] == "failed"


async def test_given_a_caller_nobody_knows_when_they_type_an_order_number_then_its_state_is_told(
    callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    connection = psycopg2.connect(stack["database_url"])
    with connection.cursor() as cursor:
        cursor.execute("select number from orders_order order by number limit 1")
        (number,) = cursor.fetchone()
    connection.close()
    knows, errs = callers("menu"), callers("menu")

    async def types(caller: Caller, digits: str, *prompts: str) -> None:
        call = await answered(caller)
        await reaches(lead, caller, "FlowStep", node="menu")
        await call.dtmf("2")
        await reaches(lead, caller, "FlowStep", node="status-ask")
        await call.dtmf(digits, 80, 60)
        await hears_prompts(call, *prompts, whole=False)
        await call.hangup()

    await asyncio.gather(types(knows, f"{number}#", "order-number-is"), types(errs, "69999999#", "order-status-none"))
    assert await way(lead, errs) == [
        "who", "stranger", "hello", "hours", "menu", "key 2", "status", "status-ask", "key 8 digits", "status-find", "status-none",
    ]  # fmt: skip


# -- members, and what nobody may know ---------------------------------------------------------------------------


async def test_given_secret_digits_then_the_right_pin_gets_in_a_wrong_one_is_asked_again_and_no_fact_log_or_snapshot_has_them(
    numbers: dict[str, str], alice: Seat, callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    member, errs, buyer = callers("member"), callers(numbers["pin"]), callers("card")

    async def knows() -> None:
        call = await answered(member)
        await call.dtmf(f"{MEMBER}#", 80, 60)
        await reaches(lead, member, "FlowStep", node="member-pin")
        await call.dtmf(f"{PIN}#", 80, 60)
        await hears_prompts(call, "member-welcome")
        await call.hangup()

    async def errs_three_times() -> None:
        call = await answered(errs)
        for tries in range(4):
            await reaches(lead, errs, "FlowStep", tries + 1, node="pin")
            await call.dtmf(f"{PIN if tries == 3 else WRONG_PIN}#", 80, 60)
        await call.wait_ended(20)
        assert heard(call) == ["pin-wrong", "pin-wrong", "pin-wrong", "member-welcome"]

    async def buys() -> None:
        call = await answered(buyer)
        await call.hears_sound()
        await call.dtmf(CARD, 80, 60)  # the nineteenth digit is the last there can be
        phone = await alice.phone.ringing()
        await phone.answer()
        await call.hears(alice.tone)
        await forgotten(stack)  # while the call goes on
        await call.hangup()

    await asyncio.gather(knows(), errs_three_times(), buys())
    assert (await call_of(lead, member))["customer"]
    assert (await way(lead, errs)).count("wrong") == 3
    assert "key 19 digits" in await way(lead, buyer)
    for caller in (member, errs, buyer):
        told = json.dumps(await timeline(lead, await call_of(lead, caller)))
        assert [secret for secret in SECRETS if secret in told] == []
    await forgotten(stack)


async def forgotten(stack: Stack) -> None:
    """Wait till no file holds a secret: a snapshot made while keys were pressed is gone with the next, half a minute later."""
    async with asyncio.timeout(60):
        while await asyncio.to_thread(secrets_on_disk, stack):
            await asyncio.sleep(0.5)


def secrets_on_disk(stack: Stack) -> list[tuple[str, str]]:
    """Every log, journal and snapshot of the stack with a secret that stands in it."""
    state = Path(stack["state"])
    files = [path for folder in ("log", "journal") for path in (state / folder).rglob("*") if path.is_file()]
    assert {"cti.log", "snapshot.json"} <= {path.name for path in files}
    texts = ((path.name, path.read_text(errors="replace")) for path in files if path.exists())
    return [(name, secret) for name, text in texts for secret in SECRETS if re.search(rf"(?<![\d.]){secret}(?!\d)", text)]


# -- to a human, and back ------------------------------------------------------------------------------------------


async def test_given_a_caller_in_a_flow_when_zero_is_pressed_then_a_human_answers_and_afterwards_the_caller_is_where_they_were(
    alice: Seat, callers: MakeCaller, lead: Api
) -> None:
    caller = callers("waiting")
    call = await answered(caller)
    await call.hears_sound()
    await call.dtmf("0")
    phone = await alice.phone.ringing()
    await phone.answer()
    await call.hears(alice.tone)
    since = asyncio.get_running_loop().time()
    await phone.hangup()
    await hears_prompts(call, "menu-main", since=since, whole=False)
    await call.dtmf("1")
    again = await alice.phone.ringing()
    await again.answer()
    await asyncio.gather(call.hears(alice.tone), again.hears(caller.tone))
    await call.hangup()
    record = await call_of(lead, caller)
    assert record["outcome"] == "ANSWERED"
    assert [step["agent"] for step in record["steps"] if step["step"] == "talk"] == [alice.agent, alice.agent]


async def test_given_a_greeting_when_zero_is_pressed_then_the_caller_need_not_hear_it_out(callers: MakeCaller, lead: Api) -> None:
    caller = callers("menu")
    call = await answered(caller)
    await call.hears_sound()
    await call.dtmf("0")
    fact = await reaches(lead, caller, "CallQueued")
    assert fact["queue"] == "service"
    await call.hangup()
    assert heard(call) == []


async def test_given_survey_after_service_when_the_agent_hangs_up_then_the_caller_rates_it_by_key(
    alice: Seat, callers: MakeCaller, lead: Api
) -> None:
    caller = callers("survey_back")
    call = await answered(caller)
    phone = await alice.phone.ringing()
    await phone.answer()
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
    await phone.hangup()
    await alice.wait_state("READY")
    await reaches(lead, caller, "FlowStep", node="survey")
    await call.hears_sound()
    await call.dtmf("5")
    await hears_prompts(call, "survey-thanks")
    await call.wait_ended()
    record = await call_of(lead, caller)
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("ANSWERED", alice.agent, "system")
    assert await way(lead, caller) == ["served", "survey", "key 1 digits", "thanks"]


async def test_given_keys_by_sip_info_then_they_count_like_others(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    caller = callers(numbers["choices"])
    call = await answered(caller)
    await call.hears_sound()
    await call.dtmf("1", info=True)
    await call.wait_ended()
    assert heard(call)[-1:] == ["goodbye"]
