"""A whole stack on real Asterisk, and the cast: alice, bob and charlie at desk phones, carol and others who call.

CC_TEST_STACK=DIR uses a stack that runs already (with agents, see `python -m deploy.stack up --agents`) and leaves it up.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy import stack as stacks
from tests.asterisk.ledger import Ledger
from tests.asterisk.logs import Logs
from tests.asterisk.owed import QUEUE, forgets_all
from tests.phones import Caller, Policy
from tests.phones.seat import Api, Ari, Seat
from tests.stacks import running

AGENTS = 40
_numbers = itertools.count(os.getpid() % 5000)  # a caller's number is met once, on a stack that was used before too
STEADY = ("asterisk", "cti", "agi", "recorder", "web")
_up: list[dict[str, Any]] = []  # the stack of this run
SHOWN = 25  # lines of each log, under a failed test

Stack = dict[str, Any]
MakeCaller = Callable[..., Caller]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """stack.json of a running stack with 40 desk-phone seats."""
    if given := os.environ.get("CC_TEST_STACK"):
        yield json.loads((Path(given) / "stack.json").read_text())
    elif _up:  # tests/browser has these fixtures too
        yield _up[0]
    else:
        with running("asterisk", agents=AGENTS) as described:
            _up.append(described)
            yield described
            _up.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the parts of the stack said last, those that said something meanwhile."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, dict) and "state" in stack:
        for log in sorted((Path(stack["state"]) / "log").glob("*.log")):
            if log.stat().st_mtime >= call.start - 1:
                lines = log.read_text(errors="replace").splitlines()[-SHOWN:]
                report.sections.append((f"end of {log.name}", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def logins(stack: Stack) -> list[dict[str, Any]]:
    """The agents' logins, by extension."""
    found = [login for login in stack["logins"] if login["role"] == "agent" and login["extension"]]
    assert len(found) >= 3, "the stack has no agents: was it brought up with --agents, and did the seed run?"
    return sorted(found, key=lambda login: str(login["extension"]))


@pytest.fixture(scope="session")
def standing(stack: Stack) -> dict[str, frozenset[str]]:
    """Under "bridges": ids of those the application keeps while there are no calls. Filled in by the first test."""
    return {}


@pytest.fixture(autouse=True)
async def no_leaks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """After every test that used the stack: no channel, bridge, playback or snoop is left on Asterisk."""
    if "stack" not in request.fixturenames:
        yield
        return
    ari, standing = Ari(request.getfixturevalue("stack")), request.getfixturevalue("standing")
    if "bridges" not in standing:
        standing["bridges"] = frozenset(bridge["id"] for bridge in await ari.get("bridges"))
    yield
    await ari.nothing_left(standing["bridges"])
    ledger = Ledger(request.getfixturevalue("stack"))
    await ledger.all_written()  # the next test's begins behind it
    await ledger.close()


@pytest.fixture
def sip(stack: Stack) -> tuple[str, int]:
    return stack["sip"]["host"], stack["sip"]["port"]


@pytest.fixture
def ari(stack: Stack) -> Ari:
    return Ari(stack)


@pytest.fixture
async def seats(no_leaks: None, stack: Stack, logins: list[dict[str, Any]]) -> AsyncIterator[Callable[..., Any]]:
    """`await seats(3)`: seat number 3 (0 is alice), registered, signed in and ready unless told otherwise."""
    opened: list[Seat] = []

    async def seat(
        place: int, *, sign_in: bool = True, ready: bool = True, policy: Policy = Policy.RING, media: bool = True
    ) -> Seat:
        made = Seat(stack, logins[place], policy=policy, media=media)
        opened.append(made)
        await made.__aenter__()
        return await made.sign_in(ready) if sign_in else made

    yield seat
    await asyncio.gather(*(made.__aexit__(None, None, None) for made in opened))


@pytest.fixture
async def alice(seats: Callable[..., Any]) -> Seat:
    """Signed in at a desk phone and ready."""
    seat: Seat = await seats(0)
    return seat


@pytest.fixture
async def bob(seats: Callable[..., Any]) -> Seat:
    seat: Seat = await seats(1)
    return seat


@pytest.fixture
async def charlie(seats: Callable[..., Any]) -> Seat:
    seat: Seat = await seats(2)
    return seat


@pytest.fixture
async def callers(no_leaks: None, stack: Stack, sip: tuple[str, int]) -> AsyncIterator[MakeCaller]:
    """`callers("direct", ani=...)`: someone who will `dial()` that number of stack.json; hangs up at the end.

    Without `ani` each has their own number, which is no demo customer's.
    """
    async with AsyncExitStack() as open_callers:
        made: list[Caller] = []

        def caller(number: str = "direct", **options: Any) -> Caller:
            options.setdefault("ani", f"1390001{next(_numbers):04}")
            new = Caller(sip, dnis=stack["numbers"].get(number, number), **options)
            made.append(new)
            open_callers.push_async_callback(new.close)
            return new

        yield caller


@pytest.fixture
async def carol(callers: MakeCaller) -> Caller:
    """A caller for the number `direct`: straight to a queue without a menu."""
    return callers("direct", ani="13800138000", name="carol")


@pytest.fixture
async def pstn(no_leaks: None, stack: Stack, sip: tuple[str, int]) -> AsyncIterator[Caller]:
    """The far side of the trunk, for calls that go out: rings for whatever number is called."""
    port = int(stack["environment"].get("CC_TRUNK_PORT", stack["base"] + 7))
    async with Caller(sip, ani="pstn", name="pstn", port=port) as far:
        yield far


@pytest.fixture
async def lead(stack: Stack) -> AsyncIterator[Api]:
    """The REST interface as an administrator: a team lead sees the groups they lead, and callers here come to all."""
    async with Api(stack, next(login for login in stack["logins"] if login["role"] == "administrator")) as api:
        yield api


@pytest.fixture
async def ledger(stack: Stack) -> AsyncIterator[Ledger]:
    """What the record gains from here on; a configuration it changes is put back."""
    made = Ledger(stack)
    yield made
    await made.close()


@pytest.fixture
def logged(stack: Stack) -> Logs:
    """What the parts write to their logs from here on."""
    return Logs(Path(stack["state"]) / "log")


@pytest.fixture
def steady(stack: Stack) -> Iterator[None]:
    """No part of the stack dies of the test."""

    def lives() -> dict[str, tuple[int, int]]:
        parts = stacks.status(Path(stack["state"]))["parts"]
        return {name: (parts[name]["pid"], parts[name]["deaths"]) for name in STEADY}

    before = lives()
    yield
    assert lives() == before


@pytest.fixture
async def rules(ledger: Ledger) -> Callable[..., Any]:
    """`await rules(mode="progressive")`: the queue calls back by these rules for the time of the test."""

    async def change(**fields: Any) -> None:
        statement = "UPDATE calls_queue SET callbacks = %s WHERE code = %s"
        await ledger.configure(statement, json.dumps(fields), QUEUE, undo=(statement, ("{}", QUEUE)))

    return change


@pytest.fixture
async def nobody_is_owed(ledger: Ledger) -> AsyncIterator[None]:
    """Neither by tests before nor by the demo: an agent who asks for the next gets this test's. Nor is anybody afterwards."""
    await forgets_all(ledger)
    yield
    await forgets_all(ledger)
