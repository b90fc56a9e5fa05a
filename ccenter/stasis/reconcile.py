"""After the link to an Asterisk was away: what it has now, told to the core so that the core can put the difference right.

Asterisk keeps our channels and bridges while we are gone, and never repeats an event. So on every connect the whole picture
is read. A channel in our application that the core has never heard of is a call that came in meanwhile: it is offered
now. Whose phone is there is kept apart, in phones.py.
"""

import asyncio
from collections.abc import Collection

from ccenter.acd import events
from ccenter.stasis import translate
from ccenter.stasis.ari import Ari
from ccenter.stasis.messages import Channel
from ccenter.stasis.translate import Live


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
