"""What each is told by the feed, by socket and by poll; see `rights_world` for who is who."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWSTimeout, WSServerHandshakeError
from asgiref.sync import sync_to_async

from tests.django.rights_world import PEOPLE, set_up, story

FEED: dict[str, list[int]] = {
    "alice": [1, 12, 13, 14, 20],
    "bob": [],
    "mallory": [2, 42, 43],
    "lena": [1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 31, 53],
    "otto": [2, 41, 42, 43, 53],
    "root": [fact.seq for fact in story()],
}


@pytest.fixture
async def web(transactional_db: None) -> AsyncIterator[Any]:
    from tests.django.web import Web

    await sync_to_async(set_up)()
    async with Web() as running:
        yield running


def token(name: str) -> dict[str, str]:
    from rest_framework.authtoken.models import Token

    return {"Authorization": f"Token {Token.objects.get_or_create(user__username=name, defaults={'user': user(name)})[0].key}"}


def user(name: str) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username=name)


def socket(web: Any, headers: dict[str, str], query: str = "") -> Any:
    timeout = ClientWSTimeout(ws_receive=10)
    return web.http.ws_connect(f"/ws/feed/{query}", headers=headers, origin=f"http://{web.address}", timeout=timeout)


async def test_given_everyone_when_they_listen_then_each_is_told_their_own_by_socket_and_by_poll(web: Any) -> None:
    for name, wanted in FEED.items():
        headers = await sync_to_async(token)(name)
        status, body = await web.get("/api/feed/?since=0&timeout=0", headers)
        assert (status, [fact["seq"] for fact in body["facts"]], body["seq"]) == (200, wanted, 53), name
        async with socket(web, headers, "?since=0") as channel:
            body = await channel.receive_json()
            assert [fact["seq"] for fact in body["facts"]] == wanted, name
        if PEOPLE[name][0] == "agent":  # type: ignore[index]
            assert "00138000" not in str(body), name
    for headers, refused in (({}, 401), (await sync_to_async(token)("stranger"), 403)):
        assert (await web.get("/api/feed/?since=0&timeout=0", headers))[0] == refused
        with pytest.raises(WSServerHandshakeError):
            await socket(web, headers)


async def test_given_lines_when_an_agent_listens_then_who_waits_is_told_but_not_who_took_them(web: Any) -> None:
    bob = await sync_to_async(token)("bob")
    _, body = await web.get("/api/feed/?since=0&timeout=0&lines=1", bob)
    assert [(fact["seq"], fact["type"]) for fact in body["facts"]] == [
        (11, "CallQueued"), (13, "CallConnected"), (20, "CallEnded"), (31, "CallQueued"),
    ]  # fmt: skip
    taken = body["facts"][1]
    assert {name: value for name, value in taken.items() if name != "at"} == {
        "seq": 13, "type": "CallConnected", "call": "c1", "queue": "sales",
    }  # fmt: skip


async def test_given_a_page_when_its_user_logs_out_then_the_socket_ends(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.sessions.models import Session
    from django.test import Client

    def cookie() -> str:
        page = Client()
        page.force_login(user("alice"))
        return f"sessionid={page.cookies['sessionid'].value}"

    monkeypatch.setattr("ccenter.calls.consumers.BEAT", 0.1)
    headers = {"Cookie": await sync_to_async(cookie)()}
    async with socket(web, headers, "?since=0") as channel:
        for _ in range(5):
            await channel.receive_json()  # rights are looked at, and hold
        await sync_to_async(Session.objects.all().delete)()
        async with asyncio.timeout(20):
            while not channel.closed:
                await channel.receive()
        assert channel.close_code == 4403
