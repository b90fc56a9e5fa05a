"""Which phones can be rung, told as it changes: by a look each second at what Asterisk has, for browsers' by its events.

Desk phones come and go slowly. A browser's phone is gone the moment its page is, and what registers under its name a
blink later is another page that knows nothing of the call: so it is told as gone and come again. A page whose network is
lost says nothing at all, and its registration stays: the first to notice is the media's time-out (accounts.py).
Such a phone is doubted, until Asterisk has asked it anew.

A subscription to an endpoint brings the events of its channels too, so these events have an application of their own. One
subscription to all endpoints would bring no channels, but Asterisk 22 crashes when its websocket closes while an event is
on its way: it frees the application and then tells it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from ccenter.acd import events
from ccenter.stasis.accounts import is_web
from ccenter.stasis.ari import Ari, AriError
from ccenter.stasis.messages import Message
from ccenter.stasis.translate import endpoint_of

log = logging.getLogger(__name__)

APP = "ccenter-phones"
LOOK_AT_PHONES = 1.0  # seconds; costs Asterisk 1 ms for 300 phones
GRACE = 5.0  # seconds in which an Asterisk that has just started may find its phones again
DOUBT = 4.0  # seconds until a phone that is asked is known not to answer: `qualify_timeout`, and one
ASKED = 60.0  # seconds such a phone is asked at each look: by itself Asterisk asks each 15 s, and a customer waits
LOST_MEDIA = 44  # the cause of a leg whose other end has fallen silent

TOLD = ("PeerStatusChange", "ContactStatusChange")

Changes = list[events.PhoneChanged]


class Phones:
    """Which phones are reachable. What is given back are the changes, for the core."""

    def __init__(self) -> None:
        self._online: dict[str, bool] = {}
        self._pages: dict[str, str] = {}  # of web phones: where the one is that counts
        self._doubted: dict[str, float] = {}  # since when
        self._moved: set[str] = set()  # told by an event since the last look began
        self._patient_until = 0.0

    def asterisk_restarted(self) -> None:
        """It keeps desk phones' addresses, but calls them offline until it has asked each: none is lost by that."""
        self._patient_until = _now() + GRACE

    def lost(self, phone: str) -> None:
        """It could not be dialled: told when the next look finds it reachable."""
        self._online[phone] = False

    @property
    def online(self) -> list[str]:
        """The endpoints that are reachable as far as we know."""
        return [phone for phone, online in self._online.items() if online]

    # -- events ------------------------------------------------------------------------------------------------

    def told(self, message: Message) -> Changes:
        """What an event of Asterisk's means for its phone; [] for most."""
        if message.endpoint is None or message.endpoint.resource.startswith("trunk-"):
            return []
        phone = f"{message.endpoint.technology}/{message.endpoint.resource}"
        if message.contact_info is not None and is_web(phone):
            return self._page(phone, message.contact_info.uri, message.contact_info.contact_status)
        if message.peer is not None:
            return self._set(phone, message.peer.peer_status == "Reachable")
        return []

    def ended(self, event: events.AnyEvent | None, message: Message) -> Changes:
        """A leg ended: was it a web phone's that fell silent?"""
        if isinstance(event, events.LegEnded) and event.cause == LOST_MEDIA and message.channel is not None:
            phone = endpoint_of(message.channel.name)
            if is_web(phone) and self._online.get(phone):
                self._doubted[phone] = _now()
                return self._put(phone, False)
        return []

    def _page(self, phone: str, uri: str, status: str) -> Changes:
        known = self._pages.get(phone)
        if status == "Removed":
            if known not in (None, uri):
                return []  # of the page before
            self._pages.pop(phone, None)
            return self._set(phone, False)
        self._pages[phone] = uri
        gone = self._set(phone, False) if uri != known and known is not None else []
        return gone + (self._set(phone, True) if status == "Reachable" else [])

    def _set(self, phone: str, online: bool) -> Changes:
        """A change of Asterisk's mind. One who has come back is not doubted any more."""
        if not online and _now() < self._patient_until and not is_web(phone):
            return []
        if online:
            self._doubted.pop(phone, None)
        self._moved.add(phone)
        return self._put(phone, online)

    def _put(self, phone: str, online: bool) -> Changes:
        if self._online.get(phone) is online:
            return []
        self._online[phone] = online
        return [events.PhoneChanged(phone, online)]

    # -- looking -----------------------------------------------------------------------------------------------

    async def look(self, ari: Ari) -> Changes:
        """The phones that came or went; at first all there are. Raises AriError."""
        self._moved.clear()
        for phone in self._doubted:
            with suppress(AriError):
                await ari.manager.PJSIPQualify(phone.partition("/")[2])
        found = await ari.endpoints.listByTech("PJSIP")
        now = {
            f"{endpoint.technology}/{endpoint.resource}": endpoint.state == "online"
            for endpoint in found
            if not endpoint.resource.startswith("trunk-")
        }
        was, at = self._online, _now()
        self._doubted = {
            phone: since
            for phone, since in self._doubted.items()
            if phone in now and at - since < (DOUBT if now[phone] else ASKED)
        }
        if at < self._patient_until:
            now |= {phone: True for phone, online in was.items() if online and not is_web(phone)}
        for phone in (*self._moved, *self._doubted):  # an event is newer than what was asked before it came
            if phone in now and phone in was:
                now[phone] = was[phone]
        self._pages = {phone: uri for phone, uri in self._pages.items() if phone in now}
        self._online = now
        gone = [events.PhoneChanged(phone, False) for phone, online in was.items() if online and phone not in now]
        return gone + [events.PhoneChanged(phone, on) for phone, on in now.items() if was.get(phone) is not on]


class Pages:
    """Asterisk's events of the browsers' phones. `ari` is of the application APP; `feed` gets the changes."""

    def __init__(self, ari: Ari, phones: Phones, feed: Callable[[events.PhoneChanged], None]) -> None:
        self._ari = ari
        self._phones = phones
        self._feed = feed
        self._wanted: list[str] = []
        self._followed: set[str] = set()
        self._linked = False

    async def run(self) -> NoReturn:
        """Raises ApplicationReplaced."""
        await self._ari.listen(self._connected, self._heard, self._lost)

    async def follow(self, names: Iterable[str]) -> None:
        """From now on these endpoints ("w1001-0a1b2c3d"), which are there."""
        self._wanted = list(names)
        self._followed &= set(self._wanted)
        if self._linked:
            await self._subscribe()

    async def _connected(self) -> None:
        self._followed.clear()
        await self._ari.applications.filter(*TOLD)
        await self._subscribe()
        self._linked = True

    async def _subscribe(self) -> None:
        for name in [name for name in self._wanted if name not in self._followed]:
            self._followed.add(name)
            try:
                await self._ari.applications.subscribe(f"endpoint:PJSIP/{name}")
            except AriError as error:
                self._followed.discard(name)
                log.warning("%s is not followed: %s", name, error)

    def _heard(self, message: Message) -> None:
        for change in self._phones.told(message):
            self._feed(change)

    def _lost(self) -> None:
        self._linked = False


def _now() -> float:
    return asyncio.get_running_loop().time()
