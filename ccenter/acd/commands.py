"""What the core wants done. The shell performs them at once: in order for each leg and bridge, side by side otherwise.

Doing a command twice does no harm: every id is chosen by the core. A command that cannot be done comes back as an event.
"""

from typing import Literal

from msgspec import Struct

Direction = Literal["none", "in", "out", "both"]


class Command(Struct, frozen=True, gc=False, tag_field="type"):
    """Base of all commands."""


class Answer(Command, tag=True, frozen=True, gc=False):
    leg: str


class Dial(Command, tag=True, frozen=True, gc=False):
    """Ring an endpoint. Comes back as LegRinging, LegAnswered or LegEnded."""

    leg: str
    endpoint: str  # "PJSIP/1001", "PJSIP/10086@trunk-demo"
    caller_id: str  # what the phone shows
    call: str
    like: str = ""  # a leg whose trace id this one shares
    auto_answer: bool = False  # the agent asked for this call: the phone need not be touched
    ani: str = ""
    detect: bool = False  # find out whether a machine answers: AnswerJudged, after LegAnswered


class HangUp(Command, tag=True, frozen=True, gc=False):
    leg: str
    cause: int = 16  # Q.850; 26 tells a phone that somebody else answered


class AnswerPhone(Command, tag=True, frozen=True, gc=False):
    """Ask a ringing desk phone to answer (NOTIFY with Event: talk)."""

    leg: str
    channel: str
    endpoint: str


class Play(Command, tag=True, frozen=True, gc=False):
    """Play sounds one after the other; comes back as PlayEnded. A name with a colon ("tone:ring") is a media URI."""

    leg: str
    play: str
    sounds: tuple[str, ...]
    language: str


class StopPlay(Command, tag=True, frozen=True, gc=False):
    leg: str
    play: str


class StartMusic(Command, tag=True, frozen=True, gc=False):
    leg: str
    music: str


class StopMusic(Command, tag=True, frozen=True, gc=False):
    leg: str


class MakeBridge(Command, tag=True, frozen=True, gc=False):
    """A mixing bridge for people who talk."""

    bridge: str


class Join(Command, tag=True, frozen=True, gc=False):
    """Put legs into a bridge, out of any other they are in."""

    bridge: str
    legs: tuple[str, ...]


class Leave(Command, tag=True, frozen=True, gc=False):
    bridge: str
    leg: str


class Park(Command, tag=True, frozen=True, gc=False):
    """Move a leg out of its bridge into the node's holding bridge, where it hears music and nobody."""

    leg: str
    music: str


class DropBridge(Command, tag=True, frozen=True, gc=False):
    bridge: str


class SendDtmf(Command, tag=True, frozen=True, gc=False):
    leg: str
    keys: str


class StartRecording(Command, tag=True, frozen=True, gc=False):
    """Record the customer's leg in stereo: what they say, what they hear. Needs the channel's name."""

    leg: str
    channel: str
    recording: str
    call: str


class ContinueRecording(Command, tag=True, frozen=True, gc=False):
    """Somebody else talks to the customer now: the same recording goes on, in the same file."""

    leg: str
    channel: str
    recording: str
    paused: bool


class PauseRecordingOf(Command, tag=True, frozen=True, gc=False):
    leg: str
    channel: str
    paused: bool


class CheckRecording(Command, tag=True, frozen=True, gc=False):
    """The leg has ended: see whether its recording is there. Comes back as RecordingChecked."""

    call: str
    recording: str


class RecordMessage(Command, tag=True, frozen=True, gc=False):
    """Take a voicemail after a beep. Comes back as MessageRecorded."""

    leg: str
    message: str
    seconds: int


class StopMessage(Command, tag=True, frozen=True, gc=False):
    leg: str
    message: str


class Snoop(Command, tag=True, frozen=True, gc=False):
    """A new leg that hears another, and may be heard on it. "in" is what that leg says, "out" what is heard there.

    It is a leg without a phone, up at once; joined to a bridge like any other. It ends by itself with the leg it is `of`:
    LegEnded, as when it cannot be made. `instead` of another one: that is ended first.
    """

    leg: str
    of: str
    spy: Direction
    whisper: Direction
    call: str = ""
    instead: str = ""


class LookUp(Command, tag=True, frozen=True, gc=False):
    """Ask the business data. Comes back as LookedUp; the core has its own time-out."""

    call: str
    lookup: str
    kind: str
    arguments: dict[str, str]


class Store(Command, tag=True, frozen=True, gc=False):
    """Put everything decided so far on disk, then say Stored."""

    token: str


AnyCommand = (
    Answer
    | Dial
    | HangUp
    | AnswerPhone
    | Play
    | StopPlay
    | StartMusic
    | StopMusic
    | MakeBridge
    | Join
    | Leave
    | Park
    | DropBridge
    | SendDtmf
    | StartRecording
    | ContinueRecording
    | PauseRecordingOf
    | CheckRecording
    | RecordMessage
    | StopMessage
    | Snoop
    | LookUp
    | Store
)
