"""The websocket of screens: the feed of facts, and messages beside it."""

import asyncio
import contextlib
import logging

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError

from ccenter.calls.consumers import FeedConsumer, find_user
from ccenter.desktop.messages import group_of

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds for Valkey, and between two tries
JOIN_EVERY = 3600.0  # a group forgets its members after a day


class DeskConsumer(FeedConsumer):
    """/ws/feed/: batches of facts as `FeedConsumer` tells them; and what `messages` pushes to the user, each with a "type".

    After Valkey was away: {"type": "messages_changed"}, as a message may have been missed.
    """

    channel_layer_alias = ""  # heard by a task of our own: Channels would end the socket with Valkey

    async def connect(self) -> None:
        await super().connect()
        self.hearing: asyncio.Task[None] | None = None
        if self.task is not None:
            self.hearing = asyncio.create_task(self._hear())

    async def disconnect(self, code: int) -> None:
        if self.hearing is not None:
            self.hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.hearing
        await super().disconnect(code)

    async def _hear(self) -> None:
        try:
            user = await database_sync_to_async(find_user)(self.scope)
        except DatabaseError:
            return  # the feed itself ends as well
        if user is None:
            return
        layer, group = get_channel_layer(), group_of(user.pk)
        channel, missed = "", False
        while True:
            try:
                channel = channel or await layer.new_channel()
                await asyncio.wait_for(layer.group_add(group, channel), PATIENCE)
                if missed:
                    await self.send(text_data='{"type":"messages_changed"}')
                    missed = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(JOIN_EVERY):
                        while True:
                            message = await layer.receive(channel)
                            await self.send(text_data=message["text"])
            except asyncio.CancelledError:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(layer.group_discard(group, channel), PATIENCE)
                raise
            except Exception as error:
                log.debug("messages cannot be heard: %r", error)
                missed = True
                await asyncio.sleep(PATIENCE)
