"""The stack a benchmark runs on: phones registered, agents ready, and app_queue with the same phones beside it."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from deploy import stack
from tests.load.ua import Phones

Json = dict[str, Any]
AT_ONCE = 16  # requests
PEER_HOST = "127.0.0.2"  # where the peer's trunk calls from
# The peer's trunk is pushed for the time of the benchmark: no installation has it.
PEER_TRUNK = {
    "context": "bench", "transport": "udp", "disallow": "all", "allow": "alaw,ulaw", "direct_media": "no",
    "rtp_symmetric": "yes", "force_rport": "yes", "rewrite_contact": "yes", "send_pai": "yes", "trust_id_inbound": "yes",
    "rtp_timeout": "60", "timers": "yes", "language": "zh",
}  # fmt: skip


def basic(user: str, password: str) -> dict[str, str]:
    """Who asks, by HTTP's basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Centre:
    """One running stack, from stack.json. `async with Centre(state) as centre`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.described: Json = json.loads((state / "stack.json").read_text())
        self.sip = (self.described["sip"]["host"], int(self.described["sip"]["port"]))
        self.numbers: dict[str, str] = self.described["numbers"]
        self.logins: list[Json] = [login for login in self.described["logins"] if login["role"] == "agent"]

    async def __aenter__(self) -> Self:
        ari, ami = self.described["ari"], self.described["ami_bench"]
        self._api = aiohttp.ClientSession(self.described["web"])
        self._ari = aiohttp.ClientSession(headers=basic(ari["user"], ari["password"]))
        self._ami = aiohttp.ClientSession(middlewares=(aiohttp.DigestAuthMiddleware(ami["user"], ami["password"]),))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for session in (self._api, self._ari, self._ami):
            await session.close()

    def pids(self) -> dict[str, int]:
        """The process of each part."""
        return {name: part["pid"] for name, part in stack.status(self.state)["parts"].items() if part["pid"]}

    # -- agents ---------------------------------------------------------------------------------------------

    async def register(self, phones: Phones, logins: list[Json] | None = None) -> None:
        """All desk phones, or these. RuntimeError when one is refused."""

        async def one(login: Json) -> None:
            status = await phones.register(login["extension"], login["sip_password"])
            if status != 200:
                raise RuntimeError(f"phone {login['extension']} is not let in: {status}")

        await _side_by_side([one(login) for login in (self.logins if logins is None else logins)])

    async def sign_in(self, logins: list[Json]) -> None:
        """At their desk phones, ready. RuntimeError when one is refused."""

        async def one(login: Json) -> None:
            status, said = await self.seat(login, "sign-in", {"phone": "desk", "ready": True})
            if status == 409:  # signed in already
                status, said = await self.seat(login, "ready", {})
            if status not in (200, 202, 409):
                raise RuntimeError(f"agent {login['extension']} cannot sign in: {status} {said}")

        await _side_by_side([one(login) for login in logins])

    async def ask(self, logins: list[Json], action: str, body: Json) -> None:
        """The same of each of these seats; a refusal is all right."""
        await _side_by_side([self.seat(login, action, body) for login in logins])

    async def seat(self, login: Json, action: str, body: Json) -> tuple[int, str]:
        headers = {"Authorization": f"Token {login['token']}"}
        async with self._api.post(f"/api/seat/{action}/", json=body, headers=headers) as answer:
            return answer.status, await answer.text()

    @property
    def web(self) -> aiohttp.ClientSession:
        return self._api

    @property
    def boss(self) -> Json:
        """The administrator's login."""
        return next(login for login in self.described["logins"] if login["role"] == "administrator")

    async def api(self, path: str, **query: Any) -> Any:
        """GET as an administrator."""
        headers = {"Authorization": f"Token {self.boss['token']}"}
        async with self._api.get(path, params=query, headers=headers, raise_for_status=True) as answer:
            return await answer.json()

    # -- the peer -------------------------------------------------------------------------------------------

    async def make_peer(self) -> None:
        """A trunk whose calls go to app_queue."""
        await self._push("res_pjsip", "endpoint", "bench", PEER_TRUNK)
        identify = {"endpoint": "bench", "match": PEER_HOST}
        await self._push("res_pjsip", "identify", "bench", identify)

    async def members(self, *, present: bool) -> None:
        """All phones into app_queue's queue, or out of it: their states must cost nothing while we are measured."""
        action = "QueueAdd" if present else "QueueRemove"
        for login in self.logins:
            await self.manager({"action": action, "Queue": "bench", "Interface": f"PJSIP/{login['extension']}"})
        deadline = asyncio.get_running_loop().time() + 20
        while present and f"Available: {len(self.logins)}\r" not in (
            said := await self.manager({"action": "QueueSummary", "Queue": "bench"})
        ):
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"app_queue's members are not all free: {said}")
            await asyncio.sleep(0.2)

    async def manager(self, action: dict[str, str]) -> str:
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in action.items())
        async with self._ami.get(f"{self.described['ami_bench']['url']}?{query}", raise_for_status=True) as answer:
            text = await answer.text()
        if "Response: Error" in text and not any(said in text for said in ("Already there", "Not there", "Not in queue")):
            raise RuntimeError(f"{action['action']}: {text}")
        return text

    async def _push(self, kind: str, what: str, ident: str, fields: dict[str, str]) -> None:
        url = f"{self.described['ari']['url']}/ari/asterisk/config/dynamic/{kind}/{what}/{ident}"
        async with self._ari.get(url) as answer:
            if answer.status == 200:  # from an earlier run; pushed twice, it would lose the callers' numbers
                return
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
        async with self._ari.put(url, json=body) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{what} {ident}: {answer.status} {await answer.text()}")

    # -- what is left ---------------------------------------------------------------------------------------

    async def left(self) -> tuple[int, int]:
        """How many channels and bridges Asterisk has."""
        counts = []
        for what in ("channels", "bridges"):
            async with self._ari.get(f"{self.described['ari']['url']}/ari/{what}", raise_for_status=True) as answer:
                counts.append(len(await answer.json()))
        return counts[0], counts[1]


async def _side_by_side(jobs: list[Any]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def through(job: Any) -> None:
        async with gate:
            await job

    await asyncio.gather(*map(through, jobs))
