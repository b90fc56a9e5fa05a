"""Websockets of the record: the feed of facts."""

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from rest_framework.authtoken.models import Token

from ccenter.calls.feed import Batch, hub
from ccenter.calls.rights import Scope, scope_of

log = logging.getLogger(__name__)

CHECK_EVERY = 30.0  # seconds until rights are looked at again
FORBIDDEN, GONE = 4403, 4503  # close codes


def find_user(scope: dict[str, Any]) -> Any:
    """Whom a websocket belongs to: the session's user, or the token's in a header as for REST. None for nobody."""
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return get_user_model().objects.filter(pk=user.pk, is_active=True).first()
    headers = dict(scope.get("headers", ()))
    kind, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() != "token":
        return None
    token = Token.objects.select_related("user").filter(key=key.strip(), user__is_active=True).first()
    return token.user if token else None


def _rights(scope: dict[str, Any]) -> Scope:
    """What may be told. Raises PermissionDenied."""
    user = find_user(scope)
    if user is None:
        raise PermissionDenied
    return scope_of(user)


class FeedConsumer(AsyncWebsocketConsumer):
    """/ws/feed/?since=seq: one message a batch, `{"seq", "facts", "more", "reset"}`; the first comes at once.

    Without `since` it begins with what happens from now on. Refused (403) for who may not listen.
    """

    async def connect(self) -> None:
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        wanted = query.get("since", [""])[0]
        self.task: asyncio.Task[None] | None = None
        if wanted and not (wanted.isdecimal() and len(wanted) < 19):
            await self.close()
            return
        try:
            rights = await database_sync_to_async(_rights)(self.scope)
            since = int(wanted) if wanted else await hub().now()
        except (PermissionDenied, DatabaseError):
            await self.close()
            return
        await self.accept()
        self.task = asyncio.create_task(self._tell(since, rights))

    async def disconnect(self, code: int) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def _tell(self, since: int, rights: Scope) -> None:
        loop = asyncio.get_running_loop()
        checked, timeout = loop.time(), 0.0
        while True:
            try:
                if loop.time() - checked > CHECK_EVERY:
                    rights, checked = await database_sync_to_async(_rights)(self.scope), loop.time()
                batch = await hub().since(since, rights, timeout)
            except PermissionDenied:
                await self.close(FORBIDDEN)
                return
            except DatabaseError as error:
                log.warning("a feed ends, the record cannot be read: %s", str(error).partition("\n")[0])
                await self.close(GONE)
                return
            if batch.facts or batch.reset or timeout == 0.0:
                await self._send(batch)
            since, timeout = batch.seq, CHECK_EVERY

    async def _send(self, batch: Batch) -> None:
        await self.send(text_data=batch.encode().decode())
