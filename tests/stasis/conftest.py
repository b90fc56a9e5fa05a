"""An Asterisk of the stack's making, without the rest of the stack, for the contract tests."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.phones import Caller, Phone
from tests.stacks import running
from tests.stasis.line import PASSWORD, Line

Stack = dict[str, Any]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """stack.json of a stack that has only Asterisk."""
    with running("shell", only=("asterisk",)) as described:
        yield described


@pytest.fixture
def sip(stack: Stack) -> tuple[str, int]:
    return stack["sip"]["host"], stack["sip"]["port"]


@pytest.fixture
async def line(stack: Stack) -> AsyncIterator[Line]:
    async with Line(stack) as line:
        yield line


@pytest.fixture
async def phones(line: Line, sip: tuple[str, int]) -> AsyncIterator[Callable[..., Any]]:
    """`await phones("1001")`: a desk phone, registered."""
    async with AsyncExitStack() as opened:

        async def phone(number: str, **options: Any) -> Phone:
            made = await opened.enter_async_context(Phone(number, PASSWORD, sip, **options))
            assert await made.register() == 200
            return made

        yield phone


@pytest.fixture
async def alice(phones: Callable[..., Any]) -> Phone:
    made: Phone = await phones("1001")
    return made


@pytest.fixture
async def bob(phones: Callable[..., Any]) -> Phone:
    made: Phone = await phones("1002")
    return made


@pytest.fixture
async def carol(line: Line, sip: tuple[str, int]) -> AsyncIterator[Caller]:
    async with Caller(sip, ani="13800138000", dnis="4008001001", name="carol") as caller:
        yield caller
