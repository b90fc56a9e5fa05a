"""Which phones are there, from Asterisk's words as recorded from Asterisk 22: each change is told once, and in its order."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ccenter.acd import events
from ccenter.stasis import phones
from ccenter.stasis.accounts import is_web
from ccenter.stasis.ari import Ari
from ccenter.stasis.messages import Message, read_message
from ccenter.stasis.phones import Phones
from ccenter.stasis.translate import translate
from tests.stasis.test_translate import channel, said

DESK, WEB = "PJSIP/1001", "PJSIP/w1001-0a1b2c3d"
OLD, NEW = "sip:w1001-0a1b2c3d@127.0.0.1:41000;transport=ws", "sip:w1001-0a1b2c3d@127.0.0.1:42000;transport=ws"


def peer(phone: str, status: str) -> Message:
    endpoint = {"technology": "PJSIP", "resource": phone.partition("/")[2], "state": "online", "channel_ids": []}
    return said("PeerStatusChange", endpoint=endpoint, peer={"peer_status": status})


def contact(uri: str, status: str, phone: str = WEB) -> Message:
    name = phone.partition("/")[2]
    info = {"uri": uri, "contact_status": status, "aor": name, "roundtrip_usec": "0"}
    return said("ContactStatusChange", endpoint={"technology": "PJSIP", "resource": name}, contact_info=info)


def on(phone: str = WEB) -> events.PhoneChanged:
    return events.PhoneChanged(phone, True)


def off(phone: str = WEB) -> events.PhoneChanged:
    return events.PhoneChanged(phone, False)


class Switch:
    """Answers what its phones are, and notes who was to be asked."""

    def __init__(self) -> None:
        self.phones: dict[str, str] = {}
        self.asked: list[str] = []
        self.held: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/arawman":
            self.asked.append(request.query["Endpoint"])
            return web.Response(text="Response: Success\r\n")
        found = [{"technology": "PJSIP", "resource": n.partition("/")[2], "state": s} for n, s in self.phones.items()]
        if self.held:
            await self.held.wait()
        return web.json_response(found)


@pytest.fixture
async def switch() -> Switch:
    return Switch()


@pytest.fixture
async def ari(switch: Switch) -> AsyncIterator[Ari]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", switch.handle)
    async with TestServer(app) as server, Ari(str(server.make_url("")), "ccenter", "u", "p", "u", "p") as made:
        yield made


async def test_given_events_of_a_phone_then_each_change_is_told_once(switch: Switch, ari: Ari) -> None:
    known = Phones()
    switch.phones = {DESK: "offline"}
    assert await known.look(ari) == [off(DESK)]
    assert known.told(peer(DESK, "Reachable")) == [on(DESK)]
    assert known.told(peer(DESK, "Reachable")) == []
    switch.phones = {DESK: "online"}
    assert await known.look(ari) == []
    assert known.told(peer(DESK, "Unreachable")) == [off(DESK)]
    assert known.told(peer("PJSIP/trunk-demo", "Unreachable")) == []


async def test_given_a_page_that_is_closed_then_its_phone_is_gone_at_once() -> None:
    known = Phones()
    assert known.told(contact(OLD, "NonQualified")) == []
    assert known.told(contact(OLD, "Reachable")) == [on()]
    assert known.told(contact(OLD, "Removed")) == [off()]
    assert known.told(peer(WEB, "Unreachable")) == []


@pytest.mark.parametrize("removed_first", [True, False])
async def test_given_a_page_in_the_place_of_another_then_the_phone_is_gone_and_comes_again(removed_first: bool) -> None:
    known = Phones()
    known.told(contact(OLD, "Reachable"))
    came = [contact(NEW, "NonQualified"), contact(OLD, "Removed")]
    said = [*(came[::-1] if removed_first else came), contact(NEW, "Reachable"), peer(WEB, "Reachable")]
    assert [change for message in said for change in known.told(message)] == [off(), on()]


async def test_given_a_desk_phone_that_moves_then_nothing_is_told() -> None:
    known = Phones()
    known.told(peer(DESK, "Reachable"))
    for uri in (OLD, NEW):
        assert known.told(contact(uri, "NonQualified", DESK)) == known.told(contact(uri, "Reachable", DESK)) == []


async def test_given_a_look_that_was_asked_before_an_event_then_the_event_is_believed(switch: Switch, ari: Ari) -> None:
    known = Phones()
    switch.phones = {WEB: "online"}
    assert await known.look(ari) == [on()]
    switch.held = asyncio.Event()
    look = asyncio.create_task(known.look(ari))
    await asyncio.sleep(0.05)
    assert known.told(contact(OLD, "Removed")) == [off()]
    switch.held.set()
    assert await look == []
    switch.phones[WEB] = "offline"
    assert await known.look(ari) == []


async def test_given_a_web_phone_that_fell_silent_then_it_is_doubted_and_asked_until_it_has_answered_anew(
    switch: Switch, ari: Ari, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Phones()
    switch.phones = {WEB: "online", DESK: "online"}
    await known.look(ari)
    leg = channel("ast1-l1", name=f"{WEB}-0000001f")
    live = {"ast1-l1": 44}
    ended = said("StasisEnd", channel=leg)
    event = translate(ended, live)
    assert known.ended(event, ended) == [off()]
    assert await known.look(ari) == [] and await known.look(ari) == []
    assert switch.asked == [WEB.partition("/")[2]] * 2
    assert known.told(contact(NEW, "NonQualified")) == []
    assert known.told(contact(NEW, "Reachable")) == [on()], "another page: nothing to be doubted"
    assert await known.look(ari) == [] and len(switch.asked) == 2

    assert known.ended(event, ended) == [off()]
    switch.phones[WEB] = "offline"
    assert known.told(peer(WEB, "Unreachable")) == []
    assert await known.look(ari) == [] and await known.look(ari) == []
    assert len(switch.asked) == 4, "and asked on: it may be back any moment"
    assert known.told(peer(WEB, "Reachable")) == [on()]
    switch.phones[WEB] = "online"
    assert await known.look(ari) == [] and len(switch.asked) == 4

    monkeypatch.setattr(phones, "DOUBT", 0.0)
    switch.phones[WEB] = "online"
    assert known.ended(event, ended) == [off()]
    assert await known.look(ari) == [on()], "asked long enough, and Asterisk still calls it online"


async def test_given_a_desk_phone_that_fell_silent_or_a_web_phone_that_hung_up_then_nobody_is_doubted() -> None:
    known = Phones()
    known.told(peer(DESK, "Reachable"))
    known.told(peer(WEB, "Reachable"))
    for name, cause in ((DESK, 44), (WEB, 16)):
        ended = said("StasisEnd", channel=channel("ast1-l1", name=f"{name}-0000001f"))
        assert known.ended(events.LegEnded("ast1-l1", cause), ended) == []


async def test_given_asterisk_restarted_then_a_phone_it_has_not_asked_yet_is_not_lost(switch: Switch, ari: Ari) -> None:
    known = Phones()
    switch.phones = {DESK: "online"}
    await known.look(ari)
    known.asterisk_restarted()
    switch.phones = {DESK: "offline"}
    assert await known.look(ari) == []
    assert known.told(peer(DESK, "Unreachable")) == []
    assert known.told(peer(DESK, "Reachable")) == []
    assert known.online == [DESK]


async def test_given_asterisk_restarted_then_a_page_is_gone_with_its_socket(switch: Switch, ari: Ari) -> None:
    known = Phones()
    switch.phones = {WEB: "online", DESK: "online"}
    await known.look(ari)
    known.asterisk_restarted()
    switch.phones = {DESK: "offline"}  # nothing is pushed yet
    assert await known.look(ari) == [off()]
    assert known.told(contact(NEW, "NonQualified")) == []
    assert known.told(contact(NEW, "Reachable")) == [on()]
    assert known.told(contact(NEW, "Removed")) == [off()]


async def test_given_an_account_that_was_taken_away_then_its_phone_is_gone_and_forgotten(switch: Switch, ari: Ari) -> None:
    known = Phones()
    known.told(contact(OLD, "Reachable"))
    assert await known.look(ari) == [off()]
    assert known.online == [] and known._pages == {}


@pytest.mark.parametrize(
    ("phone", "web"),
    [(WEB, True), (DESK, False), ("PJSIP/w1001", False), ("PJSIP/w1001-0a1b2c3", False), ("PJSIP/139@trunk-w1-0a1b2c3d", False)],
)
def test_given_an_endpoint_then_its_name_says_whether_it_is_a_browsers(phone: str, web: bool) -> None:
    assert is_web(phone) is web


def test_given_an_event_with_unknown_fields_then_it_is_read_all_the_same() -> None:
    text = b'{"type":"ContactStatusChange","endpoint":{"resource":"1","x":[]},"contact_info":{"uri":"sip:1@h"},"new":{}}'
    message: Any = read_message(text)
    assert message.contact_info.uri == "sip:1@h"
