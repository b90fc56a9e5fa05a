"""The web process in the test's own event loop: real HTTP and websockets against the ASGI application."""

import asyncio
import socket
from types import TracebackType
from typing import Any, Self

import aiohttp
import uvicorn
from asgiref.sync import sync_to_async
from django.db import connection, connections
from rest_framework.authtoken.models import Token

Headers = dict[str, str]


class Web:
    """`async with Web() as web`. Connections to the database end with each request, so that the test's can be dropped."""

    def __init__(self) -> None:
        from ccenter.asgi import application

        options = {"log_level": "warning", "lifespan": "off", "timeout_graceful_shutdown": 1, "ws": "websockets-sansio"}
        self.server = uvicorn.Server(uvicorn.Config(application, **options))  # type: ignore[arg-type]

    async def __aenter__(self) -> Self:
        self._age = connection.settings_dict["CONN_MAX_AGE"]
        connection.settings_dict["CONN_MAX_AGE"] = 0
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self._serving = asyncio.create_task(self.server.serve([listening]))
        self.http = aiohttp.ClientSession(f"http://{self.address}", timeout=aiohttp.ClientTimeout(total=30))
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from ccenter.calls.feed import hub

        await self.http.close()
        self.server.should_exit = True
        await self._serving
        await hub().stop()
        await sync_to_async(connections.close_all)()
        connection.settings_dict["CONN_MAX_AGE"] = self._age

    async def get(self, path: str, headers: Headers, **options: Any) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        async with self.http.get(path, headers=headers, **options) as answer:
            return answer.status, await answer.json()


async def login(name: str, role: str, seat: str = "") -> Headers:
    """The header of a new person's token."""
    from tests.django import people

    user = await sync_to_async(people.person)(name, role, seat)
    token = await sync_to_async(Token.objects.create)(user=user)
    return {"Authorization": f"Token {token.key}"}
