"""Waiting for a condition with a deadline: the only way tests wait."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Waitable:
    """Something that changes. Whoever changes it calls `changed`; whoever waits gives a condition."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def describe(self) -> str:
        """What a failed wait says about this object."""
        return repr(self)

    async def until(self, condition: Callable[[], T], timeout: float, what: str) -> T:
        """Return the condition's value once it is true. AssertionError after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (value := condition()):
            waiter = loop.create_future()
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                if value := condition():
                    return value
                raise AssertionError(f"not within {timeout} s: {what}\n{self.describe()}") from None
            finally:
                self._waiters.discard(waiter)
        return value
