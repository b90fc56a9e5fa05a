"""Who answered, a person or a machine: Asterisk's AMD listens to the leg through a channel of its own (a snoop).

The leg stays in our hands all the while, so whatever the core wants of it is done at once. The snoop comes into the application,
is sent to the dialplan's `judge`, comes back with the answer and is hung up. Everything it needs to know is in its name and
arguments: nothing is kept here, and one that is lost leaves the core to its own time limit.
"""

import logging
from collections.abc import Coroutine
from typing import Any, Literal

from ccenter.stasis.ari import Ari, AriError
from ccenter.stasis.messages import Message

log = logging.getLogger(__name__)

Verdict = Literal["human", "machine", "unknown"]

SUFFIX = "-amd"  # after a leg's id: the name of its snoop
CONTEXT = "judge"
OURS = ("judge", "judged")  # first arguments of a snoop in the application
DETECT = "detect"  # last argument of a dialled leg that is to be judged
# A person who says nothing for seconds is none of those: no answer is not a machine's.
SILENT = "INITIALSILENCE"


def step(ari: Ari, message: Message) -> Coroutine[Any, Any, None] | None:
    """What is to be done about a message, if anything."""
    channel = message.channel
    if message.type != "StasisStart" or channel is None:
        return None
    match message.args:
        case ["dialled", leg, "detect"]:
            return _tried(ari.channels.snoopChannelWithId(leg, leg + SUFFIX, "in", "none", f"judge,{leg}"))
        case ["judge", *_]:
            return _tried(ari.channels.continueInDialplan(channel.id, CONTEXT, "s", 1))
        case ["judged", *_]:
            return _tried(ari.channels.hangup(channel.id, 16))
    return None


def verdict(args: list[str] | tuple[str, ...]) -> Verdict:
    """human, machine or unknown, from AMDSTATUS and AMDCAUSE ("TOOLONG-3500", "INITIALSILENCE-2500-2500", ...)."""
    status, cause = (*args[1:3], "", "")[:2]
    if status == "MACHINE" and not cause.startswith(SILENT):
        return "machine"
    return "human" if status in ("HUMAN", "PERSON") else "unknown"


async def _tried(request: Coroutine[Any, Any, None]) -> None:
    try:
        await request
    except AriError as error:
        if error.status not in (0, 404):  # gone meanwhile
            log.warning("nobody judges who answered: %s", error)
