"""The pop on the running centre: it is there while the phone rings, goes with a transfer, and its numbers can be dialled."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.phones import Caller
from tests.phones.seat import Seat

CUSTOMER = "13300000000"  # 80000004 of the demo


async def rung_for(seat: Seat, since: int) -> str:
    """The call that rings at this seat, from its feed."""
    while True:
        batch = await seat.api.get("/api/feed/", since=since, timeout=10)
        for fact in batch["facts"]:
            if fact["type"] == "CallOfferedTo" and fact["agent"] == seat.agent:
                return str(fact["call"])
        since = batch["seq"]


async def now(seat: Seat) -> int:
    return int((await seat.api.get("/api/feed/"))["seq"])


async def test_given_a_customer_who_rings_then_the_seat_knows_all_before_it_answers_and_so_does_who_it_is_transferred_to(
    alice: Seat, seats: Callable[..., Any], callers: Callable[..., Caller], pstn: Caller
) -> None:
    bob: Seat = await seats(1, ready=False)
    caller = callers("direct", ani=CUSTOMER)
    since = await now(alice)
    call = caller.dial()
    ident = await rung_for(alice, since)
    pop = await alice.api.get(f"/api/desk/pop/{ident}/")
    phone = await alice.phone.ringing()
    assert pop["call"]["state"] == "RESERVED"
    (customer,) = pop["customers"]
    assert (customer["number"], customer["notes"] != [], len(pop["history"]) >= 3) == ("80000004", True, True)
    assert pop["script"]
    assert CUSTOMER not in str(pop)
    assert (await bob.api.raw("GET", f"/api/desk/pop/{ident}/"))[0] == 404

    await phone.answer()
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
    record = {"call": ident, "customer": customer["id"], "summary": "想退货", "result": "transferred"}
    await alice.api.post("/api/desk/records/", record)
    await bob.ready()
    since = await now(bob)
    await alice.do("transfer", to="agent", agent=bob.agent)
    assert await rung_for(bob, since) == ident
    handed = await bob.api.get(f"/api/desk/pop/{ident}/")
    assert [one["summary"] for one in handed["handed_over"]] == ["想退货"]
    assert handed["call"]["transferred_by"]["number"] == alice.agent
    assert [one["number"] for one in handed["customers"]] == ["80000004"]
    other = await bob.phone.ringing()
    await other.answer()
    await asyncio.gather(call.hears(bob.tone), other.hears(caller.tone))
    await call.hangup()

    # the customer's number was never shown, and is called all the same
    await alice.wait_state("READY")
    await alice.not_ready()
    await alice.do("dial", token=customer["phones"][0]["token"])
    own = await alice.phone.ringing()
    await own.answer()
    far = await pstn.ringing()
    assert CUSTOMER in far.invite.uri
    await far.answer()
    await asyncio.gather(far.hears(alice.tone), own.hears(pstn.tone))
    await own.hangup()
