"""Messages between seats and leads: who may write to whom, read marks, and the push to open screens."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWSTimeout, WSServerHandshakeError
from asgiref.sync import sync_to_async

MESSAGES = "/api/desk/messages/"


# -- over REST -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_given_a_message_to_a_seat_then_it_is_unread_there_until_read_and_the_sender_sees_that(alice: Any, bob: Any) -> None:
    sent = alice.post(MESSAGES, {"to": "seat", "seat": "1002", "text": "<b>有空吗</b>"})
    assert sent.status_code == 201
    ident = sent.json()["id"]
    assert sent.json()["to"] == {"to": "seat", "seat": "1002", "name": "Bob"}
    inbox = bob.get(MESSAGES).json()
    assert (inbox["unread"], inbox["more"]) == (1, False)
    (got,) = inbox["messages"]
    assert (got["id"], got["text"], got["mine"], got["read_at"], got["of"]) == (ident, "<b>有空吗</b>", False, None, None)
    assert got["from"] == {"user": "alice", "number": "1001", "name": "Alice"}
    (mine,) = alice.get(MESSAGES).json()["messages"]
    assert (mine["mine"], mine["reads"], mine["of"]) == (True, 0, 1)
    assert bob.post(f"{MESSAGES}{ident}/read/").json()["read_at"]
    first = bob.get(MESSAGES).json()["messages"][0]["read_at"]
    assert bob.post(f"{MESSAGES}{ident}/read/").json()["read_at"] == first
    assert bob.get(MESSAGES).json()["unread"] == 0
    assert alice.get(MESSAGES).json()["messages"][0]["reads"] == 1


@pytest.mark.django_db
def test_given_a_lead_when_writing_to_their_group_then_all_its_seats_get_it_and_no_other(lead: Any, alice: Any, bob: Any) -> None:
    from tests.django.people import client, group, person

    carol = client(person("carol", "agent", "2001", team="night"))
    group("empty")
    sent = lead.post(MESSAGES, {"to": "group", "group": "floor", "text": "十分钟后开会"}).json()
    assert (sent["of"], sent["to"]) == (2, {"to": "group", "group": "floor", "name": "floor"})
    assert [one.get(MESSAGES).json()["unread"] for one in (alice, bob, carol, lead)] == [1, 1, 0, 0]
    assert lead.post(MESSAGES, {"to": "group", "group": "night", "text": "x"}).status_code == 400
    assert alice.post(MESSAGES, {"to": "group", "group": "floor", "text": "x"}).status_code == 400
    assert bob.post(f"{MESSAGES}read-all/").json() == {"unread": 0}
    assert lead.get(MESSAGES).json()["messages"][0]["reads"] == 1


@pytest.mark.django_db
def test_given_a_message_of_a_lead_then_it_can_be_answered_but_strange_leads_cannot_be_written_to(lead: Any, alice: Any) -> None:
    from tests.django.people import client, person

    boss = client(person("boss", "lead", team="night"))
    assert alice.post(MESSAGES, {"to": "user", "user": "lead", "text": "请假"}).status_code == 201
    assert lead.get(MESSAGES).json()["messages"][0]["to"] == {"to": "user", "user": "lead", "name": "lead"}
    assert alice.post(MESSAGES, {"to": "user", "user": "boss", "text": "x"}).status_code == 400
    assert boss.post(MESSAGES, {"to": "seat", "seat": "1001", "text": "夜班?"}).status_code == 201
    assert alice.post(MESSAGES, {"to": "user", "user": "boss", "text": "好"}).status_code == 201
    assert [one["user"] for one in alice.get("/api/desk/recipients/").json()["leads"]] == ["boss", "lead"]


@pytest.mark.django_db
def test_given_recipients_then_an_agent_sees_colleagues_with_states_and_only_a_lead_sees_groups(
    lead: Any, alice: Any, bob_user: Any
) -> None:
    from django.utils import timezone

    from ccenter.calls.models import AgentStatus

    AgentStatus.objects.create(agent="1002", state="READY", since=timezone.now(), seq=1)
    told = alice.get("/api/desk/recipients/").json()
    assert told["seats"] == [{"number": "1002", "name": "Bob", "group": "floor", "state": "READY"}]
    assert (told["groups"], [one["user"] for one in told["leads"]]) == ([], ["lead"])
    assert lead.get("/api/desk/recipients/").json()["groups"] == [{"code": "floor", "name": "floor"}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"to": "seat", "text": "x"},
        {"to": "seat", "seat": "1002"},
        {"to": "seat", "seat": "1002", "text": " "},
        {"to": "seat", "seat": "1002", "text": "x" * 1001},
        {"to": "seat", "seat": "1001", "text": "to myself"},
        {"to": "seat", "seat": "9999", "text": "x"},
        {"to": "seat", "seat": "1002", "user": "bob", "text": "x"},
        {"to": "user", "user": "bob", "text": "x"},
        {"to": "all", "text": "x"},
    ],
)
def test_given_a_wrong_message_when_sent_then_400_and_nobody_gets_it(body: Any, alice: Any, bob: Any) -> None:
    assert alice.post(MESSAGES, body).status_code == 400
    assert bob.get(MESSAGES).json() == {"messages": [], "unread": 0, "more": False}


@pytest.mark.django_db
def test_given_somebody_elses_message_then_it_cannot_be_read_or_marked(alice: Any, bob: Any) -> None:
    from tests.django.people import client, person

    carol = client(person("carol", "agent", "1003"))
    ident = alice.post(MESSAGES, {"to": "seat", "seat": "1002", "text": "geheim"}).json()["id"]
    assert carol.get(MESSAGES).json()["messages"] == []
    assert carol.post(f"{MESSAGES}{ident}/read/").status_code == 404
    assert bob.get(MESSAGES).json()["unread"] == 1


@pytest.mark.django_db
def test_given_many_messages_then_they_come_by_pages_with_the_same_number_of_queries(
    alice: Any, bob: Any, django_assert_max_num_queries: Any
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(12) as queries:
            assert bob.get(MESSAGES).status_code == 200
        return len(queries)

    alice.post(MESSAGES, {"to": "seat", "seat": "1002", "text": "0"})
    first = count()
    for n in range(1, 60):
        alice.post(MESSAGES, {"to": "seat", "seat": "1002", "text": str(n)})
    assert count() == first
    page = bob.get(MESSAGES).json()
    assert ([one["text"] for one in page["messages"]], page["more"]) == ([str(n) for n in range(59, 9, -1)], True)
    rest = bob.get(MESSAGES, {"before": page["messages"][-1]["id"]}).json()
    assert ([one["text"] for one in rest["messages"]], rest["more"]) == ([str(n) for n in range(9, -1, -1)], False)


# -- pushed ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def web(transactional_db: None) -> AsyncIterator[Any]:
    from tests.django.web import Web

    async with Web() as running:
        yield running


async def person(name: str, seat: str = "") -> dict[str, str]:
    from tests.django.web import login

    return await login(name, "agent" if seat else "lead", seat)


async def send(web: Any, who: dict[str, str], text: str, **to: str) -> int:
    async with web.http.post(MESSAGES, headers=who, json={**to, "text": text}) as answer:
        assert answer.status == 201
        return int((await answer.json())["id"])


def socket(web: Any, who: dict[str, str]) -> Any:
    return web.http.ws_connect("/ws/feed/", headers=who, timeout=ClientWSTimeout(ws_close=1.0))


async def pushed(ws: Any, kind: str) -> Any:
    """The next push of this kind; batches of facts go by."""
    while True:
        body = await asyncio.wait_for(ws.receive_json(), 10)
        if body.get("type") == kind:
            return body


async def joined(user: str) -> None:
    """Until the screen of this user hears its messages: it takes a moment longer than the socket."""
    from channels.layers import get_channel_layer
    from django.contrib.auth.models import User

    from ccenter.desktop.messages import group_of

    group = group_of((await User.objects.aget(username=user)).pk)
    layer: Any = get_channel_layer()
    async with asyncio.timeout(20):
        while not await layer.connection(layer.consistent_hash(group)).zcard(layer._group_key(group)):
            await asyncio.sleep(0.01)


async def test_given_an_open_screen_when_a_message_is_sent_then_it_is_pushed_and_so_is_that_it_was_read(web: Any) -> None:
    alice, bob = await person("alice", "1001"), await person("bob", "1002")
    async with socket(web, alice) as hers, socket(web, bob) as his:
        await joined("alice")
        await joined("bob")
        ident = await send(web, alice, "有空吗", to="seat", seat="1002")
        got = await pushed(his, "message")
        assert (got["message"]["id"], got["message"]["text"], got["unread"]) == (ident, "有空吗", 1)
        assert got["message"]["from"]["number"] == "1001"
        async with web.http.post(f"{MESSAGES}{ident}/read/", headers=bob) as answer:
            assert answer.status == 200
        assert await pushed(hers, "message_read") == {"type": "message_read", "id": ident, "reads": 1, "of": 1}


async def test_given_a_group_when_written_to_then_each_of_its_screens_gets_it_and_no_stranger(web: Any) -> None:
    lead = await person("lead")
    names = {"alice": "1001", "bob": "1002"}
    people = {name: await person(name, seat) for name, seat in names.items()}
    from rest_framework.authtoken.models import Token

    from tests.django.people import person as make

    carol = await sync_to_async(make)("carol", "agent", "2001", team="night")
    key = (await sync_to_async(Token.objects.create)(user=carol)).key
    async with (
        socket(web, people["alice"]) as first,
        socket(web, people["bob"]) as second,
        socket(web, {"Authorization": f"Token {key}"}) as strange,
    ):
        for name in ("alice", "bob", "carol"):
            await joined(name)
        await send(web, lead, "开会", to="group", group="floor")
        for screen in (first, second):
            assert (await pushed(screen, "message"))["message"]["text"] == "开会"
        await send(web, lead, "给你", to="seat", seat="2001")
        assert (await pushed(strange, "message"))["message"]["text"] == "给你", "the group's message was not hers"


async def test_given_valkey_stopped_then_sending_works_the_feed_goes_on_and_the_screen_is_told_to_ask_later(web: Any) -> None:
    from deploy import stack

    state = Path(os.environ["CC_STATE"])
    alice, bob = await person("alice", "1001"), await person("bob", "1002")
    async with socket(web, bob) as his:
        await joined("bob")
        await asyncio.to_thread(stack.stop, state, "valkey")
        try:
            ident = await send(web, alice, "在吗", to="seat", seat="1002")
        finally:
            await asyncio.to_thread(stack.start, state, "valkey")
        assert await pushed(his, "messages_changed") == {"type": "messages_changed"}
        _, body = await web.get(MESSAGES, bob)
        assert [one["id"] for one in body["messages"]] == [ident]
        later = await send(web, alice, "好", to="seat", seat="1002")
        assert (await pushed(his, "message"))["message"]["id"] == later


async def test_given_nobodys_login_then_the_socket_is_refused(web: Any) -> None:
    with pytest.raises(WSServerHandshakeError):
        async with socket(web, {"Authorization": "Token nonsense"}):
            pass
