"""Where callbacks stand: in lines, sorted once, as callers do (routing.py).

One line for each group of agents who may call them, calendar and time zone, so that whether it is an allowed hour is asked once
for a line. Who is on the line with us already, in whatever call, is in no line: nobody is dialled twice at once.
"""

from bisect import bisect_left, insort

from ccenter.acd import hours, routing
from ccenter.acd.call import Call
from ccenter.acd.callback import Callback, CallbackState
from ccenter.acd.config import CallbackRules, Queue
from ccenter.acd.world import CallbackLine, Line, World

# -- what belongs to a callback --------------------------------------------------------------------------------


def queue_of(w: World, entry: Callback) -> Queue:
    queues = w.config.queues
    found = queues.get(entry.queue) or queues.get(w.settings.callback_queue)
    return found or next(iter(queues.values()), None) or Queue(code=entry.queue)


def rules_of(w: World, entry: Callback) -> CallbackRules:
    return queue_of(w, entry).callbacks


def zone_of(w: World, number: str) -> str:
    """The caller's time zone, by the longest known beginning of the number."""
    zones = w.settings.zones
    best = max((start for start in zones if number.startswith(start)), key=len, default="")
    return zones[best] if best else w.settings.time_zone


def persons(entry: Callback) -> tuple[str, ...]:
    return (entry.number, "c:" + entry.customer) if entry.customer else (entry.number,)


def being_called(w: World, number: str) -> bool:
    """Is an attempt for this number under way?"""
    entries = (w.state.callbacks[ident] for ident in w.persons.get(number, ()))
    return any(entry.state in (CallbackState.DIALLING, CallbackState.TALKING) for entry in entries)


def blocked(w: World, entry: Callback) -> bool:
    """Are they on the line with us?"""
    return any(key in w.busy for key in persons(entry))


# -- lines -----------------------------------------------------------------------------------------------------


def line_for(w: World, entry: Callback) -> CallbackLine:
    queue = queue_of(w, entry)
    rules = queue.callbacks
    zone = entry.zone or w.settings.time_zone
    how: str = "progressive" if entry.flow or (rules.in_turn and entry.source == "asked") else rules.mode
    if entry.agent and how == "pull":
        how = "preview"  # a follow-up comes by itself when its time is there
    line: Line | None = None
    if not entry.flow and not entry.agent:
        line = routing.line_for(w, Call("", "out", 0.0, queue=queue.code, skills=entry.skills), queue)
    who = "flow" if entry.flow else "agent:" + entry.agent if line is None else line.key
    key = f"{who} {how} {queue.code} {rules.calendar} {zone}"
    found = w.callback_lines.get(key)
    if found is None:
        if entry.agent and not entry.flow:
            line = Line(key, queue.code, {}, {entry.agent: None})
        found = w.callback_lines[key] = CallbackLine(key, how, queue.code, rules.calendar, zone, line)
        for code in line.eligible if line is not None else ():
            w.agent_callbacks.setdefault(code, []).append(found)
    return found


def order(w: World, entry: Callback) -> tuple[float, int, str]:
    priority = entry.priority + queue_of(w, entry).priority
    return (entry.asked_at - priority * w.settings.ageing, entry.ticket, entry.id)


def stand(w: World, entry: Callback) -> None:
    """Into its line, at the place it has earned; who is on the line with us is put there when they are off it."""
    if entry.state is CallbackState.WAITING and not entry.line and not blocked(w, entry):
        line = line_for(w, entry)
        insort(line.waiting, order(w, entry))
        entry.line = line.key
        w.rouse = True


def step_out(w: World, entry: Callback) -> None:
    line = w.callback_lines.get(entry.line)
    if line is not None:
        place = order(w, entry)
        at = bisect_left(line.waiting, place)
        if at < len(line.waiting) and line.waiting[at][2] == entry.id:
            del line.waiting[at]
    entry.line = ""


def is_open(w: World, line: CallbackLine) -> bool:
    """Is it an allowed hour where these customers are? Hours change at full minutes only, in every zone."""
    if not line.calendar:
        return True
    key, minute = (line.calendar, line.zone), int(w.now // 60)
    known = w.gates.get(key)
    if known is None or known[0] != minute:
        calendar = w.config.calendars.get(line.calendar)
        known = (minute, calendar is not None and hours.opening(calendar, line.zone, w.now)[0] == "open")
        w.gates[key] = known
    return known[1]


def allowed_now(w: World, entry: Callback) -> bool:
    return is_open(w, line_for(w, entry))


def enter(w: World, entry: Callback) -> None:
    """Into the indexes."""
    if entry.kind == "callback":
        w.owed[entry.number] = entry.id
    for key in persons(entry):
        w.persons.setdefault(key, {})[entry.id] = None


def remove(w: World, entry: Callback) -> None:
    if w.owed.get(entry.number) == entry.id:
        del w.owed[entry.number]
    for key in persons(entry):
        others = w.persons[key]
        del others[entry.id]
        if not others:
            del w.persons[key]
