"""Websockets of the record: the feed of facts."""

import asyncio
import contextlib
import logging
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.utils.crypto import constant_time_compare
from rest_framework.authtoken.models import Token

from ccenter.calls.feed import Batch, hub
from ccenter.calls.rights import Scope, listening

log = logging.getLogger(__name__)

BEAT = 25.0  # seconds: rights are looked at again, and a socket without news is told so. Pages know it (`SILENT` in feed.js)
FORBIDDEN, GONE = 4403, 4503  # close codes


def find_user(scope: dict[str, Any]) -> Any:
    """Whom a websocket belongs to: the session's user, or the token's in a header as for REST. None for nobody."""
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        found = get_user_model().objects.filter(pk=user.pk, is_active=True).first()
        return found if found is not None and _session_holds(scope, found) else None
    headers = dict(scope.get("headers", ()))
    kind, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() != "token":
        return None
    token = Token.objects.select_related("user").filter(key=key.strip(), user__is_active=True).first()
    return token.user if token else None


def _session_holds(scope: dict[str, Any], user: Any) -> bool:
    """Whether the session the socket came with is still this user's: who logs out, or changes the password, ends it."""
    key = getattr(scope.get("session"), "session_key", None)
    kept = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return kept.get(SESSION_KEY) == str(user.pk) and constant_time_compare(
        kept.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
    )


def _rights(scope: dict[str, Any], lines: bool) -> Scope:
    """What may be told. Raises PermissionDenied."""
    user = find_user(scope)
    if user is None:
        raise PermissionDenied
    return listening(user, lines=lines)


class FeedConsumer(AsyncWebsocketConsumer):
    """/ws/feed/?since=seq: one message a batch, `{"seq", "facts", "more", "reset"}`; the first comes at once, and one
    without facts at least every 25 s: who hears nothing for twice as long has lost the connection.

    Without `since` it begins with what happens from now on. With `lines=1` it tells also who waits in the queues one's seat
    serves. Refused (403) for who may not listen, closed (4403) when that changes: the session ends, or the role.
    """

    async def connect(self) -> None:
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        wanted = query.get("since", [""])[0]
        self.lines = query.get("lines", ["0"])[0] == "1"
        self.task: asyncio.Task[None] | None = None
        if wanted and not (wanted.isdecimal() and len(wanted) < 19):
            await self.close()
            return
        try:
            rights = await database_sync_to_async(_rights)(self.scope, self.lines)
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
                if loop.time() - checked >= BEAT:
                    rights, checked = await database_sync_to_async(_rights)(self.scope, self.lines), loop.time()
                batch = await hub().since(since, rights, timeout)
            except PermissionDenied:
                await self.close(FORBIDDEN)
                return
            except DatabaseError as error:
                log.warning("a feed ends, the record cannot be read: %s", str(error).partition("\n")[0])
                await self.close(GONE)
                return
            await self._send(batch)
            since, timeout = batch.seq, BEAT

    async def _send(self, batch: Batch) -> None:
        await self.send(text_data=batch.encode().decode())
