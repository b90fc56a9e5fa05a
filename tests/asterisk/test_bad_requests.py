"""What no honest program sends to the REST interface: clear 4xx, nothing executed, a line in the log, and no secret in it."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.logs import Logs
from tests.phones import Dialog
from tests.phones.seat import Api, Seat

pytestmark = pytest.mark.usefixtures("steady")

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
    "invite": {"to": "agent", "agent": "1002", "number": "13812345678"},
    "dial": {"number": "13812345678"},
    "pick-up": {"call": "c1"},
    "take": {"call": "c1"},
    "pause-recording": {},
    "resume-recording": {},
    "send-keys": {"keys": "1"},
    "next-callback": {},
    "dial-callback": {"callback": "k1"},
    "skip-callback": {"callback": "k1"},
    "callback-result": {"callback": "k1", "result": "done"},
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
ON_EVERY_ACTION = ("cut off", "lone surrogate", "deep", "a list", "a string", "unknown field")


class Watch:
    """Whether the core was asked for anything, and what it did."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def rows(self) -> int:
        return int(self.ledger.rows("SELECT count(*) FROM calls_request")[0][0])

    async def nothing_done(self, since: int, refused: int) -> None:
        """So many requests reached the core since then, and it refused them all."""
        await until(lambda: len(self.ledger.facts("RequestRefused")) >= refused, 20, "the core's refusals are on record")
        assert self.rows() - since == refused == len(self.ledger.facts("RequestRefused"))
        assert self.ledger.facts("RequestDone") == []


async def in_call(alice: Seat, callers: MakeCaller) -> tuple[Dialog, Dialog]:
    found = await alice.talks_with(callers("direct"))
    await alice.wait_state("TALKING")
    return found


async def test_given_bodies_that_are_no_json_or_the_wrong_json_on_every_action_then_4xx_and_the_core_never_hears_of_it(
    alice: Seat, callers: MakeCaller, stack: Stack, logged: Logs
) -> None:
    call, phone = await in_call(alice, callers)
    ledger = Ledger(stack)
    watch = Watch(ledger)
    before = watch.rows()
    headers = {"Content-Type": "application/json"}
    for action in FIELDS:
        for name, data in NO_JSON.items():
            if name not in ON_EVERY_ACTION and action not in ("hold", "transfer", "sign-in"):
                continue
            status, body = await alice.api.raw("POST", f"/api/seat/{action}/", data=io.BytesIO(data), headers=headers)
            assert status in (400, 413), f"{action}, {name}: {status} {str(body)[:200]}"
            assert isinstance(body, dict), f"{action}, {name}: {str(body)[:200]}"
    for action in ("hold", "transfer", "sign-out"):
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
    ledger = Ledger(stack)
    watch = Watch(ledger)
    before = watch.rows()
    refused = 0
    for action, field, value in wrong_fields():
        body: dict[str, Any] = {field: value}
        if action in ("transfer", "consult", "invite") and field != "to":
            body["to"] = KINDS[field]
        if action == "sign-in" and field == "number":
            body["phone"] = "number"
        if action == "callback-result":
            body = {**FIELDS[action], **body}
        status, answer = await alice.api.tries(f"/api/seat/{action}/", body)
        allowed = (400, 404, 409) if field == "callback" else (400, 409)  # no such callback: the core is not asked
        assert status in allowed, f"{action} {body!r:.200}: {status} {answer}"
        if status == 409:
            refused += 1
            assert answer["reason"] in ("unknown_target", "bad_number", "not_in_conference"), (action, body, answer)
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
        for wrong in (*WRONG_VALUES[:5], "x" * 5000, "a\x00b"):
            assert await ask(username=wrong, password=password) in (400, 429)
            assert await ask(username=login["username"], password=wrong) in (400, 429)
        other = logins[31]
        assert await ask(username=other["username"], password=other["password"]) == 200
    said = logged.new("web")
    assert f"login refused for '{login['username']}'" in said
    assert password not in said


# -- the logs --------------------------------------------------------------------------------------------------------


async def test_given_all_that_happened_then_no_log_holds_a_password_a_token_or_a_callers_number(
    stack: Stack, logged: Logs, alice: Seat, callers: MakeCaller
) -> None:
    caller = callers("direct", ani="13512345678")
    call, _ = await alice.talks_with(caller)
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
