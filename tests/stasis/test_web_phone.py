"""A browser's phone at a real Asterisk: its account, its socket, and how soon it is known that its page is gone."""

import asyncio
from typing import Any

import aiohttp
import pytest

from ccenter.acd import commands, events
from ccenter.stasis.accounts import seat, web_phone
from tests.phones import Dialog
from tests.phones.web import WebPhone, offered
from tests.stasis.line import PASSWORD, PHONES, Line

NAME, SECRET = "w1001-0a1b2c3d", "of-one-sign-in"
PHONE = f"PJSIP/{NAME}"


@pytest.fixture
async def account(stack: dict[str, Any], line: Line) -> dict[str, Any]:
    """The account, pushed; as a sign-in tells it."""
    since = (await line.ari.asterisk.getInfo()).status.startup_time
    wanted = {number: seat(number, PASSWORD, "zh") for number in PHONES} | {NAME: web_phone(NAME, SECRET, "zh")}
    await line.accounts.push(wanted, since)
    await line.pages.follow([NAME])
    return {"endpoint": NAME, "password": SECRET, "ws": stack["environment"]["CC_SIP_WS"], "domain": "127.0.0.1"}


async def changes(line: Line, *online: bool, timeout: float = 10.0) -> None:
    """The next changes of the phone, in this order."""
    for value in online:
        assert (await line.event(events.PhoneChanged, timeout, endpoint=PHONE)).online is value


async def ring(line: Line, page: WebPhone, **options: Any) -> tuple[str, Dialog]:
    leg = line.fresh("l")
    line.do(commands.Dial(leg, PHONE, "13800138000", "c7", **options))
    return leg, await page.ringing()


async def test_given_an_account_then_a_page_registers_and_is_rung_with_what_a_browser_needs(
    line: Line, account: dict[str, Any]
) -> None:
    async with WebPhone(account) as page:
        assert await page.register() == 200
        await changes(line, True)
        page.honour_auto_answer = False
        leg, call = await ring(line, page, auto_answer=True)
        await line.event(events.LegRinging, leg=leg)
        assert call.header("X-CC-Call") == "c7" and "answer-after=0" in call.header("Call-Info")
        offer = offered(call)
        assert offer["m"].split()[2:6] == ["UDP/TLS/RTP/SAVPF", "0", "8", "107"], "ulaw and alaw before opus"
        assert offer["setup"] == "actpass" and offer["fingerprint"] and "rtcp-mux" in offer
        assert "typ host" in offer["candidate"] and " 127.0.0.1 " in call.invite.body.decode()
        await call.answer()
        assert (await line.event(events.LegAnswered, leg=leg)).channel.startswith(f"{PHONE}-")
        await call.hangup()
        assert (await line.event(events.LegEnded, leg=leg)).cause == 16


@pytest.mark.parametrize("crash", [False, True])
async def test_given_a_page_that_is_closed_then_it_is_known(line: Line, account: dict[str, Any], crash: bool) -> None:
    page = await WebPhone(account).__aenter__()
    await page.register()
    await changes(line, True)
    await page.leave(crash=crash)
    await changes(line, False)


async def test_given_a_page_that_is_loaded_anew_then_the_phone_is_gone_and_comes_again_however_quick_it_is(
    line: Line, account: dict[str, Any]
) -> None:
    old = await WebPhone(account).__aenter__()
    await old.register()
    await changes(line, True)
    await old.leave()
    async with WebPhone(account) as new:
        await new.register()
        await changes(line, False, True)
        leg, call = await ring(line, new)
        call.refuse()
        await line.event(events.LegEnded, leg=leg)
        async with WebPhone(account) as third:  # as from another window: the old one's socket is still open
            await third.register()
            await changes(line, False, True)
            assert line.count(events.PhoneChanged, endpoint=PHONE) == 5
            leg, call = await ring(line, third)
            call.refuse()
            await line.event(events.LegEnded, leg=leg)
            assert len(new.dialogs) == 1
            third.registered = False
        await changes(line, False)
        new.registered = False


async def test_given_a_page_whose_network_is_lost_in_a_call_then_its_leg_ends_within_seconds_and_the_phone_is_doubted(
    line: Line, account: dict[str, Any]
) -> None:
    looks: list[None] = []
    looking = asyncio.create_task(look(line, looks))
    await changes(line, False)
    async with WebPhone(account) as page:
        await page.register()
        await changes(line, True)
        leg, call = await ring(line, page)
        await call.answer()  # and not a word from then on
        await line.event(events.LegAnswered, leg=leg)
        page.transport.unplugged = True
        ended = await line.event(events.LegEnded, 20, leg=leg)
        assert ended.cause == 44
        await changes(line, False)
        looks.clear()
        await line.until(lambda: len(looks) > 5, 10, "looks at the phones")
        assert line.count(events.PhoneChanged, endpoint=PHONE) == 3, "still away"
        page.transport.unplugged = False
        await changes(line, True)
    looking.cancel()


async def look(line: Line, looks: list[None]) -> None:
    """As the CTI server does."""
    while True:
        for change in await line.phones.look(line.ari):
            line._emit(change)
        looks.append(None)
        line.changed()
        await asyncio.sleep(1)


async def test_given_a_wrong_or_old_password_then_the_page_is_refused(line: Line, account: dict[str, Any]) -> None:
    async with WebPhone({**account, "password": "of-another"}) as page:
        assert await page.register() in (401, 403)
    since = (await line.ari.asterisk.getInfo()).status.startup_time
    await line.accounts.push({number: seat(number, PASSWORD, "zh") for number in PHONES}, since)
    async with WebPhone(account) as page:
        assert await page.register() in (401, 403, 404)


async def test_given_the_switchs_http_port_then_without_a_password_there_is_nothing_but_the_websocket(
    stack: dict[str, Any], line: Line
) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/", "/ari/channels", "/arawman?action=Ping", "/static/index.html", "/httpstatus"):
            async with http.get(stack["ari"]["url"] + path) as answer:
                text = await answer.text()
                assert answer.status in (401, 403, 404) or "Authentication" in text or "Error" in text, (path, text)
