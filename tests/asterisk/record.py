"""The record of a call as a test reads it: over the REST interface, as a team lead."""

import time
from datetime import UTC, datetime
from typing import Any

from tests.phones import Caller
from tests.phones.seat import Api

Json = dict[str, Any]


async def call_of(lead: Api, caller: Caller, *, ended: bool = True, timeout: float = 20.0) -> Json:
    """The call this caller made last, ended unless told otherwise."""
    dialled = time.time() - (caller.loop.time() - caller.dialogs[-1].asked_at)  # noqa: TID251  # the record has times of day
    since = datetime.fromtimestamp(dialled - 0.05, UTC).isoformat()

    def there(page: Json) -> bool:
        rows = page["results"]
        return bool(rows) and (not ended or rows[0]["state"] == "ENDED")

    page = await lead.wait_for("/api/calls/", there, timeout, number=caller.ani, since=since)
    found: Json = await lead.get(f"/api/calls/{page['results'][0]['id']}/")
    return found


async def timeline(lead: Api, call: Json) -> list[Json]:
    """The facts of a call, in order."""
    found: list[Json] = (await lead.get(f"/api/calls/{call['id']}/timeline/"))["facts"]
    return found


async def reaches(lead: Api, caller: Caller, kind: str, times: int = 1, timeout: float = 20.0, **wanted: Any) -> Json:
    """Wait till the caller's last call has so many facts of this kind with these values; the last of them."""
    call = await call_of(lead, caller, ended=False)

    def found(page: Json) -> list[Json]:
        return [fact for fact in page["facts"] if fact["type"] == kind and wanted.items() <= fact.items()]

    path = f"/api/calls/{call['id']}/timeline/"
    return found(await lead.wait_for(path, lambda page: len(found(page)) >= times, timeout))[-1]


def kinds(facts: list[Json]) -> list[str]:
    return [fact["type"] for fact in facts]


def in_order(names: list[str], *wanted: str) -> bool:
    """Do the wanted names come in this order, others between them allowed?"""
    rest = iter(names)
    return all(any(name == want for name in rest) for want in wanted)
