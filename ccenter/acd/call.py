"""A call: what it is, and which states it goes through.

`TRANSITIONS` is the whole truth about call states. Every cell is the next state, or None: the trigger is legal there
(telephony races) and changes nothing. All else about a call (who rings, who is consulted) hangs on its state.
"""

from enum import StrEnum

from msgspec import Struct, field

from ccenter.acd.config import AnyTarget


class CallState(StrEnum):
    OFFERED = "OFFERED"  # reached us, nothing done yet
    IVR = "IVR"  # in a flow, asked something, leaving a message, being promised a callback
    QUEUED = "QUEUED"  # waits in a line
    RESERVED = "RESERVED"  # one agent's phone rings for it (several with ring_all, or a transfer's target)
    CONNECTED = "CONNECTED"
    HELD = "HELD"  # the customer hears music, the agent is there
    ENDED = "ENDED"


class CallTrigger(StrEnum):
    FLOW = "flow"  # a machine takes it
    QUEUE = "queue"  # put into a line, or back into it
    RESERVE = "reserve"  # a phone begins to ring for it
    CONNECT = "connect"
    HOLD = "hold"
    RESUME = "resume"
    END = "end"


S, T = CallState, CallTrigger
TRANSITIONS: dict[CallState, dict[CallTrigger, CallState | None]] = {
    S.OFFERED: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: None,
        T.HOLD: None,
        T.RESUME: None,
        T.END: S.ENDED,
    },
    S.IVR: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: None,
        T.HOLD: None,
        T.RESUME: None,
        T.END: S.ENDED,
    },
    S.QUEUED: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: None,
        T.HOLD: None,
        T.RESUME: None,
        T.END: S.ENDED,
    },
    S.RESERVED: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: S.CONNECTED,
        T.HOLD: None,
        T.RESUME: None,
        T.END: S.ENDED,
    },
    S.CONNECTED: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: S.CONNECTED,
        T.HOLD: S.HELD,
        T.RESUME: None,
        T.END: S.ENDED,
    },
    S.HELD: {
        T.FLOW: S.IVR,
        T.QUEUE: S.QUEUED,
        T.RESERVE: S.RESERVED,
        T.CONNECT: S.CONNECTED,
        T.HOLD: None,
        T.RESUME: S.CONNECTED,
        T.END: S.ENDED,
    },
    S.ENDED: dict.fromkeys(T, None),
}


class Leg(Struct):
    """A channel of ours. It outlives its call until the switch says it is gone."""

    id: str
    call: str
    role: str  # customer, agent, party, lead, snoop
    since: float
    agent: str = ""  # the seat whose phone this is
    endpoint: str = ""
    trunk: str = ""  # whose channel it takes
    dnis: str = ""  # of an incoming one
    channel: str = ""
    state: str = "dialling"  # dialling, ringing, up
    answered: bool = False  # an incoming leg we have answered
    music: str = ""
    bridge: str = ""
    ending: bool = False  # we asked for its end


class Cursor(Struct):
    """Where a caller is in a flow, and what is waited for there."""

    flow: str
    node: str
    phase: str = ""  # prompt, input, lookup, parting
    tries: int = 0
    digits: str = ""
    lookup: str = ""


class Party(Struct):
    """A third person on a call: consulted by the agent, or the target of a transfer."""

    leg: str
    target: str  # "agent:1002", "number:+86..."
    agent: str = ""
    up: bool = False
    joined: bool = False  # all talk; a guest: will, when their phone is up
    blind: bool = False  # the agent has left already
    asked_by: str = ""


class Watch(Struct):
    """A lead on an agent's call. Once their phone is up, `supervise.arrange` makes true what stands here."""

    supervisor: str  # the lead's seat
    agent: str
    call: str
    mode: str  # listen, whisper, barge
    by: str
    leg: str  # to the lead's phone
    take_over: bool = False  # wanted as soon as the phone is up
    up: bool = False
    bridge: str = ""  # lead and snoop, unless barging in
    snoop: str = ""  # leg
    of: str = ""  # the leg it was made for, and the mode
    snoop_mode: str = ""
    partner: str = ""  # the one leg that the agent talked with alone


class Call(Struct):
    id: str
    direction: str
    started: float
    state: CallState = CallState.OFFERED
    ani: str = ""
    dnis: str = ""
    trunk: str = ""
    label: str = ""
    name: str = ""
    language: str = ""
    node: str = ""
    record: bool = True
    customer: str = ""  # leg
    dial_to: str = ""  # an outbound call's number, an internal call's agent
    # -- waiting
    queue: str = ""
    priority: int = 0
    skills: dict[str, int] = field(default_factory=dict)
    entered: float = 0.0  # when it first asked for the queue it is in: its place in line
    ticket: int = 0  # breaks ties, and keeps first asked, first served
    queued_at: float = 0.0  # when this wait began; 0 while it does not wait
    line: str = ""  # the line it stands in now, "" while it stands in none
    asking: str = ""  # the last agent, while the caller is asked about them
    # -- served
    offers: dict[str, str] = field(default_factory=dict)  # ringing leg -> agent
    rings_all: bool = False  # whoever becomes ready may ring along
    agent: str = ""
    agent_leg: str = ""
    bridge: str = ""
    party: Party | None = None
    guests: list[Party] = field(default_factory=list)  # of a conference, beyond the third person
    fell_back: str = ""  # the agent to whom a failed blind transfer returns
    connected_at: float = 0.0
    held_at: float = 0.0
    stays_held: bool = False  # on hold by the agent's wish, not because nobody is there to talk with
    recording: str = ""
    paused: bool = False
    # -- machine
    cursor: Cursor | None = None
    play: str = ""  # the playback whose end is waited for
    saying: str = ""  # why it plays: flow, announce, ask, store, message, agent, parting
    back: tuple[str, str] | None = None  # flow and node to return to after the human service
    menu: tuple[str, str] | None = None  # flow and node the caller last left
    variables: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)  # variables to be forgotten once they were used
    message: str = ""  # the voicemail being taken
    mailbox: str = ""
    # -- what the record needs at the end
    waited: float = 0.0
    talked: float = 0.0
    held: float = 0.0
    served_by: str = ""
    served_in: str = ""
    reached: bool = False  # an outside number answered
    promised: bool = False
    left_message: bool = False
    informed: bool = False  # a flow came to its own end
    overflow: AnyTarget | None = None
    gone: bool = False  # the customer hung up; something still has to arrive
    ended_by: str = ""
    # -- callbacks
    callback: str = ""  # the one this call is an attempt of, or whose caller rang in again
    by_hand: bool = False  # an agent dialled the number: whether it is an hour to call is theirs to say
    held_for: str = ""  # an agent kept free for the customer who is rung first
    surge: str = ""  # the surge attendant has it
    screen: str = ""  # a look-up that decides whether it takes the call
    closed: bool = False  # heard that we are closed
    machine: bool = False  # an answering machine answered

    def parties(self) -> list[Party]:
        """Who is there or rung beside customer and agent."""
        if not self.guests:
            return [self.party] if self.party is not None else []
        return [self.party, *self.guests] if self.party is not None else self.guests.copy()

    def party_of(self, *, leg: str = "", agent: str = "") -> Party | None:
        """The one of them with this leg, or this seat."""
        return next((p for p in self.parties() if (p.leg == leg if leg else p.agent == agent)), None)

    def leg_of(self, agent: str) -> str | None:
        """The leg to the phone of this seat, whatever its part in the call; "": it has none now; None: it is not on the call."""
        if self.agent == agent:
            return self.agent_leg
        party = self.party_of(agent=agent)
        if party is not None:
            return party.leg
        return self.customer if self.direction == "internal" and self.dial_to == agent else None

    def reach(self, agent: str, leg: str) -> None:
        """This is the leg to the phone of that seat, which is on the call, from now on."""
        party = self.party_of(agent=agent)
        if self.agent == agent:
            self.agent_leg = leg
        elif party is not None:
            party.leg = leg
        else:
            self.customer = leg


def moved(call: Call, trigger: CallTrigger) -> bool:
    """Take the transition, if there is one."""
    state = TRANSITIONS[call.state][trigger]
    if state is None:
        return False
    call.state = state
    return True
