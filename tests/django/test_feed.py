"""The feed: in order, without a gap, only what one may see; over long poll and websocket, with and without Valkey."""

import asyncio
import re
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWSTimeout, WSServerHandshakeError
from asgiref.sync import sync_to_async

from ccenter.acd import facts
from ccenter.calls.rights import Scope

pytestmark = pytest.mark.django_db(transaction=True)
AT = 1_800_000_000.0


def told(first: int, last: int, agent: str = "") -> list[facts.Fact]:
    """Facts of calls c1, c2 ...: each is answered, and connected to the agent where one is given."""
    found: list[facts.Fact] = []
    for seq in range(first, last + 1):
        call = f"c{(seq - 1) // 3 + 1}"
        kind = (seq - 1) % 3
        if kind == 1 and agent:
            found.append(facts.CallConnected(seq, AT + seq, call, agent, "sales", 1.0, 1.0))
        else:
            found.append(facts.CallAnswered(seq, AT + seq, call))
    return found


def put(news: list[facts.Fact]) -> None:
    """What the recorder does with them, but for the journal."""
    from django.db import transaction

    from ccenter.calls.models import RecorderPosition
    from ccenter.calls.recorder import parse, store

    with transaction.atomic():
        store([parse(msgspec.json.encode(fact)) for fact in news])
        RecorderPosition.objects.update_or_create(id=1, defaults={"seq": news[-1].seq})


async def publish(seq: int) -> None:
    from channels.layers import get_channel_layer

    from ccenter.calls.publisher import GROUP

    await get_channel_layer().group_send(GROUP, {"type": "feed.facts", "seq": seq})


@pytest.fixture
async def web() -> AsyncIterator[Any]:
    from tests.django.web import Web

    async with Web() as running:
        yield running


@pytest.fixture
async def hub(web: Any) -> Any:
    from ccenter.calls import feed

    return feed.hub()


async def person(name: str, role: str, seat: str = "") -> dict[str, str]:
    from tests.django.web import login

    return await login(name, role, seat)


EVERYTHING = Scope(True, True, frozenset(), frozenset(), True)


def of(agent: str) -> Scope:
    return Scope(False, False, frozenset({agent}), frozenset(), False)


def led(*agents: str, queue: str = "none") -> Scope:
    return Scope(False, True, frozenset(agents), frozenset({queue}), True)


def seqs(body: Any) -> list[int]:
    return [fact["seq"] for fact in body["facts"]]


# -- long poll -------------------------------------------------------------------------------------------------


async def test_given_nobody_a_stranger_or_a_wrong_query_when_polled_then_an_error_that_says_why(web: Any) -> None:
    assert (await web.get("/api/feed/?" + "since=0", {}))[0] == 401
    assert (await web.get("/api/feed/?" + "since=0", await person("stranger", "")))[0] == 403
    boss = await person("boss", "admin")
    for query in ("since=x", "since=-1", "timeout=99", f"since={2**64}"):
        status, body = await web.get("/api/feed/?" + query, boss)
        assert (status, list(body)) == (400, [query.partition("=")[0]])


async def test_given_a_record_when_polled_without_since_then_it_says_at_once_where_it_is(web: Any) -> None:
    await sync_to_async(put)(told(1, 5))
    assert await web.get("/api/feed/?" + "", await person("boss", "admin")) == (
        200,
        {"seq": 5, "facts": [], "more": False, "reset": False},
    )


async def test_given_facts_since_when_polled_then_they_come_in_order_and_in_pages(
    web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccenter.calls.feed.PAGE", 4)
    await sync_to_async(put)(told(1, 10))
    boss = await person("boss", "admin")
    _, first = await web.get("/api/feed/?" + "since=1", boss)
    assert (seqs(first), first["seq"], first["more"]) == ([2, 3, 4, 5], 5, True)
    _, rest = await web.get("/api/feed/?" + "since=7", boss)
    assert (seqs(rest), rest["seq"], rest["more"]) == ([8, 9, 10], 10, False)
    assert rest["facts"][0]["type"] == "CallAnswered" and rest["facts"][0]["at"].startswith("2027-01-15T08:00:08")


async def test_given_nothing_new_when_polled_then_it_waits_and_answers_when_there_is(web: Any, hub: Any) -> None:
    await sync_to_async(put)(told(1, 3))
    boss = await person("boss", "admin")
    waiting = asyncio.create_task(web.get("/api/feed/?since=3&timeout=10", boss))
    while not hub._listening:
        await asyncio.sleep(0.01)
    await sync_to_async(put)(told(4, 5))
    await publish(5)
    _, body = await asyncio.wait_for(waiting, 20)
    assert seqs(body) == [4, 5]
    assert await web.get("/api/feed/?" + "since=5&timeout=0", boss) == (
        200,
        {"seq": 5, "facts": [], "more": False, "reset": False},
    )


async def test_given_nobody_tells_when_there_are_facts_then_they_are_found_all_the_same(web: Any, hub: Any) -> None:
    await sync_to_async(put)(told(1, 3))
    boss = await person("boss", "admin")
    waiting = asyncio.create_task(web.get("/api/feed/?since=3&timeout=10", boss))
    while not hub._listening:
        await asyncio.sleep(0.01)
    await sync_to_async(put)(told(4, 4))
    _, body = await asyncio.wait_for(waiting, 20)
    assert seqs(body) == [4]


async def test_given_a_since_that_is_not_of_this_record_when_polled_then_it_says_to_start_anew(web: Any) -> None:
    await sync_to_async(put)(told(1, 3))
    boss = await person("boss", "admin")
    assert await web.get("/api/feed/?" + "since=900", boss) == (200, {"seq": 3, "facts": [], "more": False, "reset": True})


async def test_given_an_agent_when_polled_then_only_their_calls_come_and_from_when_they_had_to_do_with_them(web: Any) -> None:
    agent = await person("alice", "agent", "1001")
    await sync_to_async(put)([*told(1, 6, "1002"), *told(7, 9, "1001"), facts.AgentChanged(10, AT, "1001", "READY")])
    _, body = await web.get("/api/feed/?" + "since=0", agent)
    assert (seqs(body), body["seq"]) == ([8, 9, 10], 10)
    _, mine = await web.get("/api/feed/?" + "since=8", agent)
    assert seqs(mine) == [9, 10]
    _, later = await web.get("/api/feed/?" + "since=10&timeout=0.2", agent)
    assert (seqs(later), later["seq"]) == ([], 10)


async def test_given_memory_or_database_when_asked_at_any_seq_then_both_tell_the_same(web: Any, hub: Any) -> None:
    from ccenter.calls.feed import Hub

    await sync_to_async(put)([*told(1, 30, "1001"), *told(31, 60, "1002"), *told(61, 90, "1001")])
    with hub._listener():
        while not hub._known:
            await asyncio.sleep(0.01)
        hub.seq, hub._told = 0, []
        await hub._read()
        fresh = Hub()
        for scope in (
            EVERYTHING,
            of("1001"),
            of("1002"),
            of("1003"),
            led("1001"),
            led("1002", "1003"),
            led("1003", queue="sales"),
        ):
            for since in (0, 1, 29, 30, 31, 45, 60, 89, 90):
                assert await hub.since(since, scope) == await fresh._from_database(since, scope), (scope, since)
        await fresh.stop()


# -- websocket -------------------------------------------------------------------------------------------------


def socket(web: Any, headers: dict[str, str], query: str = "") -> Any:
    return web.http.ws_connect(
        f"/ws/feed/{query}", headers=headers, origin=f"http://{web.address}", timeout=ClientWSTimeout(ws_receive=20)
    )


async def test_given_nobody_a_stranger_or_a_wrong_since_when_connecting_then_refused(web: Any) -> None:
    boss = await person("boss", "admin")
    for headers, query in (({}, ""), (await person("stranger", ""), ""), (boss, "?since=x"), ({"Authorization": "Token no"}, "")):
        with pytest.raises(WSServerHandshakeError) as refused:
            await socket(web, headers, query)
        assert refused.value.status == 403


async def test_given_a_page_of_another_site_when_it_connects_then_refused(web: Any) -> None:
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    def session() -> str:
        user = User.objects.get(username="boss")
        store = SessionStore()
        store.update({"_auth_user_id": str(user.pk), "_auth_user_backend": "ccenter.calls.logins.Backend"})
        store["_auth_user_hash"] = user.get_session_auth_hash()
        store.create()
        return str(store.session_key)

    await person("boss", "admin")
    cookie = {"Cookie": f"sessionid={await sync_to_async(session)()}"}
    async with web.http.ws_connect("/ws/feed/", headers=cookie, origin=f"http://{web.address}") as channel:
        assert (await channel.receive_json())["facts"] == []
    for origin in ("https://evil.example", None):
        with pytest.raises(WSServerHandshakeError):
            await web.http.ws_connect("/ws/feed/", headers=cookie, origin=origin)


async def test_given_a_program_with_a_token_when_it_connects_then_it_need_not_say_where_from(web: Any) -> None:
    async with web.http.ws_connect("/ws/feed/", headers=await person("boss", "admin")) as channel:
        assert (await channel.receive_json())["facts"] == []


async def test_given_an_admin_when_connected_then_the_past_since_comes_at_once_and_then_what_happens(web: Any) -> None:
    await sync_to_async(put)(told(1, 5))
    async with socket(web, await person("boss", "admin"), "?since=2") as channel:
        first = await channel.receive_json()
        assert (seqs(first), first["seq"]) == ([3, 4, 5], 5)
        got: list[int] = []
        for start in range(6, 60, 6):
            await sync_to_async(put)(told(start, start + 5))
            if start % 4:
                await publish(start + 5)
        while not got or got[-1] < 59:
            got += seqs(await channel.receive_json())
        assert got == list(range(6, 60))


async def test_given_no_since_when_connected_then_it_begins_now(web: Any) -> None:
    await sync_to_async(put)(told(1, 5))
    async with socket(web, await person("boss", "admin")) as channel:
        assert await channel.receive_json() == {"seq": 5, "facts": [], "more": False, "reset": False}


async def test_given_nothing_for_a_page_when_it_listens_on_then_a_word_comes_all_the_same_and_the_seq_goes_on(
    web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccenter.calls.consumers.BEAT", 0.05)
    await sync_to_async(put)(told(1, 5))
    async with socket(web, await person("alice", "agent", "1001")) as channel:
        for _ in range(3):
            assert await channel.receive_json() == {"seq": 5, "facts": [], "more": False, "reset": False}
        await sync_to_async(put)([facts.AgentChanged(6, AT, "1002", "READY")])
        await publish(6)
        async with asyncio.timeout(20):
            while (batch := await channel.receive_json())["seq"] == 5:
                pass
        assert batch == {"seq": 6, "facts": [], "more": False, "reset": False}


def test_given_the_pages_patience_then_it_is_longer_than_two_of_the_servers_words_take() -> None:
    from ccenter.calls import consumers
    from ccenter.desktop import apps

    script = (Path(apps.__file__).parent / "static/desk/feed.js").read_text()
    silent = int(re.search(r"const SILENT = (\d+);", script)[1])
    assert 2000 * consumers.BEAT < silent < 3000 * consumers.BEAT


async def test_given_many_facts_at_once_when_connected_then_they_come_in_pages_without_a_gap(web: Any) -> None:
    await sync_to_async(put)(told(1, 1700))
    got: list[int] = []
    async with socket(web, await person("boss", "admin"), "?since=0") as channel:
        while len(got) < 1700:
            batch = await channel.receive_json()
            assert len(batch["facts"]) <= 500
            got += seqs(batch)
    assert got == list(range(1, 1701))


async def test_given_an_agent_who_loses_the_role_when_rights_are_looked_at_then_the_feed_ends(
    web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.models import User

    monkeypatch.setattr("ccenter.calls.consumers.BEAT", 0.1)
    async with socket(web, await person("alice", "agent", "1001")) as channel:
        await channel.receive_json()
        await sync_to_async(User.objects.filter(username="alice").update)(is_active=False)
        async with asyncio.timeout(20):
            while not channel.closed:
                await channel.receive()
        assert channel.close_code == 4403


@pytest.mark.slow
async def test_given_sixty_seats_that_listen_when_facts_come_then_each_gets_its_own_and_few_connections_are_used(
    web: Any,
) -> None:
    from django.db import connection

    def connections() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    people = [await person(f"a{seat}", "agent", str(seat)) for seat in range(1001, 1061)]
    await sync_to_async(put)(told(1, 3))
    waiting = [asyncio.create_task(web.get("/api/feed/?since=3&timeout=25", headers)) for headers in people]
    from ccenter.calls import feed

    async with asyncio.timeout(20):
        while feed.hub()._listening < 60:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(20):  # one that was closed ends in its time
        while await sync_to_async(connections)() > 8:
            await asyncio.sleep(0.01)
    news = [facts.AgentChanged(4 + n, AT, str(1001 + n), "READY") for n in range(60)]
    await sync_to_async(put)(news)
    await publish(63)
    answers = await asyncio.gather(*waiting)
    assert [seqs(body) for _, body in answers] == [[4 + n] for n in range(60)]


def test_given_each_kind_of_fact_then_what_may_hold_a_telephone_number_is_masked_for_who_may_not_see_it() -> None:
    from ccenter.calls.telling import NUMBERS

    may_hold_one = {"ani", "dnis", "number", "target", "back_to", "party", "detail"}
    for kind in typing.get_args(facts.AnyFact):
        if kind is facts.CallbackClosed:  # its detail is a seat or another callback
            continue
        assert may_hold_one & set(kind.__struct_fields__) <= set(NUMBERS.get(kind.__name__, ())), kind.__name__
