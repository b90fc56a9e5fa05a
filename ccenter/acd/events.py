"""What can happen: the core's only input, besides the passing of time.

Three families: what the switch reports (a leg is a channel of Asterisk, its id the channel's), answers to what
the core asked for (look-ups, storage, recordings), and requests of people. Every request carries an id,
and its answer is a fact: `RequestDone` or `RequestRefused`.
"""

from typing import Literal

from msgspec import Struct

from ccenter.acd.config import AnyTarget, Config
from ccenter.acd.facts import MonitorMode


class Event(Struct, frozen=True, gc=False, tag_field="type"):
    """Base of all events."""


# -- the switch ------------------------------------------------------------------------------------------------


class CallOffered(Event, tag=True, frozen=True, gc=False):
    """A call came in over a trunk and waits for us, unanswered."""

    leg: str
    ani: str  # E.164 where it could be read, else as received; "" when withheld
    dnis: str
    trunk: str
    channel: str = ""  # Asterisk's channel name
    name: str = ""  # what the network calls the caller


class SeatDialled(Event, tag=True, frozen=True, gc=False):
    """A seat's phone dialled a number by itself. `endpoint` says whose phone."""

    leg: str
    endpoint: str
    dialled: str
    channel: str = ""


class LegRinging(Event, tag=True, frozen=True, gc=False):
    leg: str


class LegAnswered(Event, tag=True, frozen=True, gc=False):
    """A leg that we dialled was picked up."""

    leg: str
    channel: str = ""


class LegEnded(Event, tag=True, frozen=True, gc=False):
    """A leg is gone. `cause` is the Q.850 cause; 0 is unknown. `note` says more: "switch_restarted", "no_contact"."""

    leg: str
    cause: int = 16
    note: str = ""


class LegHeld(Event, tag=True, frozen=True, gc=False):
    """The hold key of the phone itself."""

    leg: str
    held: bool


class AnswerJudged(Event, tag=True, frozen=True, gc=False):
    """Who answered a leg dialled with `detect`."""

    leg: str
    by: Literal["human", "machine", "unknown"]


class CallerMissed(Event, tag=True, frozen=True, gc=False):
    """Somebody called whom the core never saw: no line was free (blocked), or the last resort took the call."""

    missed: str  # an id; told twice it counts once
    ani: str
    dnis: str
    source: Literal["blocked", "last_resort"]
    asked_at: float
    language: str = ""


class KeyPressed(Event, tag=True, frozen=True, gc=False):
    leg: str
    key: str


class PlayEnded(Event, tag=True, frozen=True, gc=False):
    leg: str
    play: str
    failed: bool = False


class MessageRecorded(Event, tag=True, frozen=True, gc=False):
    """A voicemail recording ended, by key, silence, length or hang-up."""

    leg: str
    message: str
    seconds: float
    failed: bool = False


class PhoneChanged(Event, tag=True, frozen=True, gc=False):
    """A phone registered, or stopped answering.

    A browser's phone that registers from another page than before is offline first, then online: the old page is gone.
    """

    endpoint: str
    online: bool


class NodeDown(Event, tag=True, frozen=True, gc=False):
    """The link to an Asterisk is lost. Its calls may well go on."""

    node: str


class NodeUp(Event, tag=True, frozen=True, gc=False):
    """The link is there. `legs` (id -> "Ring", "Ringing", "Up" ...) and `bridges` (id -> legs in it) are what Asterisk has."""

    node: str
    legs: dict[str, str] = {}
    bridges: dict[str, tuple[str, ...]] = {}
    restarted: bool = False  # Asterisk itself is a new process


class CommandFailed(Event, tag=True, frozen=True, gc=False):
    """A command was refused by the switch (a failed `Dial` comes as `LegEnded` instead)."""

    command: str  # the command's name
    leg: str
    reason: str


# -- answers ---------------------------------------------------------------------------------------------------


class LookedUp(Event, tag=True, frozen=True, gc=False):
    call: str
    lookup: str  # the id given with the command
    found: bool
    values: dict[str, str] = {}
    failed: bool = False


class Stored(Event, tag=True, frozen=True, gc=False):
    """Everything up to the `Store` command with this token is on disk (or, `failed`, is not)."""

    token: str
    failed: bool = False


class RecordingChecked(Event, tag=True, frozen=True, gc=False):
    """The recording's file after the recording ended. Zero bytes: it is not there."""

    call: str
    recording: str
    path: str
    bytes: int
    reason: str = ""


class ConfigChanged(Event, tag=True, frozen=True, gc=False):
    config: Config


# -- requests of people ----------------------------------------------------------------------------------------


class Request(Event, frozen=True, gc=False):
    """Something a person wants. `request` is its id, `by` the user name, `agent` the seat it is about.

    That is the seat of who asks, but for `ForceState`, `ForceHangUp` and `ForceTransfer`: there the one it is done to.
    """

    request: str
    by: str
    agent: str


class SignIn(Request, tag=True, frozen=True, gc=False):
    endpoint: str  # the phone: "PJSIP/1001", or "PJSIP/139...@trunk-x"
    ready: bool = False


class SignOut(Request, tag=True, frozen=True, gc=False):
    pass


class Ready(Request, tag=True, frozen=True, gc=False):
    """Ready for calls. Also ends wrap-up."""


class NotReady(Request, tag=True, frozen=True, gc=False):
    """Not ready, with a reason. In a call: afterwards."""

    reason: str


class AnswerCall(Request, tag=True, frozen=True, gc=False):
    """Pick up the ringing desk phone from afar."""


class HangUpCall(Request, tag=True, frozen=True, gc=False):
    """End the call the agent is in, or decline the one that rings."""


class HoldCall(Request, tag=True, frozen=True, gc=False):
    pass


class ResumeCall(Request, tag=True, frozen=True, gc=False):
    pass


class TransferCall(Request, tag=True, frozen=True, gc=False):
    """Blind transfer. A caller whose target cannot be had comes back to the agent or the queue."""

    target: AnyTarget


class ConsultWith(Request, tag=True, frozen=True, gc=False):
    """Put the customer on hold and ring somebody: an agent or a number."""

    target: AnyTarget


class CompleteTransfer(Request, tag=True, frozen=True, gc=False):
    pass


class CancelConsult(Request, tag=True, frozen=True, gc=False):
    """Let the consulted party go; the customer comes back. In a conference: let go who was asked last."""


class JoinAll(Request, tag=True, frozen=True, gc=False):
    """Make a three-way call of customer, agent and consulted party."""


class LeaveCall(Request, tag=True, frozen=True, gc=False):
    """Leave a three-way call; the others talk on."""


class InviteParty(Request, tag=True, frozen=True, gc=False):
    """Ring a further person, an agent or a number, for a three-way call or larger: who answers hears all, and all them."""

    target: AnyTarget


class DialNumber(Request, tag=True, frozen=True, gc=False):
    """Click-to-call: ring the agent's own phone, then the number (or a colleague's extension)."""

    number: str


class PickUp(Request, tag=True, frozen=True, gc=False):
    """Take a call that rings at a colleague."""

    call: str


class TakeWaiting(Request, tag=True, frozen=True, gc=False):
    """Serve this waiting call now, whatever its place or queue."""

    call: str


class PauseRecording(Request, tag=True, frozen=True, gc=False):
    pass


class ResumeRecording(Request, tag=True, frozen=True, gc=False):
    pass


class SendKeys(Request, tag=True, frozen=True, gc=False):
    """Send DTMF to the customer's side."""

    keys: str


class NextCallback(Request, tag=True, frozen=True, gc=False):
    """Dial the callback that is next for this agent: their phone rings, then the customer's."""


class DialCallback(Request, tag=True, frozen=True, gc=False):
    """Dial this callback, one that was presented or any other. It need not be due, but it must be an allowed hour."""

    callback: str


class SkipCallback(Request, tag=True, frozen=True, gc=False):
    """Not this one, which was presented."""

    callback: str


class CallbackResult(Request, tag=True, frozen=True, gc=False):
    """What came of a callback, said during the call or soon after it.

    `result`: done, no_answer, busy, machine, failed, wrong_number, refused, do_not_call, or later with the time `at`.
    """

    callback: str
    result: str
    at: float | None = None


class Reconnect(Request, tag=True, frozen=True, gc=False):
    """The page of a browser's phone is new, and has no line: ring it for the call the agent is in, at once."""


# -- requests of team leads ------------------------------------------------------------------------------------


class Monitor(Request, tag=True, frozen=True, gc=False):
    """Hear the call of `target`, an agent. Asked again it changes the mode, without ringing the lead's phone again.

    listen: nobody hears the lead; whisper: the agent does; barge: everybody does.
    """

    target: str
    mode: MonitorMode = "listen"


class StopMonitor(Request, tag=True, frozen=True, gc=False):
    pass


class TakeOver(Request, tag=True, frozen=True, gc=False):
    """Serve the customer of `target`, an agent, who goes into wrap-up. The agent talks on until the lead's phone is there."""

    target: str


class ForceState(Request, tag=True, frozen=True, gc=False):
    """As if the agent had asked for it; in a call: afterwards."""

    state: Literal["ready", "not_ready", "signed_out"]
    reason: str = ""


class ForceHangUp(Request, tag=True, frozen=True, gc=False):
    """End the call the agent serves, for everybody on it. Of another's call: end this agent's part."""


class ForceTransfer(Request, tag=True, frozen=True, gc=False):
    """Blind transfer of the call the agent serves."""

    target: AnyTarget


# -- requests of the office: they need no seat -----------------------------------------------------------


class ReleaseTask(Request, tag=True, frozen=True, gc=False):
    """A call to be made: follow-up, visit, survey, reminder; or a callback from an earlier record. Each `task` is known once.

    `agent`: whose it is, while they are there; "" anybody's.
    """

    task: str
    kind: str
    number: str
    at: float  # when it is due, or was asked for
    queue: str = ""
    flow: str = ""  # a machine makes the call
    priority: int = 0
    customer: str = ""
    zone: str = ""  # the customer's, where it is known better than from the number
    language: str = ""
    dnis: str = ""  # the number they once called
    consent: bool = False  # they have agreed to such calls, or to this one
    variables: dict[str, str] = {}  # for the flow


class CloseCallback(Request, tag=True, frozen=True, gc=False):
    callback: str
    reason: str


class BarNumber(Request, tag=True, frozen=True, gc=False):
    """Put a number on the do-not-call list, or take it off."""

    number: str
    barred: bool = True


class WithdrawConsent(Request, tag=True, frozen=True, gc=False):
    """The customer has not agreed to it any more: where its kind needs that, nobody calls; an attempt under way is the last."""

    callback: str


AnyRequest = (
    SignIn
    | SignOut
    | Ready
    | NotReady
    | AnswerCall
    | HangUpCall
    | HoldCall
    | ResumeCall
    | TransferCall
    | ConsultWith
    | CompleteTransfer
    | CancelConsult
    | JoinAll
    | LeaveCall
    | InviteParty
    | DialNumber
    | PickUp
    | TakeWaiting
    | PauseRecording
    | ResumeRecording
    | SendKeys
    | NextCallback
    | DialCallback
    | SkipCallback
    | CallbackResult
    | Reconnect
    | Monitor
    | StopMonitor
    | TakeOver
    | ForceState
    | ForceHangUp
    | ForceTransfer
)
AnyOfficeRequest = ReleaseTask | CloseCallback | BarNumber | WithdrawConsent
AnyEvent = (
    CallOffered
    | SeatDialled
    | LegRinging
    | LegAnswered
    | LegEnded
    | LegHeld
    | KeyPressed
    | PlayEnded
    | MessageRecorded
    | PhoneChanged
    | NodeDown
    | NodeUp
    | CommandFailed
    | LookedUp
    | Stored
    | RecordingChecked
    | ConfigChanged
    | AnswerJudged
    | CallerMissed
    | AnyRequest
    | AnyOfficeRequest
)
