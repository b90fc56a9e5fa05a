"""What no honest caller or phone sends to the switch: clear refusals, nothing executed, nothing lost, and a line in a log."""

import asyncio
import base64
import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.logs import Logs
from tests.phones import Dialog, Phone, sound
from tests.phones.seat import Ari, Seat
from tests.phones.sound import HEARD
from tests.phones.torture import MESSAGES, Tormentor, garbage

SEED, DATAGRAMS = 4475, 400
GAP = 25  # packets: half a second of the talk that did not come is an interruption, however busy the machine is


pytestmark = pytest.mark.usefixtures("steady")


# -- the SIP port ----------------------------------------------------------------------------------------------------


async def test_given_a_talk_when_torture_and_garbage_come_in_over_udp_and_tcp_then_it_goes_on_and_new_calls_are_served(
    alice: Seat, bob: Seat, callers: MakeCaller, sip: tuple[str, int], ari: Ari, ledger: Ledger
) -> None:
    await bob.not_ready()  # whoever gets through with all that hears a menu; the agents are for the talk and the test's end
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    since, sent = call.media.arrivals[-1], phone.media.sent
    tormentor = Tormentor(sip)
    try:
        for number, data in enumerate([*MESSAGES.values(), *garbage(SEED, DATAGRAMS)]):
            tormentor.send(data)
            if number % 4 == 0:  # so fast that nothing is dropped on the way
                packets = call.media.packets()
                await call.media.until(lambda packets=packets: call.media.packets() > packets, 10, "audio goes on")  # type: ignore[misc]
        await over_tcp(sip, [*MESSAGES.values(), *garbage(SEED + 1, 40)])
        await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
        spoken = phone.media.sent - sent
        await call.media.until(lambda: call.media.packets(since) >= spoken - GAP, 10, "all that was said arrives")
        heard = sound.levels(call.media.pcm(since, fill=False), alice.tone, 1) >= HEARD
        assert heard.sum() >= spoken - GAP
        assert tormentor.answers, "not one message was answered: did any arrive?"
    finally:
        tormentor.close()
    await bob.ready()
    other = callers("direct").dial()
    await (await bob.phone.ringing()).answer()
    await other.hears(bob.tone)
    # The answers to some messages go nowhere: the switch gives up such a call after 60 s of silence. A test need not wait.
    await ari.hang_up(*(channel["id"] for channel in await ari.get("channels") if channel["name"].startswith("PJSIP/trunk")))
    await asyncio.gather(call.wait_ended(), other.wait_ended())
    await until(lambda: not open_calls(ledger), 20, "calls that bad messages began have ended")


def open_calls(ledger: Ledger) -> list[tuple[Any, ...]]:
    ended = "SELECT call FROM calls_fact WHERE type = 'CallEnded'"
    return ledger.rows(
        f"SELECT call FROM calls_fact WHERE seq > %s AND type = 'CallStarted' AND call NOT IN ({ended})", ledger.since
    )


async def over_tcp(sip: tuple[str, int], messages: list[bytes]) -> None:
    """Each on a connection of its own, cut off without a word; and some that say nothing at all."""
    silent = [await asyncio.open_connection(*sip) for _ in range(20)]
    for data in messages:
        _, writer = await asyncio.open_connection(*sip)
        writer.write(data)
        writer.close()
    for _, writer in silent:
        writer.close()


async def test_given_wrong_passwords_then_401_each_time_a_log_line_and_the_right_one_still_works(
    stack: Stack, alice: Seat, sip: tuple[str, int], logged: Logs, callers: MakeCaller
) -> None:
    wrong = ["wrong-" + "x" * n for n in (1, 40, 2000)]
    for password in wrong:
        async with Phone(alice.agent, password, sip) as thief:
            assert await thief.register() == 401
            call = await thief.call("4008001001").wait_ended()
            assert (call.status, call.answered) == (401, False)
    async with Phone(alice.agent, "", sip) as thief:
        assert await thief.register() == 401
    assert await alice.phone.register() == 200
    said = logged.new("asterisk/messages")
    assert alice.agent in said
    assert "Failed to authenticate" in said
    assert not any(password in said for password in wrong)
    call, _ = await alice.talks_with(callers("direct"))
    await call.hangup()


# -- who calls, and whom ---------------------------------------------------------------------------------------------

FROMS = {
    "anonymous": '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "no user": "<sip:127.0.0.1>",
    "40 digits": f"<sip:{'9' * 40}@127.0.0.1>",
    "40 letters": f"<sip:{'x' * 40}@127.0.0.1>",
    "quotes in the name": '"a\\"; DROP TABLE calls_call; --" <sip:13912340010@127.0.0.1>',
    "dialplan in the name": '"${SHELL(touch /tmp/cc-evil)}" <sip:13912340011@127.0.0.1>',
    "semicolons": "<sip:13912340012;phone-context=a;b=c@127.0.0.1;user=phone>",
    "escaped line breaks": "<sip:139%0d%0aX-Evil:%201%0d%0a12340013@127.0.0.1>",
    "escaped quotes": "<sip:139%22%27%3b12340014@127.0.0.1>",
    "chinese name": '"张三" <sip:13912340015@127.0.0.1>',
    "chinese escaped": "<sip:%E5%BC%A0%E4%B8%89@127.0.0.1>",
    "broken quotes": '"a" <sip:139"12340016@127.0.0.1>',
    "dialplan": "<sip:${SHELL(touch /tmp/cc-evil)}13912340017@127.0.0.1>",
    "chinese": "<sip:张三13912340018@127.0.0.1>",
    "400 digits": f"<sip:{'8' * 400}@127.0.0.1>",
    "empty": '"" <sip:@127.0.0.1>',
    "line break in the name": '"x\r\nX-Evil: 1\r\n " <sip:13912340019@127.0.0.1>',
    "invalid utf-8": '"\udcff\udcfe" <sip:13912340020@127.0.0.1>',
}
NUMBER_CHARACTERS = set("0123456789+*#")


async def answered(call: Dialog) -> bool:
    """False: it was refused, or, for what is no SIP at all, nothing came back."""
    with contextlib.suppress(AssertionError):
        await call.until(lambda: call.status is not None, 15.0, "an answer or a refusal")
    assert call.status is None or call.answered or 400 <= call.status < 700, call.describe()
    return call.answered


async def test_given_hostile_callers_then_each_is_served_or_refused_and_only_what_is_a_number_gets_further(
    alice: Seat, callers: MakeCaller, ledger: Ledger
) -> None:
    evil = Path("/tmp/cc-evil")
    evil.unlink(missing_ok=True)
    calls = [
        callers("direct", ani="13912340000").dial_raw(sent, headers)
        for sent in FROMS.values()
        for headers in ([], [("P-Asserted-Identity", sent)])
    ]
    served = sum(await asyncio.gather(*(answered(call) for call in calls)))
    for _ in range(served):
        phone = await alice.phone.ringing()
        assert phone.caller_id == "anonymous" or set(phone.caller_id) <= NUMBER_CHARACTERS, phone
        assert len(phone.caller_id) <= 40, phone
        assert phone.caller_name in ("", "anonymous"), phone
        assert not phone.header("X-Evil")
        await phone.answer()
        await phone.hangup()
    assert served >= 20, "most of these are legal, and must be served"
    assert (await ledger.outcomes(served))["ANSWERED"] == served
    for _, _, data in ledger.facts("CallStarted"):
        assert set(data["ani"]) <= NUMBER_CHARACTERS
        assert len(data["ani"]) <= 40
        assert data["name"] == ""
    assert not evil.exists()


DIALLED = ("99", "4008001001;x=${SHELL(id)}", "%22%27%3b", "9" * 60, "a,b|c", "h", "i", "t", "s", "%E5%BC%A0", "..%2f..%2fetc")


async def test_given_called_numbers_nobody_set_up_then_the_default_flow_takes_them_or_they_are_refused(
    callers: MakeCaller, ledger: Ledger
) -> None:
    calls = [callers(dialled).dial() for dialled in DIALLED]
    taken = sum(await asyncio.gather(*(answered(call) for call in calls)))
    await asyncio.gather(*(call.hears_sound() for call in calls if call.answered))
    await asyncio.gather(*(call.hangup() for call in calls if call.answered))
    assert taken >= 5
    await ledger.outcomes(taken)
    steps = {call for call, _, _ in ledger.facts("FlowStep")}
    for call, _, data in ledger.facts("CallStarted"):
        assert call in steps
        assert data["dnis"].replace("+", "").replace(".", "").replace("_", "").replace("-", "").isascii()
        assert len(data["dnis"]) <= 32


async def test_given_wrong_passwords_at_asterisks_own_doors_then_401_and_nothing_is_shown(stack: Stack) -> None:
    pairs = [b"ccenter:wrong", b"ccenter:", b":", b"admin:admin", b"\xff:\xff", b"x" * 5000]
    wrong = [{"Authorization": f"Basic {base64.b64encode(pair).decode()}"} for pair in pairs]
    async with aiohttp.ClientSession() as http:
        for headers in [{}, {"Authorization": "Digest x"}, *wrong]:
            for url in (stack["ari"]["url"] + "/ari/channels", stack["ami"]["url"] + "?action=CoreStatus"):
                async with http.get(url, headers=headers) as answer:
                    assert answer.status in (400, 401), (url, headers)
