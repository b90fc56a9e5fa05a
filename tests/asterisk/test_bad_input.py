"""What no honest party sends, to every door there is: clear refusals, nothing executed, nothing lost, and a line in a log."""

import asyncio
import base64
import contextlib
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.phones import Caller, Dialog, Phone
from tests.phones.seat import Api, Ari, Seat
from tests.phones.torture import MESSAGES, Tormentor, garbage

PARTS = ("asterisk", "cti", "web", "recorder", "agi")
SEED, DATAGRAMS = 4475, 400
LOADED = 250  # ms: a gap that even a busy machine does not make by itself


@pytest.fixture(autouse=True)
def parts_live(stack: Stack) -> Iterator[None]:
    """No part dies of a test."""

    def lives() -> dict[str, tuple[int, int]]:
        parts = stacks.status(Path(stack["state"]))["parts"]
        return {name: (parts[name]["pid"], parts[name]["deaths"]) for name in PARTS}

    before = lives()
    yield
    assert lives() == before


@pytest.fixture
def logged(stack: Stack) -> "Logs":
    return Logs(Path(stack["state"]) / "log")


class Logs:
    """What the parts have written to their logs since this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._from = {path: path.stat().st_size for path in self._paths()}

    def _paths(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def new(self, part: str) -> str:
        """Of one part: "web", "cti", "asterisk/messages" ..."""
        path = self._folder / (part if "/" in part else f"{part}.log")
        with path.open(errors="replace") as file:
            file.seek(self._from.get(path, 0))
            return file.read()

    def whole(self) -> dict[Path, str]:
        return {path: path.read_text(errors="replace") for path in self._paths()}


async def talking(seat: Seat, caller: Caller) -> tuple[Dialog, Dialog]:
    call = caller.dial()
    phone = await seat.phone.ringing()
    await phone.answer()
    await asyncio.gather(call.hears(seat.tone), phone.hears(caller.tone))
    return call, phone


# -- the SIP port ----------------------------------------------------------------------------------------------------


async def test_given_a_talk_when_torture_and_garbage_come_in_over_udp_and_tcp_then_it_goes_on_and_new_calls_are_served(
    alice: Seat, bob: Seat, callers: MakeCaller, sip: tuple[str, int], ari: Ari, ledger: Ledger
) -> None:
    await bob.not_ready()  # whoever gets through with all that hears a menu; the agents are for the talk and the test's end
    caller = callers("direct")
    call, phone = await talking(alice, caller)
    since = call.media.arrivals[-1]
    tormentor = Tormentor(sip)
    try:
        for number, data in enumerate([*MESSAGES.values(), *garbage(SEED, DATAGRAMS)]):
            tormentor.send(data)
            if number % 4 == 0:  # so fast that nothing is dropped on the way
                packets = call.media.packets()
                await call.media.until(lambda packets=packets: call.media.packets() > packets, 2, "audio goes on")  # type: ignore[misc]
        await over_tcp(sip, [*MESSAGES.values(), *garbage(SEED + 1, 100)])
        await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
        assert call.media.worst_gap(since) < LOADED
        assert call.media.tone_gap(alice.tone, since) < LOADED
        assert tormentor.answers, "not one message was answered: did any arrive?"
    finally:
        tormentor.close()
    await bob.ready()
    other = callers("direct").dial()
    await (await bob.phone.ringing()).answer()
    await other.hears(bob.tone)
    # The answers to some messages go nowhere: the switch gives up such a call after 32 s without ACK. A test need not wait.
    await ari.hang_up(*(channel["id"] for channel in await ari.get("channels") if channel["name"].startswith("PJSIP/trunk")))
    await asyncio.gather(call.wait_ended(), other.wait_ended())
    await until(lambda: not open_calls(ledger), 5, "calls that bad messages began have ended")


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
    call, _ = await talking(alice, callers("direct"))
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
        await call.until(lambda: call.status is not None, 0.7, "an answer or a refusal")
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


# -- the REST interface ----------------------------------------------------------------------------------------------

FIELDS: dict[str, dict[str, str]] = {  # action -> field -> something that would do
    "sign-in": {"phone": "desk", "number": "13812345678", "ready": "true"},
    "sign-out": {},
    "ready": {},
    "not-ready": {"reason": "break"},
    "answer": {},
    "hang-up": {},
    "hold": {},
    "resume": {},
    "transfer": {
        "to": "agent",
        "agent": "1002",
        "queue": "direct",
        "number": "13812345678",
        "flow": "main",
        "mailbox": "general",
    },
    "consult": {"to": "agent", "agent": "1002", "number": "13812345678"},
    "complete": {},
    "cancel-consult": {},
    "join-all": {},
    "leave": {},
    "dial": {"number": "13812345678"},
    "pick-up": {"call": "c1"},
    "take": {"call": "c1"},
    "pause-recording": {},
    "resume-recording": {},
    "send-keys": {"keys": "1"},
}
KINDS = {"agent": "agent", "queue": "queue", "number": "number", "flow": "flow", "mailbox": "voicemail"}
WRONG_VALUES: tuple[Any, ...] = (
    None, [], {}, ["direct"], {"a": 1}, True, -1, 1.5, 10**40, "", " ", "x" * 5000, "a\nb", "a\x00b", "'; DROP TABLE calls_call; --",
    "$(touch /tmp/cc-evil)", "../../etc/passwd", "PJSIP/1002@evil", "王小明", "１３８００１３８０００", "\u202e1001", "😀" * 30,
)  # fmt: skip
NO_JSON = {
    "cut off": b'{"reason": "br',
    "no utf-8": b"\xff\xfe{}",
    "lone surrogate": b'{"reason": "\\ud800", "x": "\\udfff"}',
    "not a number": b'{"reason": NaN}',
    "two values": b"{} {}",
    "comment": b"// {}",
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "endless number": b'{"reason": ' + b"9" * 100_000 + b"}",
    "a list": b"[]",
    "a string": b'"break"',
    "a number": b"7",
    "true": b"true",
    "unknown field": b'{"unknown": 1}',
    "prototype": b'{"__proto__": {"admin": true}, "__class__": "x"}',
    "empty name": b'{"": 1}',
    "3 MB": b'{"unknown": "' + b"x" * 3_000_000 + b'"}',
}


class Watch:
    """Whether the core was asked for anything, and what it did."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def rows(self) -> int:
        return int(self.ledger.rows("SELECT count(*) FROM calls_request")[0][0])

    async def nothing_done(self, since: int, refused: int) -> None:
        """So many requests reached the core since then, and it refused them all."""
        await until(lambda: len(self.ledger.facts("RequestRefused")) >= refused, 5, "the core's refusals are on record")
        assert self.rows() - since == refused == len(self.ledger.facts("RequestRefused"))
        assert self.ledger.facts("RequestDone") == []


async def in_call(alice: Seat, callers: MakeCaller) -> tuple[Dialog, Dialog]:
    found = await talking(alice, callers("direct"))
    await alice.wait_state("TALKING")
    return found


async def test_given_bodies_that_are_no_json_or_the_wrong_json_on_every_action_then_4xx_and_the_core_never_hears_of_it(
    alice: Seat, callers: MakeCaller, stack: Stack, logged: Logs
) -> None:
    call, phone = await in_call(alice, callers)
    ledger = Ledger(stack["database_url"])
    watch = Watch(ledger)
    before = watch.rows()
    headers = {"Content-Type": "application/json"}
    for action in FIELDS:
        small = {name: data for name, data in NO_JSON.items() if len(data) < 10_000 or action in ("hold", "transfer")}
        for name, data in small.items():
            began = time.monotonic()
            status, body = await alice.api.raw("POST", f"/api/seat/{action}/", data=io.BytesIO(data), headers=headers)
            assert status in (400, 413), f"{action}, {name}: {status} {str(body)[:200]}"
            assert isinstance(body, dict), f"{action}, {name}: {str(body)[:200]}"
            assert time.monotonic() - began < 3, f"{action}, {name}"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "text/xml", "application/json; charset=nonsense"):
            status, body = await alice.api.raw("POST", f"/api/seat/{action}/", data=b"now=1", headers={"Content-Type": kind})
            assert status in (400, 415), f"{action}, {kind}: {status} {body}"
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            status, _ = await alice.api.raw(method, f"/api/seat/{action}/")
            assert status == 405, f"{method} {action}"
    await watch.nothing_done(before, 0)
    await asyncio.gather(call.hears(alice.tone), phone.hears(call.ua.tone))
    said = logged.new("web")
    assert said.count("Bad Request: /api/seat/hold/") >= 10
    assert "Traceback" not in said
    assert "xxxxxxxxxx" not in said
    await call.hangup()
    await ledger.close()


async def test_given_fields_of_wrong_type_size_or_content_then_400_or_the_core_refuses_and_the_talk_goes_on(
    alice: Seat, callers: MakeCaller, stack: Stack, logged: Logs
) -> None:
    evil = Path("/tmp/cc-evil")
    evil.unlink(missing_ok=True)
    call, phone = await in_call(alice, callers)
    ledger = Ledger(stack["database_url"])
    watch = Watch(ledger)
    before = watch.rows()
    refused = 0
    for action, field, value in wrong_fields():
        body: dict[str, Any] = {field: value}
        if action in ("transfer", "consult") and field != "to":
            body["to"] = KINDS[field]
        if action == "sign-in" and field == "number":
            body["phone"] = "number"
        status, answer = await alice.api.raw("POST", f"/api/seat/{action}/", body)
        assert status in (400, 409), f"{action} {body!r:.200}: {status} {answer}"
        if status == 409:
            refused += 1
            assert answer["reason"] in ("unknown_target", "bad_number"), (action, body, answer)
        else:
            assert set(answer) <= {field, "non_field_errors", "detail"}, (action, body, answer)
            assert all(isinstance(text, str) and text for texts in answer.values() for text in texts), answer
    await watch.nothing_done(before, refused)
    await asyncio.gather(call.hears(alice.tone), phone.hears(call.ua.tone))
    assert not evil.exists()
    assert "Traceback" not in logged.new("web")
    await call.hangup()
    await ledger.close()


def wrong_fields() -> Iterator[tuple[str, str, Any]]:
    """Every field of every action with every value that is wrong there."""
    for action, fields in FIELDS.items():
        for field in fields:
            for value in WRONG_VALUES:
                if field == "ready" and value is True:
                    continue
                if (
                    field == "mailbox"
                    and isinstance(value, int | float | str)
                    and 0 < len(str(value).strip()) <= 60
                    and value is not True
                ):
                    continue  # any short text names a mailbox
                yield action, field, value


async def test_given_nobody_or_somebody_else_when_acting_or_looking_then_401_or_403(
    stack: Stack, alice: Seat, lead: Api, ledger: Ledger, logged: Logs
) -> None:
    watch, rows = Watch(ledger), len(ledger.rows("SELECT 1 FROM calls_request"))
    tokens = [
        "",
        "Token",
        "Token x",
        f"Token {'0' * 40}",
        "Token a b",
        "Bearer x",
        "Basic YTpi",
        "Token \u00ff",
        "Token " + "x" * 5000,
    ]
    async with aiohttp.ClientSession(stack["web"]) as http:
        for token in tokens:
            for method, path in [
                ("POST", "/api/seat/hold/"),
                ("GET", "/api/seat/"),
                ("GET", "/api/calls/"),
                ("GET", "/api/feed/"),
            ]:
                headers = {"Authorization": token} if token else {}
                async with http.request(method, path, headers=headers) as answer:
                    assert answer.status == 401, f"{token[:20]!r} {path}: {answer.status}"
    for path in ("/api/queues/", "/api/trunks/", "/api/seats/"):
        assert (await alice.api.raw("GET", path))[0] in (200, 403)
    status, body = await lead.raw("POST", "/api/seat/hold/", {})
    assert status == 403, body
    await watch.nothing_done(rows, 0)
    assert "Unauthorized: /api/seat/hold/" in logged.new("web")


async def test_given_wrong_logins_then_400_a_log_line_without_the_password_and_soon_429_while_others_log_in(
    stack: Stack, logins: list[dict[str, Any]], logged: Logs
) -> None:
    login, password = logins[30], "guess-6c1f0e"
    async with aiohttp.ClientSession(stack["web"]) as http:

        async def ask(**who: Any) -> int:
            async with http.post("/api/token/", json=who) as answer:
                return answer.status

        statuses = [await ask(username=login["username"], password=f"{password}-{n}") for n in range(12)]
        assert set(statuses) == {400, 429}
        assert statuses == sorted(statuses)
        assert await ask(username=password, password="x") in (400, 429)
        for wrong in (None, [], {}, 7, "x" * 5000, "a\x00b"):
            assert await ask(username=wrong, password=password) in (400, 429)
            assert await ask(username=login["username"], password=wrong) in (400, 429)
        other = logins[31]
        assert await ask(username=other["username"], password=other["password"]) == 200
    said = logged.new("web")
    assert f"login refused for '{login['username']}'" in said
    assert password not in said


async def test_given_wrong_passwords_at_asterisks_own_doors_then_401_and_nothing_is_shown(stack: Stack) -> None:
    pairs = [b"ccenter:wrong", b"ccenter:", b":", b"admin:admin", b"\xff:\xff", b"x" * 5000]
    wrong = [{"Authorization": f"Basic {base64.b64encode(pair).decode()}"} for pair in pairs]
    async with aiohttp.ClientSession() as http:
        for headers in [{}, {"Authorization": "Digest x"}, *wrong]:
            for url in (stack["ari"]["url"] + "/ari/channels", stack["ami"]["url"] + "?action=CoreStatus"):
                async with http.get(url, headers=headers) as answer:
                    assert answer.status in (400, 401), (url, headers)


# -- the logs --------------------------------------------------------------------------------------------------------


async def test_given_all_that_happened_then_no_log_holds_a_password_a_token_or_a_callers_number(
    stack: Stack, logged: Logs, alice: Seat, callers: MakeCaller
) -> None:
    caller = callers("direct", ani="13512345678")
    call, _ = await talking(alice, caller)
    await call.hangup()
    environment = stack["environment"]
    secrets = {login[name] for login in stack["logins"] for name in ("password", "sip_password", "token") if login.get(name)}
    secrets |= {stack["ari"]["password"], stack["ami"]["password"], environment["CC_SECRET_KEY"]}
    secrets |= {
        url.partition("://")[2].partition("@")[0].partition(":")[2] for url in (stack["database_url"], stack["redis_url"])
    }
    assert len(secrets) > 100
    assert "" not in secrets
    for path, text in logged.whole().items():
        found = [secret for secret in secrets if secret in text]
        assert not found, f"{path.name} holds {len(found)} secrets"
        assert "13512345678" not in text, f"{path.name} holds a caller's number"
    for name in ("stack.json", "secrets.json", "logins.json", "seed.json"):
        assert (Path(stack["state"]) / name).stat().st_mode & 0o077 == 0, f"others may read {name}"
