"""A callback: a call we owe somebody, and which states it goes through.

Who asked for one, who gave up, who found no line: one callback for each caller, with the place in line of the first asking. A
task (a follow-up, a survey, a reminder) is one too, released when it is due. `TRANSITIONS` is the whole truth about its states;
None: legal there and changes nothing. `owing` opens, lines up and closes them, `attempts` dials them.
"""

from enum import StrEnum

from msgspec import Struct, field


class CallbackState(StrEnum):
    LATER = "LATER"  # not due yet
    WAITING = "WAITING"  # due; in line, unless the customer is on the line with us just now
    PRESENTED = "PRESENTED"  # shown to an agent, who may accept
    DIALLING = "DIALLING"  # an agent's or the customer's phone is rung for it
    TALKING = "TALKING"  # the customer answered
    RESULT = "RESULT"  # talked; the agent may say what came of it
    ON_LINE = "ON_LINE"  # the caller is on the line: being promised it, or rang in again
    CLOSED = "CLOSED"


class CallbackTrigger(StrEnum):
    WAIT = "wait"  # due, or back in line
    DEFER = "defer"
    PRESENT = "present"
    DIAL = "dial"
    REACH = "reach"
    TALKED = "talked"
    RING_IN = "ring_in"
    CLOSE = "close"


S, T = CallbackState, CallbackTrigger
TRANSITIONS: dict[CallbackState, dict[CallbackTrigger, CallbackState | None]] = {
    S.LATER: {
        T.WAIT: S.WAITING,
        T.DEFER: S.LATER,
        T.PRESENT: None,
        T.DIAL: S.DIALLING,
        T.REACH: None,
        T.TALKED: None,
        T.RING_IN: S.ON_LINE,
        T.CLOSE: S.CLOSED,
    },
    S.WAITING: {
        T.WAIT: None,
        T.DEFER: S.LATER,
        T.PRESENT: S.PRESENTED,
        T.DIAL: S.DIALLING,
        T.REACH: None,
        T.TALKED: None,
        T.RING_IN: S.ON_LINE,
        T.CLOSE: S.CLOSED,
    },
    S.PRESENTED: {
        T.WAIT: S.WAITING,
        T.DEFER: S.LATER,
        T.PRESENT: None,
        T.DIAL: S.DIALLING,
        T.REACH: None,
        T.TALKED: None,
        T.RING_IN: S.ON_LINE,
        T.CLOSE: S.CLOSED,
    },
    S.DIALLING: {
        T.WAIT: S.WAITING,
        T.DEFER: S.LATER,
        T.PRESENT: None,
        T.DIAL: None,
        T.REACH: S.TALKING,
        T.TALKED: None,
        T.RING_IN: S.ON_LINE,
        T.CLOSE: S.CLOSED,
    },
    S.TALKING: {
        T.WAIT: None,
        T.DEFER: S.LATER,
        T.PRESENT: None,
        T.DIAL: None,
        T.REACH: None,
        T.TALKED: S.RESULT,
        T.RING_IN: None,
        T.CLOSE: S.CLOSED,
    },
    S.RESULT: {
        T.WAIT: None,
        T.DEFER: S.LATER,
        T.PRESENT: None,
        T.DIAL: S.DIALLING,
        T.REACH: None,
        T.TALKED: None,
        T.RING_IN: S.ON_LINE,
        T.CLOSE: S.CLOSED,
    },
    S.ON_LINE: {
        T.WAIT: S.WAITING,
        T.DEFER: None,
        T.PRESENT: None,
        T.DIAL: None,
        T.REACH: None,
        T.TALKED: None,
        T.RING_IN: None,
        T.CLOSE: S.CLOSED,
    },
    S.CLOSED: dict.fromkeys(T, None),
}
LIVE = (S.DIALLING, S.TALKING, S.ON_LINE)


class Callback(Struct):
    id: str
    number: str
    source: str
    kind: str  # callback, or a task's
    asked_at: float  # the place in line
    ticket: int  # breaks ties
    state: CallbackState = CallbackState.WAITING
    due: float = 0.0  # LATER until then
    queue: str = ""
    skills: dict[str, int] = field(default_factory=dict)
    priority: int = 0
    agent: str = ""  # a follow-up of theirs
    flow: str = ""  # a machine makes the call
    customer: str = ""
    dnis: str = ""
    label: str = ""
    language: str = ""
    zone: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    wanted: bool = False  # asked for by the customer: no list forbids it
    consent: bool = True  # to calls of this kind, where that is needed
    times: int = 1  # asked
    last: str = ""  # the call in which they asked last
    line: str = ""  # the line it stands in, "" in none
    call: str = ""  # the live attempt, or the call the caller is on the line with
    offered_to: str = ""  # PRESENTED to
    by: str = ""  # the agent of the last attempt
    result: str = ""  # said by the agent while the call goes on
    result_at: float | None = None
    attempts: int = 0
    results: dict[str, int] = field(default_factory=dict)


def moved(entry: Callback, trigger: CallbackTrigger) -> bool:
    """Take the transition, if there is one."""
    state = TRANSITIONS[entry.state][trigger]
    if state is None:
        return False
    entry.state = state
    return True
