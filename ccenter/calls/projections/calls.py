"""Facts about a call, folded into the rows of the call, its agents, its offers and its recordings.

`Call.steps` is its way, one object a step: `{"at": seconds since 1970, "step": name, ...}`. The names:
node (flow, node), key (node, key), lookup (kind, result), queue (queue, position), requeue (queue, reason), exit (queue, key),
overflow (queue, reason, target), talk (agent, queue), reached (number), hold, resume, transfer (kind, target, agent),
transfer_failed (target, reason, back_to), consult (target), consult_answered (target), consult_ended (target, reason),
conference (target), invited (target), came (party), not_come (party, reason), left (party),
away (agent), back (agent), forced (action, by), callback (number), voicemail (mailbox, seconds), end (by).
"""

from typing import Any

from ccenter.acd import facts
from ccenter.calls.models import Call, CallAgent, CallOffer, Recording, Voicemail
from ccenter.calls.numbers import normalise
from ccenter.calls.projections import callbacks, surveys
from ccenter.calls.projections.book import Book, moment, on

MISSED = ("no_answer", "busy", "refused")
MOST_STEPS = 300  # a caller who plays with the keys all day must not make an endless row


def _step(call: Call, at: float, step: str, **more: Any) -> None:
    if len(call.steps) < MOST_STEPS:
        call.steps.append({"at": round(at, 6), "step": step, **more})


def _take_part(book: Book, call: str, agent: str, fact: facts.Fact, *, spoke: bool = False) -> None:
    """From this fact on the agent has to do with the call."""
    if not agent:
        return
    parts = book.parts.setdefault(call, {})
    part = parts.get(agent)
    if part is None:
        part = parts[agent] = CallAgent(call=call, agent=agent, seq=fact.seq, at=moment(fact.at))
    part.spoke |= spoke
    book.changed(part)


def _seconds(offer: CallOffer, at: float) -> float:
    return float(round((moment(at) - offer.at).total_seconds(), 3))


def _agent_of(target: str) -> str:
    kind, _, name = target.partition(":")
    return name if kind == "agent" else ""


@on(facts.CallStarted, needs=("day",))
def started(book: Book, fact: facts.CallStarted) -> None:
    outside = fact.ani if fact.direction == "in" else fact.dnis if fact.direction == "out" else ""
    number = normalise(outside) if outside else None
    call = Call(
        id=fact.call,
        leg=fact.leg,
        direction=fact.direction,
        ani=fact.ani,
        dnis=fact.dnis,
        trunk=fact.trunk,
        label=fact.label,
        name=fact.name,
        agent=fact.agent,
        language=fact.language,
        number=number.number if number and number.is_e164 else "",
        province=number.province if number else "",
        city=number.city if number else "",
        owed=fact.callback,
        started_at=moment(fact.at),
        steps=[],
    )
    book.calls[fact.call] = call
    book.changed(call)
    callbacks.begun(book, fact)
    _take_part(book, fact.call, fact.agent, fact, spoke=True)
    if fact.direction == "internal":
        _take_part(book, fact.call, fact.dnis, fact)
    if fact.direction == "out" and fact.agent:
        book.day(fact).out += 1


@on(facts.CallAnswered)
def answered(book: Book, fact: facts.CallAnswered) -> None:
    call = book.call(fact)
    call.answered_at = call.answered_at or moment(fact.at)
    if call.state == "OFFERED":
        call.state = "IVR"


@on(facts.FlowStep)
def flow_step(book: Book, fact: facts.FlowStep) -> None:
    call = book.call(fact)
    call.state, call.waiting_since = "IVR", None
    _step(call, fact.at, "node", flow=fact.flow, node=fact.node)


@on(facts.KeyChosen)
def key_chosen(book: Book, fact: facts.KeyChosen) -> None:
    call = book.call(fact)
    _step(call, fact.at, "key", node=fact.node, key=fact.key)
    surveys.chosen(book, call, fact)


@on(facts.LookUpEnded)
def look_up_ended(book: Book, fact: facts.LookUpEnded) -> None:
    call = book.call(fact)
    call.customer = fact.customer or call.customer
    _step(call, fact.at, "lookup", kind=fact.kind, result=fact.result)


@on(facts.CallQueued)
def queued(book: Book, fact: facts.CallQueued) -> None:
    call = book.call(fact)
    call.state, call.queue, call.routed = "QUEUED", fact.queue, 0
    call.waiting_since = moment(fact.at)
    call.queued_at = call.queued_at or call.waiting_since
    _step(call, fact.at, "queue", queue=fact.queue, position=fact.position)


@on(facts.CallRequeued)
def requeued(book: Book, fact: facts.CallRequeued) -> None:
    call = book.call(fact)
    call.state, call.queue, call.routed = "QUEUED", fact.queue, 0
    call.away = False
    call.waiting_since = call.waiting_since or moment(fact.at)
    call.queued_at = call.queued_at or call.waiting_since
    _step(call, fact.at, "requeue", queue=fact.queue, reason=fact.reason)


@on(facts.CallRouted)
def routed(book: Book, fact: facts.CallRouted) -> None:
    book.call(fact).routed = fact.seq


@on(facts.CallOfferedTo)
def offered(book: Book, fact: facts.CallOfferedTo) -> None:
    call = book.call(fact)
    call.state = "RESERVED"
    call.offered_at = call.offered_at or moment(fact.at)
    offer = CallOffer(
        seq=fact.seq,
        call=fact.call,
        agent=fact.agent,
        leg=fact.leg,
        queue=fact.queue,
        at=moment(fact.at),
        routed=call.routed,
    )
    book.offers.setdefault(fact.call, []).append(offer)
    book.changed(offer)
    _take_part(book, fact.call, fact.agent, fact)


@on(facts.OfferEnded, needs=("call", "day"))
def offer_ended(book: Book, fact: facts.OfferEnded) -> None:
    if fact.reason in MISSED:
        book.day(fact).missed += 1
    for offer in book.ringing(fact.call, fact.agent):
        offer.ended_at, offer.result, offer.rang = moment(fact.at), fact.reason, fact.rang


def _offers_taken(book: Book, call: str, agent: str, at: float, rang: float | None = None) -> None:
    for offer in book.ringing(call, agent):
        offer.ended_at, offer.result = moment(at), "connected"
        offer.rang = _seconds(offer, at) if rang is None else rang


@on(facts.CallConnected, needs=("call", "day"))
def connected(book: Book, fact: facts.CallConnected) -> None:
    call = book.call(fact)
    call.state, call.agent, call.routed = "CONNECTED", fact.agent, 0
    call.waiting_since, call.away = None, False
    if call.direction == "in":
        book.day(fact).answered += 1
    call.answered_by = call.answered_by or fact.agent
    call.connected_at = call.connected_at or moment(fact.at)
    _offers_taken(book, fact.call, fact.agent, fact.at, fact.rang)
    _take_part(book, fact.call, fact.agent, fact, spoke=True)
    _step(call, fact.at, "talk", agent=fact.agent, queue=fact.queue)


@on(facts.CallReached)
def reached(book: Book, fact: facts.CallReached) -> None:
    call = book.call(fact)
    call.state, call.waiting_since = "CONNECTED", None
    call.connected_at = call.connected_at or moment(fact.at)
    if call.direction != "in":  # the agent's own call, to which their own phone was rung first
        call.answered_by = call.answered_by or (fact.number if call.direction == "internal" else call.agent)
        _offers_taken(book, fact.call, call.agent, fact.at)
        if call.direction == "internal":
            _take_part(book, fact.call, fact.number, fact, spoke=True)
    _step(call, fact.at, "reached", number=fact.number)
    callbacks.reached(book, call.owed, fact)


@on(facts.CallHeld)
def held(book: Book, fact: facts.CallHeld) -> None:
    call = book.call(fact)
    call.state = "HELD"
    _step(call, fact.at, "hold")


@on(facts.CallResumed)
def resumed(book: Book, fact: facts.CallResumed) -> None:
    call = book.call(fact)
    call.state = "CONNECTED"
    _step(call, fact.at, "resume")


@on(facts.CallTransferred, needs=("call", "day"))
def transferred(book: Book, fact: facts.CallTransferred) -> None:
    call = book.call(fact)
    if fact.agent and fact.kind != "taken_over":
        book.day(fact).transferred += 1
    call.routed = 0
    _step(call, fact.at, "transfer", kind=fact.kind, target=fact.target, agent=fact.agent)
    if agent := _agent_of(fact.target):
        _take_part(book, fact.call, agent, fact)


@on(facts.TransferFailed)
def transfer_failed(book: Book, fact: facts.TransferFailed) -> None:
    call = book.call(fact)
    call.routed = 0
    _step(call, fact.at, "transfer_failed", target=fact.target, reason=fact.reason, back_to=fact.back_to)


@on(facts.ConsultStarted)
def consult_started(book: Book, fact: facts.ConsultStarted) -> None:
    _step(book.call(fact), fact.at, "consult", target=fact.target)
    _take_part(book, fact.call, _agent_of(fact.target), fact)


@on(facts.ConsultAnswered)
def consult_answered(book: Book, fact: facts.ConsultAnswered) -> None:
    _step(book.call(fact), fact.at, "consult_answered", target=fact.target)
    _take_part(book, fact.call, _agent_of(fact.target), fact, spoke=True)


@on(facts.ConsultEnded)
def consult_ended(book: Book, fact: facts.ConsultEnded) -> None:
    _step(book.call(fact), fact.at, "consult_ended", target=fact.target, reason=fact.reason)


@on(facts.ConferenceStarted)
def conference_started(book: Book, fact: facts.ConferenceStarted) -> None:
    call = book.call(fact)
    call.state = "CONNECTED"
    _step(call, fact.at, "conference", target=fact.target)


@on(facts.PartyInvited)
def party_invited(book: Book, fact: facts.PartyInvited) -> None:
    _step(book.call(fact), fact.at, "invited", target=fact.target)
    _take_part(book, fact.call, _agent_of(fact.target), fact)


@on(facts.PartyJoined)
def party_joined(book: Book, fact: facts.PartyJoined) -> None:
    _step(book.call(fact), fact.at, "came", party=fact.party)
    _take_part(book, fact.call, _agent_of(fact.party), fact, spoke=True)


@on(facts.InvitationEnded)
def invitation_ended(book: Book, fact: facts.InvitationEnded) -> None:
    _step(book.call(fact), fact.at, "not_come", party=fact.party, reason=fact.reason)


@on(facts.PartyLeft)
def party_left(book: Book, fact: facts.PartyLeft) -> None:
    call = book.call(fact)
    if call.away and fact.party == f"agent:{call.agent}":  # lost, of a conference that goes on
        call.state, call.away = "CONNECTED", False
    _step(call, fact.at, "left", party=fact.party)


@on(facts.AgentAway)
def agent_away(book: Book, fact: facts.AgentAway) -> None:
    call = book.call(fact)
    if fact.agent == call.agent:  # not a colleague beside them
        call.state, call.away = "HELD", True
    _step(call, fact.at, "away", agent=fact.agent)


@on(facts.AgentBack)
def agent_back(book: Book, fact: facts.AgentBack) -> None:
    call = book.call(fact)
    if fact.agent == call.agent:
        call.state, call.away = "HELD" if fact.held else "CONNECTED", False
    _step(call, fact.at, "back", agent=fact.agent)


@on(facts.Forced)
def forced(book: Book, fact: facts.Forced) -> None:
    if fact.call:
        _step(book.call(fact), fact.at, "forced", action=fact.action, by=fact.by)


@on(facts.CallOverflowed)
def overflowed(book: Book, fact: facts.CallOverflowed) -> None:
    call = book.call(fact)
    call.waiting_since = None
    _step(call, fact.at, "overflow", queue=fact.queue, reason=fact.reason, target=fact.target)


@on(facts.QueueLeft)
def queue_left(book: Book, fact: facts.QueueLeft) -> None:
    call = book.call(fact)
    call.state, call.waiting_since = "IVR", None
    _step(call, fact.at, "exit", queue=fact.queue, key=fact.key)


@on(facts.CallbackPromised)
def callback_promised(book: Book, fact: facts.CallbackPromised) -> None:
    call = book.call(fact)
    call.callback, call.state, call.waiting_since = True, "IVR", None
    _step(call, fact.at, "callback", number=fact.number)


@on(facts.VoicemailLeft)
def voicemail_left(book: Book, fact: facts.VoicemailLeft) -> None:
    call = book.call(fact)
    call.voicemail = True
    _step(call, fact.at, "voicemail", mailbox=fact.mailbox, seconds=fact.seconds)
    message = Voicemail(
        id=fact.message,
        call=fact.call,
        mailbox=fact.mailbox,
        caller=call.number or call.ani,
        at=moment(fact.at),
        seconds=fact.seconds,
    )
    book.changed(message)


@on(facts.RecordingStarted)
def recording_started(book: Book, fact: facts.RecordingStarted) -> None:
    book.call(fact).recorded = True
    recording = book.recordings[fact.recording] = Recording(id=fact.recording, call=fact.call, started_at=moment(fact.at))
    book.changed(recording)


@on(facts.RecordingPaused, needs=("recording",))
def recording_paused(book: Book, fact: facts.RecordingPaused) -> None:
    if fact.paused:
        book.recording(fact).pauses += 1


@on(facts.RecordingDone, needs=("recording",))
def recording_done(book: Book, fact: facts.RecordingDone) -> None:
    recording = book.recording(fact)
    recording.state, recording.reason, recording.ended_at = "raw", "", moment(fact.at)
    recording.path, recording.bytes = fact.path, fact.bytes
    book.recorded.append(fact.recording)
    book.over(fact.recording)


@on(facts.RecordingFailed, needs=("recording",))
def recording_failed(book: Book, fact: facts.RecordingFailed) -> None:
    recording = book.recording(fact)
    recording.state, recording.reason, recording.ended_at = "failed", fact.reason, moment(fact.at)
    book.alarm("recording", fact.recording, f"{fact.call}: {fact.reason}", fact.at)
    book.over(fact.recording)


@on(facts.CallEnded)
def ended(book: Book, fact: facts.CallEnded) -> None:
    call = book.call(fact)
    call.state, call.ended_in = "ENDED", fact.where
    call.waiting_since, call.away = None, False
    call.outcome, call.ended_by, call.cause, call.note = fact.outcome, fact.by, fact.cause, fact.note
    call.ended_at = moment(fact.at)
    call.agent = fact.agent or call.agent
    call.queue = fact.queue or call.queue
    call.waited, call.talked, call.held = fact.waited, fact.talked, fact.held
    for offer in book.ringing(fact.call):
        offer.ended_at, offer.result = call.ended_at, "call_ended"
        offer.rang = _seconds(offer, fact.at)
    _step(call, fact.at, "end", by=fact.by)
    callbacks.call_ended(book, call.owed, fact)
    book.over(fact.call)
