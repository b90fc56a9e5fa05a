"""Phones and trunks pushed into a real Asterisk: they work at once, change in place, go away, and outlive a restart."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ccenter.acd import commands, events
from ccenter.calls.models import Trunk
from ccenter.stasis.accounts import Accounts, Desired, Object, seat, trunk
from deploy import stack as stacks
from tests.phones import Caller, Phone
from tests.stasis.line import PASSWORD, Line


@pytest.fixture
def accounts(line: Line, tmp_path: Path) -> Accounts:
    """Accounts that know of no earlier push."""
    return Accounts(line.ari, tmp_path / "accounts")


async def since(line: Line) -> str:
    return (await line.ari.asterisk.getInfo()).status.startup_time


def row(**fields: Any) -> Trunk:
    return Trunk(**{"codecs": ["alaw", "ulaw"], "addresses": [], **fields})


def registered(state: Path, phone: Phone) -> bool:
    """Is the phone's address in Asterisk's database on disk? It may hold that of a test before, just gone."""
    with closing(sqlite3.connect(f"file:{state}/asterisk/lib/astdb.sqlite3?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT value FROM astdb WHERE key LIKE '/registrar/contact/1001%'").fetchall()
    return any(f":{phone.transport.address[1]}" in value for (value,) in rows)


async def test_given_300_seats_when_pushed_then_all_are_there_and_a_second_time_nothing_is_asked(
    line: Line, accounts: Accounts
) -> None:
    wanted: Desired = {str(n): seat(str(n), PASSWORD, "zh") for n in range(3000, 3300)}
    assert await accounts.push(wanted, await since(line)) == 300
    requests = line.ari.requests
    assert await accounts.push(wanted, await since(line)) == 0
    again = Accounts(line.ari, accounts._memory)  # as after a restart of ours
    assert not again.lost(await since(line)) and await again.push(wanted, await since(line)) == 0
    assert line.ari.requests - requests == 3  # the three looks at the start time
    assert oct(accounts._memory.stat().st_mode)[-3:] == "600" and PASSWORD not in accounts._memory.read_text()
    assert await again.push({}, await since(line)) == 300
    async with asyncio.timeout(20):  # Asterisk lets go of them in its own time
        while [e for e in await line.ari.endpoints.listByTech("PJSIP") if e.resource.startswith("3")]:
            pass


async def test_given_a_new_password_when_pushed_then_the_old_one_is_refused_and_a_registered_phone_stays(
    line: Line, accounts: Accounts, sip: tuple[str, int]
) -> None:
    await accounts.push({"3400": seat("3400", "first-password", "zh")}, await since(line))
    async with Phone("3400", "first-password", sip) as phone, Phone("3400", "second-password", sip) as changed:
        assert await phone.register() == 200
        assert await accounts.push({"3400": seat("3400", "second-password", "zh")}, await since(line)) == 1
        line.do(commands.Dial("ast1-lstays", "PJSIP/3400", "1", "c1"))
        await phone.ringing()
        assert await phone.register() in (401, 403)
        assert await changed.register() == 200
    await accounts.push({}, await since(line))


async def test_given_a_trunk_by_address_then_its_calls_come_in_under_its_code_also_after_a_change(
    line: Line, accounts: Accounts, sip: tuple[str, int]
) -> None:
    for codecs in (["alaw"], ["ulaw", "alaw"]):
        wanted = {"trunk-far": trunk(row(code="far", kind="address", addresses=["127.0.0.2"], codecs=codecs), "zh")}
        assert await accounts.push(wanted, await since(line)) == 1
        async with Caller(sip, ani="02162345678", dnis="4001", host="127.0.0.2") as caller:
            call = caller.dial()
            offered = await line.event(events.CallOffered)
            assert (offered.trunk, offered.ani) == ("far", "+862162345678")
            await call.hangup()
            await line.event(events.LegEnded)
    await accounts.push({}, await since(line))


async def test_given_a_gateway_that_registers_here_then_it_calls_in_and_is_called(
    line: Line, accounts: Accounts, sip: tuple[str, int]
) -> None:
    gateway = row(code="branch", kind="accept", username="shanghai", secret="gateway-password")
    await accounts.push({"trunk-branch": trunk(gateway, "zh")}, await since(line))
    async with Caller(sip, ani="shanghai", user="shanghai", password="gateway-password", dnis="4001", host="127.0.0.3") as far:
        assert await far.register() == 200
        far.dial()
        assert (await line.event(events.CallOffered)).trunk == "branch"
        leg, ringing = await line.dial(far, "PJSIP/13900000001@trunk-branch")
        assert "13900000001" in ringing.invite.uri
        await ringing.answer()
        await line.event(events.LegAnswered, leg=leg)
        await far.close()
    await accounts.push({}, await since(line))


async def test_given_a_trunk_where_we_register_then_a_register_goes_there_with_its_user(line: Line, accounts: Accounts) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    class Registrar(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            got.put_nowait(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Registrar, local_addr=("127.0.0.1", 0))
    with closing(transport):
        port = transport.get_extra_info("sockname")[1]
        upstream = row(code="up", kind="register", host="127.0.0.1", port=port, username="0216234", secret="s3cret-s3cret")
        await accounts.push({"trunk-up": trunk(upstream, "zh")}, await since(line))
        async with asyncio.timeout(20):
            while not (asked := await got.get()).startswith(b"REGISTER"):
                pass
        assert b"<sip:0216234@127.0.0.1" in asked
        await accounts.push({}, await since(line))


async def test_given_a_trunk_that_stands_in_pjsip_conf_then_it_is_left_as_it_is(
    line: Line, accounts: Accounts, carol: Caller
) -> None:
    wanted = {"trunk-demo": trunk(row(code="demo", kind="address", addresses=["127.0.0.9"]), "zh")}
    await accounts.push(wanted, await since(line))
    await accounts.push({}, await since(line))
    carol.dial()
    assert (await line.event(events.CallOffered)).trunk == "demo"


async def test_given_an_account_asterisk_refuses_then_the_others_are_pushed(line: Line, accounts: Accounts) -> None:
    wanted: Desired = {
        "3500": (Object("endpoint", "3500", {"nonsense": "yes"}),),
        "3501": seat("3501", PASSWORD, "zh"),
    }
    await accounts.push(wanted, await since(line))
    known = {e.resource for e in await line.ari.endpoints.listByTech("PJSIP")}
    assert "3501" in known and "3500" not in known
    await accounts.push({}, await since(line))


async def test_given_asterisk_killed_when_it_is_back_then_a_phone_rings_without_having_registered_again(
    stack: dict[str, Any], line: Line, alice: Phone
) -> None:
    links, state = line.links, Path(stack["state"])
    async with asyncio.timeout(20):
        while not registered(state, alice):  # Asterisk writes its database once a second
            await asyncio.sleep(0.05)
    old = stacks.kill(state, "asterisk", signal.SIGKILL)
    await asyncio.to_thread(stacks.wait_up, state, "asterisk", old)
    await line.until(lambda: line.links > links, 20, "linked again")
    assert line.count(events.NodeDown) == 1
    await line.ari.manager.PJSIPQualify("1001")  # Asterisk remembers where it is, and wants to hear from it once
    async with asyncio.timeout(20):
        while not any(e.resource == "1001" and e.state == "online" for e in await line.ari.endpoints.listByTech("PJSIP")):
            await asyncio.sleep(0.05)
    await line.dial(alice, "PJSIP/1001")
