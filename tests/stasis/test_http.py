"""The small HTTP client against real connections to a server that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ccenter.stasis.http import Client, ConnectionLost

OK = b"HTTP/1.1 200 OK\r\nContent-type: application/json\r\nContent-Length: 2\r\n\r\n{}"
NONE = b"HTTP/1.1 204 No Content\r\n\r\n"

Answer = Callable[[bytes, asyncio.StreamWriter], object]


class Server:
    """Answers each request by `answer(request, writer)`; counts connections and keeps the requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        self.serving: list[asyncio.Task[None]] = []

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
                request = head + await reader.readexactly(length)
                self.requests.append(request)
                self.answer(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def between(
    answer: Answer, *, most: int = 4, patience: float = 5.0, keep: float = 10.0
) -> AsyncIterator[tuple[Client, Server]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.begin, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "me", "secret", most=most, patience=patience, keep=keep)
    try:
        yield client, server
    finally:
        client.close()
        listening.close()
        async with asyncio.timeout(20):
            await asyncio.gather(*server.serving)


def say(text: bytes) -> Answer:
    return lambda _, writer: writer.write(text)


async def test_given_requests_one_after_the_other_then_they_share_a_connection_and_say_who_asks() -> None:
    async with between(say(OK)) as (client, server):
        assert await client.request("POST", "/ari/channels?x=%20", b'{"a":1}') == (200, b"{}")
        assert await client.request("GET", "/ari/channels") == (200, b"{}")
    assert server.connections == 1
    first, second = server.requests
    assert first.startswith(b"POST /ari/channels?x=%20 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic bWU6c2VjcmV0\r\n" in first and first.endswith(b'Content-Length: 7\r\n\r\n{"a":1}')
    assert second.endswith(b"Content-Length: 0\r\n\r\n")


async def test_given_an_answer_without_a_body_or_in_pieces_then_it_is_read_to_its_end() -> None:
    async def piecemeal(writer: asyncio.StreamWriter) -> None:
        for piece in (OK[:30], OK[30:-1], OK[-1:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    tasks = []
    async with between(say(NONE)) as (client, server):
        assert await client.request("DELETE", "/ari/bridges/b") == (204, b"")
        server.answer = lambda _, writer: tasks.append(asyncio.ensure_future(piecemeal(writer)))
        assert await client.request("GET", "/ari/bridges") == (200, b"{}")
    assert server.connections == 1


async def test_given_a_kept_connection_that_the_server_closes_then_the_request_is_sent_again() -> None:
    def once(_: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 2:
            writer.close()
        else:
            writer.write(OK)

    async with between(once) as (client, server):
        await client.request("GET", "/1")
        assert await client.request("GET", "/2") == (200, b"{}")
    assert server.connections == 2 and server.requests[1] == server.requests[2]


async def test_given_a_fresh_connection_that_breaks_then_it_is_told() -> None:
    async with between(lambda _, writer: writer.close()) as (client, server):
        with pytest.raises(ConnectionLost):
            await client.request("GET", "/1")
    assert server.connections == 1


async def test_given_a_server_that_says_close_then_the_next_request_has_a_connection_of_its_own() -> None:
    async with between(say(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) as (client, server):
        await client.request("GET", "/1")
        assert await client.request("GET", "/2") == (200, b"{}")
    assert server.connections == 2


async def test_given_an_answer_that_is_late_then_it_is_not_taken_for_the_next_one() -> None:
    writers: list[asyncio.StreamWriter] = []
    async with between(lambda _, writer: writers.append(writer), patience=0.05) as (client, server):
        with pytest.raises(TimeoutError):
            await client.request("GET", "/slow")
        server.answer = say(NONE)
        writers[0].write(OK)
        client.patience = 5.0
        assert await client.request("GET", "/next") == (204, b"")


async def test_given_more_requests_than_may_go_at_once_then_the_others_wait() -> None:
    held: list[asyncio.StreamWriter] = []
    arrived = asyncio.Event()

    def hold(_: bytes, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        if len(held) == 2:
            arrived.set()

    async with between(hold, most=2) as (client, server):
        tasks = [asyncio.create_task(client.request("GET", f"/{n}")) for n in range(4)]
        await arrived.wait()
        assert len(server.requests) == 2
        server.answer = say(OK)
        for writer in held:
            writer.write(OK)
        assert await asyncio.gather(*tasks) == [(200, b"{}")] * 4
    assert server.connections == 2


async def test_given_a_connection_idle_for_too_long_then_it_is_not_used_again() -> None:
    async with between(say(OK), keep=-1.0) as (client, server):
        await client.request("GET", "/1")
        await client.request("GET", "/2")
    assert server.connections == 2


async def test_given_nobody_there_or_a_target_that_is_not_quoted_then_it_is_told() -> None:
    client = Client("http://127.0.0.1:9", "me", "secret", most=1, patience=5.0, keep=1.0)
    with pytest.raises(OSError):
        await client.request("GET", "/1")
    for target in ("/a b", "/a\r\nX: y", "/中"):
        with pytest.raises(ValueError):
            await client.request("GET", target)
    with pytest.raises(ValueError):
        Client("ftp://x", "me", "secret", most=1, patience=5.0, keep=1.0)
