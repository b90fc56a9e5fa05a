"""The switch without the core: who is refused, what a caller meets while the core is away, accounts pushed at run time.

A stack of its own with everything but the CTI server, so `Stasis()` fails as it does when that is down.
"""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psycopg2
import pytest

from deploy import stack as stacks
from deploy.layout import REPO
from tests.phones import Caller, Dialog, Phone
from tests.phones.seat import Ari
from tests.phones.sound import from_alaw
from tests.stacks import running

Json = dict[str, Any]
PARTS = ("postgres", "valkey", "asterisk", "migrate", "agi")
ENTRY = """INSERT INTO calls_blacklistentry (number, reason, active, until, created_at)
           VALUES (%s, 'test', true, now() + %s * interval '1 second', now())"""


@pytest.fixture(scope="module")
def switch() -> Iterator[Json]:
    """stack.json of a stack without the core."""
    with running("switch", only=PARTS) as described:
        yield described


@pytest.fixture
def state(switch: Json) -> Path:
    return Path(switch["state"])


@pytest.fixture
def sip(switch: Json) -> tuple[str, int]:
    return switch["sip"]["host"], switch["sip"]["port"]


async def until(condition: Callable[[], Any], within: float = 20) -> Any:
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.02)
    return found


def notes(state: Path, kind: str = "callbacks") -> list[Json]:
    path = state / "spool" / f"{kind}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sql(switch: Json, statement: str, *values: Any) -> None:
    connection = psycopg2.connect(switch["database_url"])
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


async def says(call: Dialog, language: str, prompt: str) -> None:
    """Waits until the caller has heard the prompt's first second of speech, sample by sample."""
    whole = from_alaw((REPO / f"asterisk/sounds/{language}/{prompt}.alaw").read_bytes()).astype(float)
    begin = int(np.flatnonzero(np.abs(whole) > 500)[0])
    wanted = whole[begin : begin + 8000]

    def heard() -> bool:
        came = call.media.pcm().astype(float)
        if len(came) < len(wanted) + 800:
            return False
        size = len(came) + len(wanted)
        match = np.fft.irfft(np.fft.rfft(came, size) * np.conj(np.fft.rfft(wanted, size)), size).max()
        return bool(match > 0.9 * (wanted @ wanted))

    await until(heard, 20)


async def ari(switch: Json, method: str, path: str, body: Json | None = None) -> int:
    async with (
        aiohttp.ClientSession(headers=Ari(switch).headers) as http,
        http.request(method, f"{switch['ari']['url']}/ari/{path}", json=body) as answer,
    ):
        return answer.status


async def push(switch: Json, kind: str, name: str, **attributes: str) -> int:
    fields = {"fields": [{"attribute": key, "value": value} for key, value in attributes.items()]}
    return await ari(switch, "PUT", f"asterisk/config/dynamic/res_pjsip/{kind}/{name}", fields)


# -- the core is away -----------------------------------------------------------------------------------------------


async def test_given_core_away_when_caller_rings_then_number_is_on_disk_before_the_thanks_and_nothing_is_left(
    switch: Json, state: Path, sip: tuple[str, int]
) -> None:
    async with Caller(sip, ani="13912340001") as carol:
        call = carol.dial("4008001234")
        await call.wait_answered()
        (note,) = [note for note in notes(state) if note["number"] == "13912340001"]
        assert (note["dnis"], note["trunk"], note["language"]) == ("4008001234", "demo", "zh")
        assert note["call"].startswith("ast1-")
        await says(call, "zh", "lastresort-thanks")
        await call.wait_ended(15)
        assert call.ended_by == "them"
    await Ari(switch).nothing_left()


async def test_given_core_away_when_caller_withholds_the_number_then_no_call_is_promised(
    state: Path, sip: tuple[str, int]
) -> None:
    before = notes(state)
    async with Caller(sip, ani="anonymous") as carol:
        call = await carol.dial("4008001234").wait_answered()
        await says(call, "zh", "technical-problem")
    assert notes(state) == before


async def test_given_trunk_in_english_when_core_is_away_then_caller_is_thanked_in_english(
    switch: Json, state: Path, sip: tuple[str, int]
) -> None:
    pushed = {"context": "from-trunk", "language": "en", "set_var": "TRUNK=abroad", "allow": "!all,alaw", "transport": "udp"}
    assert await push(switch, "endpoint", "442071234567", **pushed) == 200
    async with Caller(sip, ani="442071234567") as carol:
        call = await carol.dial("4008001234").wait_answered()
        await says(call, "en", "lastresort-thanks")
    (note,) = [note for note in notes(state) if note["trunk"] == "abroad"]
    assert note["language"] == "en"


async def test_given_agi_server_away_too_when_caller_rings_then_the_dialplan_keeps_the_number_by_itself(
    state: Path, sip: tuple[str, int]
) -> None:
    stacks.stop(state, "agi")
    try:
        async with Caller(sip, ani="13912340002") as carol:
            call = await carol.dial("4008001234").wait_answered()
            await says(call, "zh", "lastresort-thanks")
        (line,) = [line for line in (state / "spool/lastresort.csv").read_text().splitlines() if "13912340002" in line]
        at, number, dnis, trunk, leg, language = line.split(",")
        assert (number, dnis, trunk, language) == ("13912340002", "4008001234", "demo", "zh")
        assert int(at) > 1_700_000_000
        assert leg.startswith("ast1-")
    finally:
        stacks.start(state, "agi")


async def test_given_agi_server_hangs_when_caller_rings_then_it_is_replaced_and_the_call_goes_on(
    state: Path, sip: tuple[str, int]
) -> None:
    hung = stacks.kill(state, "agi", signal.SIGSTOP)
    async with Caller(sip, ani="13912340003") as carol:
        call = await carol.dial("4008001234").wait_answered(20)
        await says(call, "zh", "lastresort-thanks")
    assert await asyncio.to_thread(stacks.wait_up, state, "agi", hung) != hung


async def test_given_postgresql_away_when_caller_rings_then_the_number_is_kept_without_it(
    state: Path, sip: tuple[str, int]
) -> None:
    await asyncio.to_thread(stacks.stop, state, "postgres")
    try:
        async with Caller(sip, ani="13912340004") as carol:
            await carol.dial("4008001234").wait_answered()
        assert [note for note in notes(state) if note["number"] == "13912340004"]
    finally:
        await asyncio.to_thread(stacks.start, state, "postgres")


# -- the gatekeeper -------------------------------------------------------------------------------------------------


async def verdict(sip: tuple[str, int], ani: str) -> str:
    async with Caller(sip, ani=ani) as carol:
        call = carol.dial("4008001234")
        await call.until(lambda: call.answered or call.ended, 20, "an answer")
        return "passed" if call.answered else f"refused {call.status}"


async def becomes(sip: tuple[str, int], ani: str, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while (found := await verdict(sip, ani)) != wanted:
        assert time.monotonic() < deadline, f"{ani}: {found}"


async def test_given_caller_on_the_blacklist_when_calling_in_any_form_of_the_number_then_refused_before_the_answer(
    switch: Json, state: Path, sip: tuple[str, int]
) -> None:
    sql(switch, ENTRY, "+8613911110001", 3600)
    await becomes(sip, "13911110001", "refused 403")
    for form in ("+8613911110001", "008613911110001", "8613911110001"):
        assert await verdict(sip, form) == "refused 403", form
    assert await verdict(sip, "13911110002") == "passed"
    refused = notes(state, "refused")
    assert {note["reason"] for note in refused} == {"blacklist"}
    assert (refused[-1]["dnis"], refused[-1]["trunk"]) == ("4008001234", "demo")
    sql(switch, "UPDATE calls_blacklistentry SET active = false")
    await becomes(sip, "13911110001", "passed")


async def test_given_entry_that_ends_when_it_has_ended_then_the_caller_passes(switch: Json, sip: tuple[str, int]) -> None:
    sql(switch, ENTRY, "+8613911110003", 3600)
    await becomes(sip, "13911110003", "refused 403")
    sql(switch, "UPDATE calls_blacklistentry SET until = now() + interval '1 second'")
    await becomes(sip, "13911110003", "passed")


async def test_given_postgresql_away_when_the_agi_server_starts_anew_then_the_last_known_blacklist_holds(
    switch: Json, state: Path, sip: tuple[str, int]
) -> None:
    sql(switch, ENTRY, "+8613911110004", 3600)
    await becomes(sip, "13911110004", "refused 403")
    await asyncio.to_thread(stacks.stop, state, "postgres")
    try:
        await asyncio.to_thread(stacks.restart, state, "agi")
        assert await verdict(sip, "13911110004") == "refused 403"
        assert await verdict(sip, "13911110005") == "passed"
    finally:
        await asyncio.to_thread(stacks.start, state, "postgres")


async def comes_to_an_end(call: Dialog) -> None:
    """Answered or refused; or, for what isn't SIP at all, never heard of."""
    with contextlib.suppress(AssertionError):
        await call.until(lambda: call.answered or call.ended, 0.7, "an answer or a refusal")
    assert call.answered or not call.status or 400 <= call.status < 700, call.describe()


LEGAL = {
    "quotes in the name": '"a\\"; DROP TABLE calls; --" <sip:13912340010@127.0.0.1>',
    "dialplan in the name": '"${SHELL(touch /tmp/ccenter-hostile)}" <sip:13912340012@127.0.0.1>',
    "chinese name": '"张三" <sip:13912340014@127.0.0.1>',
    "only a name": '"王小姐" <sip:unknown@127.0.0.1>',
    "parameters": "<sip:13912340011;phone-context=x@127.0.0.1>",
    "escaped line breaks": "<sip:139%0d%0aSET%20VARIABLE%20CC_VERDICT%20refuse%0a12340013@127.0.0.1>",
    "escaped quote": "<sip:139%22;%27x12340013@127.0.0.1>",
    "40 digits": f"<sip:{'9' * 40}@127.0.0.1>",
    "no user": "<sip:127.0.0.1>",
}
BROKEN = {
    "quotes": '"a" <sip:139"12340010@127.0.0.1>',
    "dialplan": "<sip:${SHELL(id)}13912340012@127.0.0.1>",
    "chinese": "<sip:张三13912340014@127.0.0.1>",
    "400 digits": f"<sip:{'8' * 400}@127.0.0.1>",
    "empty": '"" <sip:@127.0.0.1>',
    "invalid utf-8": '"\udcff\udcfe" <sip:13912340015@127.0.0.1>',
}


@pytest.mark.parametrize("sent", LEGAL.values(), ids=LEGAL.keys())
async def test_given_odd_but_legal_caller_then_the_call_is_taken(sip: tuple[str, int], sent: str) -> None:
    async with Caller(sip) as carol:
        await carol.dial_raw(sent, dnis="4008001234").wait_answered()


HOSTILE = {**LEGAL, **{f"broken {name}": sent for name, sent in BROKEN.items()}}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
async def test_given_hostile_caller_then_nothing_is_executed_and_only_what_is_a_number_is_kept(
    switch: Json, state: Path, sip: tuple[str, int], sent: str
) -> None:
    pid = stacks.status(state)["parts"]["asterisk"]["pid"]
    known = len(notes(state))
    Path("/tmp/ccenter-hostile").unlink(missing_ok=True)
    async with Caller(sip) as carol:
        await comes_to_an_end(carol.dial_raw(sent, dnis="4008001234"))
    for note in notes(state)[known:]:
        assert len(note["number"]) <= 32
        assert set(note["number"]) <= set("0123456789+*#")
    assert stacks.status(state)["parts"]["asterisk"]["pid"] == pid
    assert not Path("/tmp/ccenter-hostile").exists()
    assert await verdict(sip, "13911110006") == "passed"
    await Ari(switch).nothing_left()


@pytest.mark.parametrize("dnis", ["4008001234;x=${SHELL(id)}", "%22%27", "张三", "9" * 60, "a,b|c", "h", "i", "t", "s"])
async def test_given_hostile_called_number_then_the_call_ends_in_order(
    switch: Json, state: Path, sip: tuple[str, int], dnis: str
) -> None:
    async with Caller(sip, ani="13912340020") as carol:
        await comes_to_an_end(carol.dial(dnis))
    assert all(set(note["dnis"]) <= set("0123456789+*#._-") | set(map(chr, range(65, 123))) for note in notes(state))
    await Ari(switch).nothing_left()


async def test_given_address_that_is_no_trunk_when_it_calls_then_401(switch: Json, sip: tuple[str, int]) -> None:
    async with Caller(sip, ani="13912340030", host="127.0.0.2") as stranger:
        call = await stranger.dial("4008001234").wait_ended()
        assert call.status == 401


# -- accounts at run time -------------------------------------------------------------------------------------------


async def test_given_desk_phone_pushed_over_ari_then_it_registers_with_its_password_and_dials_as_a_seat(
    switch: Json, state: Path, sip: tuple[str, int]
) -> None:
    assert await push(switch, "auth", "7001", auth_type="userpass", username="7001", password="right") == 200
    assert await push(switch, "aor", "7001", max_contacts="1", remove_existing="yes") == 200
    seat = {"context": "from-seat", "auth": "7001", "aors": "7001", "allow": "!all,alaw,ulaw", "transport": "udp"}
    assert await push(switch, "endpoint", "7001", **seat) == 200
    async with Phone("7001", "wrong", sip) as thief:
        assert await thief.register() == 401
    async with Phone("7001", "right", sip) as desk:
        assert await desk.register() == 200
        known = notes(state)
        call = await desk.call("13800138000").wait_ended()  # nobody takes seats' calls here: "out of order", no callback
        assert call.status == 500
        assert notes(state) == known
        for kind in ("endpoint", "aor", "auth"):
            assert await ari(switch, "DELETE", f"asterisk/config/dynamic/res_pjsip/{kind}/7001") == 204
        assert await desk.register() == 404
    await Ari(switch).nothing_left()


async def test_given_ami_users_then_each_may_do_its_own_actions_and_no_other(switch: Json) -> None:
    async def does(who: str, **action: str) -> str:
        user = switch[who]
        digest = aiohttp.DigestAuthMiddleware(user["user"], user["password"])
        async with aiohttp.ClientSession(middlewares=(digest,)) as http, http.get(user["url"], params=action) as answer:
            return await answer.text()

    assert "No such channel" in await does("ami", action="MixMonitorMute", channel="PJSIP/none", state="1", direction="both")
    assert "No such channel" in await does("ami", action="MixMonitor", channel="PJSIP/none", file="x.raw")
    assert "Permission denied" not in await does("ami", action="PJSIPNotify", endpoint="none", variable="Event=talk")
    for action in ("Command", "UpdateConfig", "QueueAdd"):
        assert "Permission denied" in await does("ami", action=action, command="core show uptime"), action
    assert "System uptime" in await does("ami_bench", action="Command", command="core show uptime")
    added = await does("ami_bench", action="QueueAdd", queue="bench", interface="PJSIP/none")
    assert "Added interface" in added
    assert "Permission denied" in await does("ami_bench", action="MixMonitor", channel="PJSIP/none", file="x.raw")
