"""Flows: the IVR as data, one step after the other.

`enter` puts a caller at a node and `walk` goes on until something must be waited for: the end of a prompt, keys,
a look-up, or the caller has left the flow for a target. What is waited for stands in the call's cursor.
"""

from ccenter.acd import commands, facts, hours
from ccenter.acd.call import Call, CallTrigger, Cursor, moved
from ccenter.acd.config import (
    AnyNode,
    AnyTarget,
    BranchNode,
    CollectNode,
    Flow,
    GoNode,
    HangUpNode,
    HoursNode,
    LookUpNode,
    MenuNode,
    Phrase,
    Prompts,
    RecordNode,
    SayNode,
    SetNode,
    ToEnd,
)
from ccenter.acd.events import LookedUp
from ccenter.acd.service import end, pause_recording
from ccenter.acd.speech import Amount, Date, Digits, Number, Position, Prompt, Say, TimeOfDay, Wait, say
from ccenter.acd.world import World

LONGEST_WALK = 100  # steps without waiting: a flow that turns in a circle


# -- speaking --------------------------------------------------------------------------------------------------


def value(call: Call, text: str) -> str:
    """ "$name" is a variable of the call, anything else itself."""
    return call.variables.get(text[1:], "") if text.startswith("$") else text


def _whole(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return 0


def item(call: Call, phrase: Phrase) -> Say:
    text = value(call, phrase.value)
    match phrase.kind:
        case "number":
            return Number(_whole(text))
        case "digits":
            return Digits(text)
        case "amount":
            return Amount(text)
        case "date":
            return Date(text)
        case "time":
            return TimeOfDay(text)
        case "wait":
            return Wait(_whole(text))
        case "position":
            return Position(_whole(text))
        case _:
            return Prompt(text)


def speak(w: World, call: Call, prompts: Prompts, saying: str) -> bool:
    """Play prompts to the caller; `saying` says what for when they end. False when there is nothing to say."""
    names: list[str] = []
    for phrase in prompts:
        names += [value(call, phrase)] if isinstance(phrase, str) else say(call.language, item(call, phrase))
    sounds = tuple(filter(None, names))
    if not sounds:
        return False
    hush(w, call)
    w.unpark(call.customer)
    w.silence(call.customer)
    call.play, call.saying = w.fresh("p", call.node), saying
    w.out.append(commands.Play(call.customer, call.play, sounds, call.language))
    return True


def hush(w: World, call: Call) -> None:
    if call.play:
        w.out.append(commands.StopPlay(call.customer, call.play))
        call.play = call.saying = ""


# -- walking ---------------------------------------------------------------------------------------------------


def enter(w: World, call: Call, flow: str, node: str | None = None) -> None:
    """Put the caller at a node of a flow (None: its start)."""
    w.answer(call)
    moved(call, CallTrigger.FLOW)
    found = w.config.flows.get(flow)
    if found is None:
        w.out.append(facts.SwitchRefused(w.seq(), w.now, "flow", call.customer, call.id, f"no flow {flow}"))
        w.go(w, call, w.settings.default_target or ToEnd("technical-problem"))
        return
    call.cursor = Cursor(flow, node or found.start)
    walk(w, call, call.cursor)


def flow_of(w: World, cursor: Cursor) -> Flow:
    return w.config.flows.get(cursor.flow) or Flow(cursor.flow, "", {})


def walk(w: World, call: Call, cursor: Cursor) -> None:
    """Go on from the cursor's node until something is to be waited for."""
    flow = flow_of(w, cursor)
    for _ in range(LONGEST_WALK):
        node = flow.nodes.get(cursor.node)
        if node is None:
            break
        w.out.append(facts.FlowStep(w.seq(), w.now, call.id, cursor.flow, cursor.node))
        following = step(w, call, cursor, node)
        if following is None:
            return
        cursor.node, cursor.tries, cursor.digits = following, 0, ""
    else:
        w.out.append(facts.SwitchRefused(w.seq(), w.now, "flow", call.customer, call.id, f"{cursor.flow} goes round"))
    leave(w, call, flow.human or ToEnd("technical-problem"))


def step(w: World, call: Call, cursor: Cursor, node: AnyNode) -> str | None:
    """Do one node. The next one's name, or None when the walk stops here."""
    match node:
        case SayNode():
            cursor.phase = "prompt"
            return None if speak(w, call, node.prompts, "flow") else node.next
        case MenuNode() | CollectNode():
            if isinstance(node, CollectNode) and node.sensitive:
                pause_recording(w, call, True, "flow")
            ask(w, call, cursor, node, node.prompts)
            return None
        case HoursNode():
            state, prompt = hours.opening(w.config.calendars.get(node.calendar), w.settings.time_zone, w.now)
            call.variables["holiday_prompt"], call.closed = prompt, state != "open"
            return {"open": node.open, "holiday": node.holiday or node.closed}.get(state, node.closed)
        case LookUpNode():
            cursor.phase, cursor.lookup = "lookup", w.fresh("q")
            given = {name: value(call, text) for name, text in node.arguments.items()}
            forget(call, tuple(node.arguments.values()))
            speak(w, call, node.prompts, "flow")
            w.out.append(commands.LookUp(call.id, cursor.lookup, node.kind, given))
            w.alarm("lookup", call.id, w.now + node.timeout)
            return None
        case SetNode():
            learn(call, {name: value(call, text) for name, text in node.values.items()})
            call.skills = {**call.skills, **node.skills}
            return node.next
        case BranchNode():
            return node.cases.get(call.variables.get(node.variable, ""), node.default)
        case RecordNode():
            pause_recording(w, call, node.action == "pause", "flow")
            return node.next
        case GoNode():
            cursor.phase = "parting"
            if not speak(w, call, node.prompts, "flow"):
                depart(w, call, cursor, node)
            return None
        case HangUpNode():
            cursor.phase = "parting"
            if not speak(w, call, node.prompts, "flow"):
                call.informed = True
                end(w, call, "system")
            return None


def learn(call: Call, values: dict[str, str]) -> None:
    """Variables of the call; some of them are more than that."""
    call.variables.update(values)
    if values.get("language") in ("zh", "en"):
        call.language = values["language"]
    if values.get("priority"):
        call.priority = max(call.priority, _whole(values["priority"]))


def forget(call: Call, used: tuple[str, ...] | None = None) -> None:
    """A PIN that has been asked with, and every secret when the flow is left, is in no later snapshot."""
    for name in [name for name in call.secrets if used is None or "$" + name in used]:
        call.secrets.remove(name)
        call.variables.pop(name, None)


def goto(w: World, call: Call, cursor: Cursor, node: str | None) -> None:
    """Go to a node; None ends the call, as a flow's last resort."""
    if node is None:
        leave(w, call, ToEnd("goodbye"))
        return
    cursor.node, cursor.phase, cursor.tries, cursor.digits = node, "", 0, ""
    walk(w, call, cursor)


def depart(w: World, call: Call, cursor: Cursor, node: GoNode) -> None:
    if node.back is not None:
        call.back = (cursor.flow, node.back)
    leave(w, call, node.target)


def leave(w: World, call: Call, target: AnyTarget) -> None:
    if call.cursor is not None:
        call.menu = call.menu or (call.cursor.flow, call.cursor.node)
    w.quiet("input", call.id)
    w.quiet("lookup", call.id)
    hush(w, call)
    call.cursor = None
    forget(call)
    w.go(w, call, target)


# -- asking ----------------------------------------------------------------------------------------------------


def ask(w: World, call: Call, cursor: Cursor, node: MenuNode | CollectNode, prompts: Prompts) -> None:
    if isinstance(node, MenuNode):
        call.menu = (cursor.flow, cursor.node)
    cursor.phase, cursor.digits = "prompt", ""
    w.quiet("input", call.id)
    if not speak(w, call, prompts, "flow"):
        listen(w, call, cursor, node)


def listen(w: World, call: Call, cursor: Cursor, node: MenuNode | CollectNode) -> None:
    cursor.phase = "input"
    w.alarm("input", call.id, w.now + node.timeout)


def play_ended(w: World, call: Call) -> None:
    """The prompt of the present node is over."""
    cursor = call.cursor
    if cursor is None:
        return
    node = flow_of(w, cursor).nodes.get(cursor.node)
    match node:
        case SayNode():
            goto(w, call, cursor, node.next)
        case MenuNode() | CollectNode():
            listen(w, call, cursor, node)
        case GoNode():
            depart(w, call, cursor, node)
        case HangUpNode():
            call.informed = True
            end(w, call, "system")
        case LookUpNode() if cursor.phase == "lookup":
            pass  # its answer is still to come
        case _:
            goto(w, call, cursor, cursor.node)  # the flow was changed under the caller


def key_pressed(w: World, call: Call, key: str) -> None:
    cursor = call.cursor
    if cursor is None:
        return
    flow = flow_of(w, cursor)
    node = flow.nodes.get(cursor.node)
    if isinstance(node, CollectNode):
        collect(w, call, cursor, node, key)
    elif isinstance(node, MenuNode) and key in node.choices:
        hush(w, call)
        w.quiet("input", call.id)
        w.out.append(facts.KeyChosen(w.seq(), w.now, call.id, cursor.node, key))
        goto(w, call, cursor, node.choices[key])
    elif key == "0" and flow.human is not None:
        w.out.append(facts.KeyChosen(w.seq(), w.now, call.id, cursor.node, key))
        if call.back is None and call.menu is not None:
            call.back = call.menu
        leave(w, call, flow.human)
    elif isinstance(node, MenuNode):
        again(w, call, cursor, node, node.invalid, key)


def collect(w: World, call: Call, cursor: Cursor, node: CollectNode, key: str) -> None:
    hush(w, call)
    if key != node.terminator:
        cursor.digits += key
    if key == node.terminator or len(cursor.digits) >= node.max_digits:
        entered(w, call, cursor, node)
    else:
        listen(w, call, cursor, node)


def entered(w: World, call: Call, cursor: Cursor, node: CollectNode) -> None:
    digits = cursor.digits
    w.quiet("input", call.id)
    if len(digits) < node.min_digits:
        again(w, call, cursor, node, node.invalid, "")
        return
    w.out.append(facts.KeyChosen(w.seq(), w.now, call.id, cursor.node, f"{len(digits)} digits"))
    call.variables[node.variable] = digits
    if node.sensitive and node.variable not in call.secrets:
        call.secrets.append(node.variable)
    finish_collect(w, call, node)
    goto(w, call, cursor, node.next)


def finish_collect(w: World, call: Call, node: AnyNode | None) -> None:
    if isinstance(node, CollectNode) and node.sensitive:
        pause_recording(w, call, False, "flow")


def again(w: World, call: Call, cursor: Cursor, node: MenuNode | CollectNode, complaint: Prompts, key: str) -> None:
    """Ask once more, or give up after the last try."""
    cursor.tries += 1
    w.out.append(facts.KeyChosen(w.seq(), w.now, call.id, cursor.node, key))
    if cursor.tries >= node.tries:
        finish_collect(w, call, node)
        goto(w, call, cursor, node.failed)
    else:
        ask(w, call, cursor, node, (*complaint, *node.prompts))


def input_timeout(w: World, call: Call) -> None:
    cursor = call.cursor
    if cursor is None:
        return
    node = flow_of(w, cursor).nodes.get(cursor.node)
    if isinstance(node, CollectNode) and cursor.digits:
        entered(w, call, cursor, node)
    elif isinstance(node, CollectNode):
        again(w, call, cursor, node, node.invalid, "")
    elif isinstance(node, MenuNode):
        again(w, call, cursor, node, node.silence, "")
    else:
        goto(w, call, cursor, cursor.node)


# -- look-ups --------------------------------------------------------------------------------------------------


def looked_up(w: World, call: Call, answer: LookedUp | None) -> None:
    """The business data's answer, or None when it did not come in time."""
    cursor = call.cursor
    if cursor is None or cursor.phase != "lookup" or (answer is not None and answer.lookup != cursor.lookup):
        return
    w.quiet("lookup", call.id)
    node = flow_of(w, cursor).nodes.get(cursor.node)
    if not isinstance(node, LookUpNode):
        goto(w, call, cursor, cursor.node)
        return
    hush(w, call)
    if answer is None or answer.failed:
        result, following = ("timeout" if answer is None else "failed"), node.failed or node.missing
    elif answer.found:
        result, following = "found", node.found
        learn(call, answer.values)
    else:
        result, following = "missing", node.missing
    w.out.append(facts.LookUpEnded(w.seq(), w.now, call.id, node.kind, result, call.variables.get("customer", "")))
    goto(w, call, cursor, following)
