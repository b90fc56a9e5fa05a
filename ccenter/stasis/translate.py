"""What Asterisk says, in the core's words: one small function for each type of event, and a table of them.

The functions keep nothing. What they must know of a leg's past is in `live`, which the caller owns: every leg that is
ours and not over yet, with the cause of its end as far as Asterisk has told it. So a leg ends once, however many of
Asterisk's events say so, and with the most telling cause of them.
"""

from collections.abc import Callable

from ccenter.acd import events
from ccenter.calls.numbers import normalise, whole
from ccenter.stasis import judging
from ccenter.stasis.messages import Channel, Message

Live = dict[str, int]
Event = events.AnyEvent | None

NORMAL = 16  # Q.850: normal clearing
# "soft" hang-ups carry Asterisk's own flag where the cause should be: the device is lost (no RTP), Asterisk goes down,
# the dialplan's time limit, and a command of ours.
SOFT = {1: 44, 4: 38, 8: 102, 32: NORMAL}
JUDGES = [[name] for name in judging.OURS]  # channels that are no legs
CANCELLED = 487  # SIP: the caller gave up before the answer


def translate(message: Message, live: Live) -> Event:
    """The core's event, or None for what does not concern it. Updates `live`."""
    rule = RULES.get(message.type)
    return rule(message, live) if rule else None


def adopt(channel: Channel, live: Live) -> Event:
    """The event of a channel that waits in our application, for one whose beginning nobody heard."""
    app, *args = channel.dialplan.app_data.split(",")
    if args[:1] not in JUDGES:
        live.setdefault(channel.id, 0)
    return entered(channel, args) if app else None


def entered(channel: Channel, args: list[str] | tuple[str, ...]) -> Event:
    """A channel came into the application with these arguments of the dialplan's or of `Dial`'s."""
    match args:
        case ["inbound", dnis, trunk, *_]:
            number = normalise(channel.caller.number)
            return events.CallOffered(channel.id, number.number, dnis, trunk, channel.name, channel.caller.name)
        case ["seat", dialled, *_]:
            return events.SeatDialled(channel.id, endpoint_of(channel.name), whole(dialled), channel.name)
        case ["dialled", *_]:
            return events.LegAnswered(channel.id, channel.name)
        case ["judged", *_]:
            return events.AnswerJudged(channel.id.removesuffix(judging.SUFFIX), judging.verdict(args))
    return None


def endpoint_of(channel_name: str) -> str:
    """ "PJSIP/1001-0000002a" -> "PJSIP/1001"."""
    return channel_name.rpartition("-")[0]


def _started(message: Message, live: Live) -> Event:
    channel = message.channel
    if channel is None:
        return None
    if channel.id in live and message.args[:1] != ("dialled",):
        return None  # adopted already
    if list(message.args[:1]) not in JUDGES:
        live.setdefault(channel.id, 0)
    return entered(channel, message.args)


def _state(message: Message, live: Live) -> Event:
    channel = message.channel
    if channel is not None and channel.state == "Ringing" and channel.id in live:
        return events.LegRinging(channel.id)
    return None


def _hangup_requested(message: Message, live: Live) -> Event:
    channel = message.channel
    if channel is not None and channel.id in live:
        if message.soft:
            cause = SOFT.get(message.cause, NORMAL)
        elif message.tech_cause == CANCELLED:
            cause = NORMAL
        else:
            cause = message.cause or NORMAL  # a BYE has none
        live[channel.id] = live[channel.id] or cause
    return None


def _ended(message: Message, live: Live) -> Event:
    channel = message.channel
    if channel is None or channel.id not in live:
        return None
    cause = live.pop(channel.id) or message.cause
    return events.LegEnded(channel.id, cause)


def _key(message: Message, live: Live) -> Event:
    channel = message.channel
    return events.KeyPressed(channel.id, message.digit) if channel is not None and channel.id in live else None


def _held(message: Message, live: Live) -> Event:
    channel = message.channel
    if channel is None or channel.id not in live:
        return None
    return events.LegHeld(channel.id, message.type == "ChannelHold")


def _played(message: Message, live: Live) -> Event:
    playback = message.playback
    if playback is None:
        return None
    leg = _leg(playback.target_uri)
    if live.get(leg):  # it hung up, which ended the playback: nobody is there for what would come next
        return None
    return events.PlayEnded(leg, playback.id, playback.state == "failed")


def _recorded(message: Message, live: Live) -> Event:
    recording = message.recording
    if recording is None:
        return None
    failed = message.type == "RecordingFailed"
    name = recording.name.rpartition("/")[2]
    return events.MessageRecorded(_leg(recording.target_uri), name, recording.duration, failed)


def _leg(target_uri: str) -> str:
    return target_uri.removeprefix("channel:")


RULES: dict[str, Callable[[Message, Live], Event]] = {
    "StasisStart": _started,
    "StasisEnd": _ended,
    "ChannelStateChange": _state,
    "ChannelHangupRequest": _hangup_requested,
    "ChannelDestroyed": _ended,
    "ChannelDtmfReceived": _key,
    "ChannelHold": _held,
    "ChannelUnhold": _held,
    "PlaybackFinished": _played,
    "RecordingFinished": _recorded,
    "RecordingFailed": _recorded,
}
