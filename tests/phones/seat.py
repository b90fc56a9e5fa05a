"""A seat of the call centre as a test plays it: the desk phone and the REST interface of one agent."""

import asyncio
import base64
import contextlib
from types import TracebackType
from typing import Any, Self

import aiohttp

from .agent import Caller, Dialog, Phone, Policy

Json = dict[str, Any]


class Refused(AssertionError):
    """The REST interface answered with an error; `status` and `body` say which."""

    def __init__(self, what: str, status: int, body: Any) -> None:
        super().__init__(f"{what}: {status} {body}")
        self.status, self.body = status, body


class Api:
    """The REST interface as one user. `login` is one of stack.json's."""

    def __init__(self, stack: Json, login: Json) -> None:
        self.login = login
        self._http = aiohttp.ClientSession(stack["web"], timeout=aiohttp.ClientTimeout(total=20))
        self._token = login.get("token", "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.close()

    async def raw(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Status and body (JSON if it is, bytes of audio, else text) of one request. `body` goes out as JSON."""
        if not self._token:
            who = {"username": self.login["username"], "password": self.login["password"]}
            async with self._http.post("/api/token/", json=who) as answer:
                self._token = (await answer.json())["token"]
        headers = {"Authorization": f"Token {self._token}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        async with self._http.request(method, path, headers=headers, **options) as answer:
            kind = answer.content_type
            return answer.status, await (answer.json() if "json" in kind else answer.read() if "audio" in kind else answer.text())

    async def tries(self, path: str, body: Json) -> tuple[int, Any]:
        """Status and body of a POST; a click that is only pending is asked after."""
        status, answer = await self.raw("POST", path, body)
        return await self._answered(answer["request"]) if status == 202 else (status, answer)

    async def get(self, path: str, **params: Any) -> Any:
        """The body of a GET. Refused when the status is not 200."""
        status, body = await self.raw("GET", path, params=params)
        if status != 200:
            raise Refused(f"GET {path}", status, body)
        return body

    async def post(self, path: str, body: Json | None = None) -> Any:
        """The body of a POST, as of `tries`. Refused when the status is not 2xx."""
        status, answer = await self.tries(path, body if body is not None else {})
        if status not in (200, 201, 204):
            raise Refused(f"POST {path} {body}", status, answer)
        return answer

    async def _answered(self, request: str, timeout: float = 15.0) -> tuple[int, Any]:
        """Status and body of a pending request, once the core has answered it or the time is up."""
        deadline = asyncio.get_running_loop().time() + timeout
        while (said := await self.raw("GET", f"/api/requests/{request}/"))[0] == 202:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.05)
        return said

    async def wait_for(self, path: str, condition: Any, timeout: float = 15.0, **params: Any) -> Any:
        """GET until `condition(body)` is true, and return the body. AssertionError after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not condition(body := await self.get(path, **params)):
            if loop.time() > deadline:
                raise AssertionError(f"{path} not as expected within {timeout} s: {body}")
            await asyncio.sleep(0.02)
        return body


class Seat:
    """An agent at a desk phone. `async with` registers and, at the end, hangs up, signs out and unregisters."""

    def __init__(self, stack: Json, login: Json, *, policy: Policy = Policy.RING, media: bool = True) -> None:
        sip = (stack["sip"]["host"], stack["sip"]["port"])
        self.login = login
        self.agent: str = login["extension"]
        self.phone = Phone(self.agent, login["sip_password"], sip, policy=policy, media=media)
        self.api = Api(stack, login)

    @property
    def tone(self) -> int:
        return self.phone.tone

    async def __aenter__(self) -> Self:
        deadline = self.phone.loop.time() + 10
        while (status := await self.phone.register()) != 200:  # the application pushes phones to Asterisk
            assert self.phone.loop.time() < deadline, f"{self.agent} cannot register: {status}"
            await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            with contextlib.suppress(Refused, aiohttp.ClientError, TimeoutError):
                await self.do("sign-out")
        finally:
            await self.phone.close()
            with contextlib.suppress(Refused, aiohttp.ClientError, TimeoutError):
                if await self.state() != "LOGGED_OUT":  # their talk was not over yet
                    await self.do("sign-out")
            await self.api.close()

    async def do(self, action: str, **body: Any) -> Json:
        """One action of the seat (`hold`, `transfer`, to="agent", agent="1002" ...). Refused if it is."""
        done: Json = await self.api.post(f"/api/seat/{action}/", body)
        return done

    async def sign_in(self, ready: bool = True) -> Self:
        try:
            await self.do("sign-in", phone="desk", ready=ready)
        except Refused as refused:  # left signed in by a test that failed
            if refused.status != 409:
                raise
            await self.do("sign-out")
            await self.wait_state("LOGGED_OUT")
            await self.do("sign-in", phone="desk", ready=ready)
        not_yet = ("LOGGED_OUT", "NOT_READY") if ready else ("LOGGED_OUT",)  # who is ready may be rung at once
        await self.api.wait_for("/api/seat/", lambda seat: seat["state"] not in not_yet)
        return self

    async def ready(self) -> None:
        await self.do("ready")

    async def not_ready(self, reason: str = "break") -> None:
        await self.do("not-ready", reason=reason)

    async def sign_out(self) -> None:
        await self.do("sign-out")

    async def state(self) -> str:
        return str((await self.api.get("/api/seat/"))["state"])

    async def wait_state(self, state: str, timeout: float = 15.0) -> Json:
        """Wait till the record says the seat is in this state; what it says of the seat."""
        seat: Json = await self.api.wait_for("/api/seat/", lambda s: s["state"] == state, timeout)
        return seat

    async def talks_with(self, caller: Caller) -> tuple[Dialog, Dialog]:
        """The caller's and our end of a call in which both hear each other. Nobody else should be ready."""
        call = caller.dial()
        phone = await self.phone.ringing()
        await phone.answer()
        await asyncio.gather(call.hears(self.tone), phone.hears(caller.tone))
        return call, phone


class Ari:
    """Asterisk's own word on what there is, beside the application."""

    def __init__(self, stack: Json) -> None:
        self.url = stack["ari"]["url"].rstrip("/")
        if not self.url.endswith("/ari"):
            self.url += "/ari"
        who = f"{stack['ari']['user']}:{stack['ari']['password']}"
        self.headers = {"Authorization": "Basic " + base64.b64encode(who.encode()).decode()}

    async def get(self, path: str) -> Any:
        """GET ari/<path> as JSON. aiohttp.ClientError when Asterisk is away."""
        async with (
            aiohttp.ClientSession(headers=self.headers) as http,
            http.get(f"{self.url}/{path}", raise_for_status=True) as answer,
        ):
            return await answer.json()

    async def silence_noticed(self, endpoint: str, seconds: int) -> None:
        """How long a phone may be silent in its next calls until it is given up."""
        change = {"fields": [{"attribute": "rtp_timeout", "value": str(seconds)}]}
        where = f"{self.url}/asterisk/config/dynamic/res_pjsip/endpoint/{endpoint}"
        async with aiohttp.ClientSession(headers=self.headers) as http, http.put(where, json=change) as answer:
            assert answer.status == 200, await answer.text()

    async def rings(self, endpoint: str, channel: str, timeout: float = 15.0) -> None:
        """Ring a phone as if for a call of this name, and wait till it says that it rings. ClientError when it does not."""
        asked = {"endpoint": f"PJSIP/{endpoint}", "channelId": channel, "context": "from-seat", "extension": "s", "priority": 1}
        async with aiohttp.ClientSession(headers=self.headers, raise_for_status=True) as http, asyncio.timeout(timeout):
            await http.post(f"{self.url}/channels", json={**asked, "variables": {"PJSIP_HEADER(add,X-CC-Call)": channel}})
            while (await self.get(f"channels/{channel}"))["state"] != "Ringing":
                await asyncio.sleep(0.02)

    async def hang_up(self, *channels: str) -> None:
        """End channels, whatever they are doing; those that are gone already are all right."""
        async with aiohttp.ClientSession(headers=self.headers) as http:
            for channel in channels:
                async with http.delete(f"{self.url}/channels/{channel}") as answer:
                    assert answer.status in (204, 404), await answer.text()

    async def left(self, ignore: frozenset[str] = frozenset()) -> list[str]:
        """Channels (snoops and playbacks into bridges are channels too) and bridges that exist, but for `ignore`."""
        found = []
        for channel in await self.get("channels"):
            app = channel.get("dialplan", {})
            doing = f"{app.get('app_name', '')}({app.get('app_data', '')})"
            found.append((channel["id"], f"channel {channel['id']} {channel['name']} {channel['state']} {doing}"))
        for bridge in await self.get("bridges"):
            kind = f"{bridge['bridge_type']} {bridge['name']}"
            found.append((bridge["id"], f"bridge {bridge['id']} {kind} {bridge['channels']}"))
        return [text for ident, text in found if ident not in ignore]

    async def nothing_left(self, ignore: frozenset[str] = frozenset(), timeout: float = 15.0) -> None:
        """Wait till Asterisk has no channel and no bridge any more. AssertionError with the list."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while left := await self.left(ignore):
            if loop.time() > deadline:
                raise AssertionError("left on Asterisk: " + "; ".join(left))
            await asyncio.sleep(0.05)


__all__ = ["Api", "Ari", "Caller", "Refused", "Seat"]
