"""After the link to an Asterisk was away: what it has now, told to the core so that the core can put the difference right.

Asterisk keeps our channels and bridges while we are gone, and never repeats an event. So on every connect the whole picture
is read. A channel in our application that the core has never heard of is a call that came in meanwhile: it is offered
now. Phones are looked at every second: an event subscription to endpoints would tell sooner, but brings every event of a
call a second time.
"""

import asyncio
from collections.abc import Collection

from ccenter.acd import events
from ccenter.stasis import translate
from ccenter.stasis.ari import Ari, Channel
from ccenter.stasis.translate import Live

LOOK_AT_PHONES = 1.0  # seconds; costs Asterisk 1 ms for 300 phones
GRACE = 5.0  # seconds in which an Asterisk that has just started may find its phones again


async def reconcile(ari: Ari, node: str, known: Collection[str], live: Live, restarted: bool) -> list[events.AnyEvent]:
    """The events that bring the core up to date, `NodeUp` last; `live` is made what Asterisk has. Raises AriError.

    `known` are the core's legs.
    """
    channels, bridges = await asyncio.gather(ari.channels.list(), ari.bridges.list())
    ours = {channel.id: channel for channel in channels if is_ours(channel, node, ari.app)}
    for leg in [leg for leg in live if leg not in ours]:
        del live[leg]
    found: list[events.AnyEvent] = []
    for channel in ours.values():
        event = translate.adopt(channel, live)
        if channel.id not in known and isinstance(event, events.CallOffered | events.SeatDialled):
            found.append(event)
    found.append(
        events.NodeUp(
            node,
            {ident: channel.state if in_app(channel, ari.app) else "Ringing" for ident, channel in ours.items()},
            {bridge.id: bridge.channels for bridge in bridges if bridge.id.startswith(f"{node}-")},
            restarted,
        )
    )
    return found


def in_app(channel: Channel, app: str) -> bool:
    """Is it under our command? A dialled one is from its answer on."""
    return channel.dialplan.app_name == "Stasis" and channel.dialplan.app_data.startswith(f"{app},")


def is_ours(channel: Channel, node: str, app: str) -> bool:
    return in_app(channel, app) or channel.id.startswith(f"{node}-l")


class Phones:
    """Which phones are reachable, and what changed since the last look."""

    def __init__(self) -> None:
        self._online: dict[str, bool] = {}
        self._patient_until = 0.0

    def asterisk_restarted(self) -> None:
        """It keeps its phones' addresses, but calls them offline until it has asked each: no phone is lost by that."""
        self._patient_until = asyncio.get_running_loop().time() + GRACE

    def lost(self, phone: str) -> None:
        """It could not be dialled: told when the next look finds it reachable."""
        self._online[phone] = False

    @property
    def online(self) -> list[str]:
        """The endpoints that were reachable when last looked."""
        return [phone for phone, online in self._online.items() if online]

    async def look(self, ari: Ari) -> list[events.PhoneChanged]:
        """The phones that came or went; at first all there are. Raises AriError."""
        now = {
            f"{endpoint.technology}/{endpoint.resource}": endpoint.state == "online"
            for endpoint in await ari.endpoints.listByTech("PJSIP")
            if not endpoint.resource.startswith("trunk-")
        }
        if asyncio.get_running_loop().time() < self._patient_until:
            now = {phone: online or self._online.get(phone, False) for phone, online in (self._online | now).items()}
        gone = [events.PhoneChanged(phone, False) for phone, online in self._online.items() if online and phone not in now]
        changed = [events.PhoneChanged(phone, on) for phone, on in now.items() if self._online.get(phone) is not on]
        self._online = now
        return gone + changed
