"""What the recorder tells others: it arrives while Valkey is there, and never holds anybody up when it is not."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
import redis


def queued() -> list[Any]:
    """The tasks that wait for a worker."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as valkey:
        return list(valkey.lrange("celery", 0, -1))  # type: ignore[arg-type]


@pytest.fixture
def publisher() -> Any:
    from ccenter.calls.publisher import Publisher

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as valkey:
        valkey.delete("celery")
    thread = Publisher()
    thread.start()
    yield thread
    thread.stop()
    thread.join(5)


async def heard(least: int) -> dict[str, Any]:
    """The first message of the feed's group that tells of `least` or more."""
    from channels.layers import get_channel_layer

    from ccenter.calls.publisher import GROUP

    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    while (message := await asyncio.wait_for(layer.receive(channel), 10))["seq"] < least:
        pass
    return dict(message)


async def test_given_valkey_when_facts_are_on_record_then_the_group_hears_and_recordings_are_handed_over(publisher: Any) -> None:
    waiting = asyncio.create_task(heard(1))
    seq = 0
    while not waiting.done():
        seq += 1
        publisher(seq, [])
        await asyncio.sleep(0.02)
    assert waiting.result()["type"] == "feed.facts" and waiting.result()["seq"] <= seq
    publisher(seq, ["ast1-r1", "ast1-r2"])
    end = time.monotonic() + 10
    while len(queued()) < 2:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    assert b"convert_recording" in queued()[0]


@pytest.mark.slow
async def test_given_valkey_stopped_when_told_then_it_returns_at_once_and_is_heard_when_valkey_is_back(publisher: Any) -> None:
    from deploy import stack

    state = Path(os.environ["CC_STATE"])
    await asyncio.to_thread(stack.stop, state, "valkey")
    try:
        began = time.perf_counter()
        for seq in range(1, 1001):
            publisher(seq, [f"ast1-r{seq}"])
        assert time.perf_counter() - began < 5
        end = time.monotonic() + 10
        while not publisher.failures:
            assert time.monotonic() < end
            await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(stack.start, state, "valkey")
    waiting = asyncio.create_task(heard(1001))
    while not waiting.done():
        publisher(publisher._seq + 1, [])
        await asyncio.sleep(0.05)
    assert waiting.result()["seq"] > 1000
