"""Nobody is there to serve a caller, one part after the other: the caller is thanked, and the number is a callback, once."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.record import call_of
from tests.phones import Caller
from tests.phones.seat import Api, Seat

RUN = os.getpid() % 1000  # whom a core owes a call it still owes one in the next run, on a stack that stays up
ASKED = "SELECT times_asked FROM calls_callbackentry WHERE number = %s"


def who(place: int) -> str:
    """A caller's number that no earlier run used."""
    return f"1371{RUN:03}{place:04}"


@contextlib.asynccontextmanager
async def away(stack: Stack, *parts: str) -> AsyncIterator[None]:
    """These parts are stopped for the time of the block."""
    state = Path(stack["state"])
    try:
        for part in parts:
            await asyncio.to_thread(stacks.stop, state, part)
        yield
    finally:
        for part in reversed(parts):
            await asyncio.to_thread(stacks.start, state, part)


def put_aside(spool: Path) -> list[tuple[int, str]]:
    """Mode and text of each file of notes; the recorder may rename one just now."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            return [(file.stat().st_mode, file.read_text()) for file in spool.glob("callbacks.jsonl*")]


async def thanked(caller: Caller, language: str = "zh", prompt: str = "lastresort-thanks") -> None:
    """The caller rings, hears the prompt to its end and is let go."""
    call = await caller.dial().wait_answered()
    await hears_prompts(call, prompt, language=language)
    await call.wait_ended()
    assert call.ended_by == "them"


async def owed(ledger: Ledger, number: str) -> list[tuple[Any, ...]]:
    """The callbacks the core has opened for this caller, once there are any: (times asked, source, language, called number)."""
    statement = "SELECT times_asked, source, language, dnis FROM calls_callbackentry WHERE number = %s"
    found: list[tuple[Any, ...]] = await until(lambda: ledger.rows(statement, number), 30, f"{number} is a callback")
    return found


def noted_in_order(ledger: Ledger) -> None:
    """Nothing was left in the spool, and nothing in it was strange."""
    assert ledger.rows("SELECT * FROM calls_alarm WHERE kind = 'spool' AND cleared_at IS NULL") == []


async def test_given_the_core_away_then_callers_are_thanked_in_their_language_and_become_callbacks_once(
    stack: Stack, alice: Seat, callers: MakeCaller, ledger: Ledger, lead: Api
) -> None:
    chinese, english, again = callers("direct", ani=who(1)), callers("english", ani=who(2)), who(3)
    async with away(stack, "cti"):
        await asyncio.gather(
            thanked(chinese),
            thanked(english, "en"),
            thanked(callers("direct", ani=again)),
            thanked(callers("direct", ani="+86" + again)),
            thanked(callers("direct", ani="anonymous"), prompt="technical-problem"),
            thanked(callers("english", ani="anonymous"), "en", prompt="technical-problem"),
        )
        record = await call_of(lead, chinese)
        assert (record["outcome"], record["ended_by"], record["note"]) == ("CALLBACK", "system", "last_resort")
    assert await owed(ledger, "+86" + who(1)) == [(1, "last_resort", "zh", chinese.dnis)]
    assert await owed(ledger, "+86" + who(2)) == [(1, "last_resort", "en", english.dnis)]
    await until(lambda: ledger.rows(ASKED, "+86" + who(3)) == [(2,)], 30, "they asked twice")
    untold = "SELECT * FROM calls_missedcaller WHERE told_at IS NULL"
    await until(lambda: not ledger.rows(untold), 30, "each is marked as told, after the core's disk has it")
    noted_in_order(ledger)

    call = callers("direct").dial()  # the core is back, and who was signed in still is
    await (await alice.phone.ringing()).answer()
    await call.hears(alice.tone)
    await call.hangup()


async def test_given_core_and_database_away_then_the_number_waits_on_disk_and_is_taken_in_once_when_the_database_is_back(
    stack: Stack, callers: MakeCaller, ledger: Ledger
) -> None:
    spool = Path(stack["state"]) / "spool"
    chinese, english = callers("direct", ani=who(5)), callers("english", ani=who(6))
    async with away(stack, "cti", "postgres"):
        await asyncio.gather(thanked(chinese), thanked(english, "en"))
        kept = put_aside(spool)
        assert not any(mode & 0o077 for mode, _ in kept), "others may read it"
        notes = "".join(text for _, text in kept)
        assert notes.count(who(5)) == notes.count(who(6)) == 1
        (spool / "callbacks.jsonl.0.taken").write_text(notes)  # as if taken in already, and then killed before it was deleted
    ledger.connect()
    await until(lambda: not [*spool.glob("callbacks*")], 30, "the notes are taken in")
    assert await owed(ledger, "+86" + who(5)) == [(1, "last_resort", "zh", chinese.dnis)]
    assert await owed(ledger, "+86" + who(6)) == [(1, "last_resort", "en", english.dnis)]
    noted_in_order(ledger)


async def test_given_core_agi_server_and_database_away_then_the_dialplan_alone_thanks_and_notes_the_number(
    stack: Stack, callers: MakeCaller, ledger: Ledger
) -> None:
    first, second = callers("direct", ani=who(7)), callers("english", ani=who(8))
    async with away(stack, "cti", "agi", "postgres"):
        # without the AGI server nobody knows the language of a called number: the trunk's must do
        await asyncio.gather(
            thanked(first), thanked(second), thanked(callers("direct", ani="anonymous"), prompt="technical-problem")
        )
    ledger.connect()
    assert await owed(ledger, "+86" + who(7)) == [(1, "last_resort", "zh", first.dnis)]
    assert await owed(ledger, "+86" + who(8)) == [(1, "last_resort", "zh", second.dnis)]
    noted_in_order(ledger)
