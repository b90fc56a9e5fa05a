"""Waiting: into a queue, what is heard there, and the ways out that are not an agent."""

from ccenter.acd import commands, facts, hours, owing, routing
from ccenter.acd.agent import AgentState
from ccenter.acd.call import Call, CallState, CallTrigger, moved
from ccenter.acd.config import AnyTarget, Phrase, Queue, ToEnd, ToNumber, ToQueue, ToVoicemail
from ccenter.acd.events import MessageRecorded
from ccenter.acd.ivr import hush, speak
from ccenter.acd.service import end, keep_waiting, offer, overflow, requeue, stop_machine, waited, withdraw
from ccenter.acd.world import World

ASK_SECONDS = 6.0  # to answer whether the last agent is wanted
STORE_SECONDS = 2.0  # a disk that takes longer has failed
SHORTEST_MESSAGE = 1.0


# -- in --------------------------------------------------------------------------------------------------------


def enter(w: World, call: Call, target: ToQueue) -> None:
    """Ask for a queue. Whoever comes from another queue keeps the time at which they first asked."""
    queue = w.config.queues.get(target.queue)
    if queue is None:
        w.go(w, call, ToEnd("technical-problem"))
        return
    w.answer(call)
    stop_machine(w, call)
    call.queue = queue.code
    if target.priority is not None:
        call.priority = max(call.priority, target.priority)
    call.entered = call.entered or w.now
    if not call.ticket:
        w.state.counter += 1
        call.ticket = w.state.counter
    reason, way_out = refusal(w, call, queue)
    if isinstance(way_out, ToNumber) and way_out == call.overflow:
        way_out = ToVoicemail(queue.code)  # nobody answered there
    if way_out is not None:
        moved(call, CallTrigger.FLOW)
        overflow(w, call, reason, way_out)
    elif not ask_for_last_agent(w, call, queue):
        stand(w, call, queue)


def refusal(w: World, call: Call, queue: Queue) -> tuple[str, AnyTarget | None]:
    """Why the queue takes nobody now, and where it sends them. (A rule without a target takes everybody.)"""
    if queue.calendar is not None and queue.on_closed is not None:
        state, prompt = hours.opening(w.config.calendars.get(queue.calendar), w.settings.time_zone, w.now)
        if state != "open":
            call.variables["holiday_prompt"], call.closed = prompt, True
            return "hours", queue.on_closed
    if queue.on_nobody is not None and not routing.signed_in(w, routing.line_for(w, call, queue)):
        return "nobody", queue.on_nobody
    if queue.max_length is not None and queue.on_full is not None and routing.length(w, queue.code) >= queue.max_length:
        return "length", queue.on_full
    return "", None


def stand(w: World, call: Call, queue: Queue) -> None:
    moved(call, CallTrigger.QUEUE)
    call.queued_at = call.queued_at or w.now
    call.fell_back, call.overflow = "", None
    routing.stand(w, call)
    place = routing.position(w, call)
    w.out.append(facts.CallQueued(w.seq(), w.now, call.id, queue.code, call.priority, place, call.skills))
    w.music(call.customer, queue.music)
    keep_waiting(w, call)


# -- the last agent --------------------------------------------------------------------------------------------


def ask_for_last_agent(w: World, call: Call, queue: Queue) -> bool:
    """Is the agent who served this caller last free? Then ask whether the caller wants them."""
    agent = w.state.agents.get(call.variables.get("last_agent", ""))
    if not queue.ask_last_agent or agent is None or agent.state is not AgentState.READY:
        return False
    if not routing.able(w, agent.code, queue.code, routing.line_for(w, call, queue).skills):
        return False
    moved(call, CallTrigger.FLOW)
    call.asking = agent.code
    speak(w, call, ("last-agent-offer",), "ask")
    return True


def ask_key(w: World, call: Call, key: str) -> None:
    agent = w.state.agents.get(call.asking)
    queue = w.queue_of(call)
    stop_machine(w, call)
    if key == "1" and agent is not None and agent.state is AgentState.READY:
        moved(call, CallTrigger.QUEUE)
        call.queued_at = call.queued_at or w.now
        w.out.append(facts.CallQueued(w.seq(), w.now, call.id, queue.code, call.priority, 1, call.skills))
        line = routing.line_for(w, call, queue)
        routing.explain(w, call, line, "last_agent", [((0.0, 0.0), agent.code)], agent.code)
        w.music(call.customer, queue.music)
        offer(w, call, [agent], queue.ring_seconds)
    else:
        stand(w, call, queue)


# -- while waiting ---------------------------------------------------------------------------------------------


def announce(w: World, call: Call) -> None:
    """Tell position and expected wait, unless a phone rings already."""
    queue = w.queue_of(call)
    if call.state is not CallState.QUEUED:
        if call.state is CallState.RESERVED:
            w.alarm("announce", call.id, w.now + queue.announce_after)
        return
    ahead = routing.position(w, call) - 1
    wait = routing.expected_wait(w, call, ahead)
    w.out.append(facts.Announced(w.seq(), w.now, call.id, queue.code, ahead + 1, round(wait, 1)))
    options = ("queue-options",) if queue.keys else ()
    speak(w, call, (Phrase("position", str(ahead)), Phrase("wait", str(round(wait))), *options), "announce")
    w.alarm("announce", call.id, w.now + queue.announce_every)


def key_pressed(w: World, call: Call, key: str) -> None:
    """A key of the queue's ends the wait, whatever is heard or rings just then."""
    queue = w.queue_of(call)
    target = queue.keys.get(key)
    if target is None:
        return
    routing.step_out(w, call)
    hush(w, call)
    seconds = waited(w, call)
    w.out.append(facts.QueueLeft(w.seq(), w.now, call.id, queue.code, key, seconds))
    moved(call, CallTrigger.FLOW)
    withdraw(w, call, "withdrawn")
    stop_machine(w, call)
    w.go(w, call, target)


def too_long(w: World, call: Call) -> None:
    """The longest wait is over. A phone that rings just now may still be answered."""
    queue = w.queue_of(call)
    if call.state is CallState.QUEUED and queue.on_timeout is not None:
        overflow(w, call, "time", queue.on_timeout)


# -- a message -------------------------------------------------------------------------------------------------


def take_message(w: World, call: Call, mailbox: str) -> None:
    w.answer(call)
    moved(call, CallTrigger.FLOW)
    call.mailbox = mailbox
    speak(w, call, ("voicemail-greeting",), "message")


def record_message(w: World, call: Call) -> None:
    call.message = w.fresh("m", call.node)
    seconds = w.settings.voicemail_seconds
    w.out.append(commands.RecordMessage(call.customer, call.message, seconds))
    w.alarm("message", call.id, w.now + seconds + 10)


def message_recorded(w: World, call: Call, event: MessageRecorded | None) -> None:
    """The message is on disk; None: its end was never told."""
    w.quiet("message", call.id)
    if event is None and not call.gone:
        w.out.append(commands.StopMessage(call.customer, call.message))
    kept = event is not None and not event.failed and event.seconds >= SHORTEST_MESSAGE
    message, call.message = call.message, ""
    if kept and event is not None:
        call.left_message = True
        w.out.append(facts.VoicemailLeft(w.seq(), w.now, call.id, call.mailbox, message, event.seconds))
    if call.gone:
        end(w, call, "customer")
    else:
        speak(w, call, ("voicemail-thanks" if kept else "voicemail-empty",), "parting")


# -- a promise -------------------------------------------------------------------------------------------------


def promise(w: World, call: Call) -> None:
    """Promise a callback: the fact first, the disk second, the words last. Who shows no number leaves a message.

    A flow may have asked for another number, in variable "callback_number".
    """
    number = call.variables.get("callback_number") or owing.number_of(call)
    if not number or not all(c.isdigit() or c == "+" for c in number):
        w.go(w, call, ToVoicemail(call.queue or "general"))
        return
    w.answer(call)
    moved(call, CallTrigger.FLOW)
    source = "surge" if call.surge and not call.queue else "asked"
    w.out.append(facts.CallbackPromised(w.seq(), w.now, call.id, number, call.queue, source, call.language))
    owing.owe(w, call, source, number)
    call.saying = "store"
    w.out.append(commands.Store(call.id))
    w.alarm("store", call.id, w.now + STORE_SECONDS)


def stored(w: World, call: Call, failed: bool) -> None:
    if call.saying != "store":
        return
    w.quiet("store", call.id)
    if not failed:
        call.promised = True
        speak(w, call, ("callback-promised",), "parting")
    elif call.queue in w.config.queues:
        call.saying = ""
        requeue(w, call, "store_failed")  # nothing was promised: the caller waits on
    else:
        speak(w, call, ("technical-problem",), "parting")


def goodbye(w: World, call: Call, target: ToEnd) -> None:
    """End the call after its last prompt."""
    w.answer(call)
    moved(call, CallTrigger.FLOW)
    if target.prompt is None or not speak(w, call, (target.prompt,), "parting"):
        end(w, call, "system")
