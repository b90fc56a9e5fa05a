"""Callbacks on record, and what the office asks about them, as tests read and do it."""

import asyncio
from typing import Any

from tests.asterisk.ledger import Ledger, until
from tests.phones import Caller

Json = dict[str, Any]
QUEUE = "t-callbacks"


async def forgets_all(ledger: Ledger) -> None:
    """Whoever is still on the line for one is waited for."""
    await ledger.all_written()
    open_ones = "SELECT id FROM calls_callbackentry WHERE closed_at IS NULL"
    async with asyncio.timeout(60):
        while found := ledger.rows(open_ones):
            await asyncio.gather(*(ledger.asks("CloseCallback", callback=ident, reason="test") for (ident,) in found))


def whole(number: str) -> str:
    return "+86" + number


def row(ledger: Ledger, number: str) -> Json:
    """The last callback of this number on record; {} when there is none."""
    names = (
        "id",
        "state",
        "source",
        "queue",
        "result",
        "reason",
        "attempts",
        "times_asked",
        "closed_reason",
        "closed_detail",
        "dnis",
    )
    statement = f"SELECT {', '.join(names)} FROM calls_callbackentry WHERE number = %s ORDER BY opened_at DESC LIMIT 1"
    found = ledger.rows(statement, whole(number))
    return dict(zip(names, found[0], strict=True)) if found else {}


async def becomes(ledger: Ledger, number: str, timeout: float = 20, **wanted: Any) -> Json:
    """The callback of this number, once it has these values."""
    found: Json = {}

    def there() -> bool:
        found.update(row(ledger, number))
        return wanted.items() <= found.items()

    try:
        await until(there, timeout, f"the callback of {number} is {wanted}")
    except AssertionError as late:
        raise AssertionError(f"{late}: it is {found}") from None
    return found


async def gives_up(ledger: Ledger, caller: Caller) -> Json:
    """They wait for nobody and hang up: they are owed a call."""
    call = await caller.dial().wait_answered()
    await call.hangup()
    return await becomes(ledger, caller.ani, state="WAITING")


async def closed_as(ledger: Ledger, number: str, reason: str, **wanted: Any) -> Json:
    return await becomes(ledger, number, state="CLOSED", closed_reason=reason, **wanted)


async def release(ledger: Ledger, number: str, task: str, **more: Any) -> str:
    """A follow-up, or what is given, is due now; the reason of its refusal."""
    ((now,),) = ledger.rows("SELECT extract(epoch FROM now())::float8")
    about = {"kind": "follow_up", "queue": QUEUE, **more}
    return await ledger.asks("ReleaseTask", task=task, number=whole(number), at=now, **about)
