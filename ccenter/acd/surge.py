"""The surge attendant: when lines run short a machine takes a share of the calls, promises to call back and lets go.

The share follows the use of the lines by a curve. Which calls they are is no dice: each call adds the share to a credit, and the
call that makes it one is taken. So of any hundred calls at a share of 0.3 thirty are, evenly spread, and a replay takes the same.
"""

from itertools import pairwise

from ccenter.acd import commands, facts, ivr
from ccenter.acd.call import Call, Leg
from ccenter.acd.config import Number, Surge, ToCallback, ToEnd
from ccenter.acd.world import SurgeState, World

NEARLY = 1.0 - 1e-9  # ten times 0.1 is one


def use_of(w: World, surge: Surge) -> float:
    """Busy over existing channels; with this call."""
    if surge.numbers:
        busy, there = sum(w.used.get("#" + number, 0) for number in surge.numbers), surge.lines
    else:
        trunks = [w.config.trunks[code] for code in surge.trunks or w.config.trunks if code in w.config.trunks]
        busy, there = sum(w.used.get(trunk.code, 0) for trunk in trunks), sum(trunk.capacity for trunk in trunks)
    return busy / there if there else 0.0


def share_at(curve: tuple[tuple[float, float], ...], use: float) -> float:
    """None below the first point, all from the last on, straight lines between."""
    if not curve or use < curve[0][0]:
        return 0.0
    if use >= curve[-1][0]:
        return 1.0
    for (low, share), (high, following) in pairwise(curve):
        if use < high:
            return share + (following - share) * (use - low) / (high - low)
    return 1.0


def fits(surge: Surge, dnis: str, trunk: str) -> bool:
    if surge.numbers:
        return dnis in surge.numbers
    return not surge.trunks or trunk in surge.trunks


def tide(w: World, surge: Surge) -> tuple[SurgeState, float]:
    """Is it on? It begins at the first threshold, and ends a good step below."""
    state = w.state.surges.setdefault(surge.code, SurgeState())
    use = round(use_of(w, surge), 4)
    first = surge.curve[0][0] if surge.curve else 2.0
    if not state.on and use >= first:
        state.on, state.credit, state.taken, state.passed = True, 0.0, 0, 0
        w.out.append(facts.SurgeChanged(w.seq(), w.now, surge.code, True, use))
    elif state.on and use < first - surge.hysteresis:
        state.on = False
        w.out.append(facts.SurgeChanged(w.seq(), w.now, surge.code, False, use, state.taken, state.passed))
    return state, use


def ebb(w: World, leg: Leg) -> None:
    """A line has become free."""
    for code, state in w.state.surges.items():
        surge = w.config.surges.get(code)
        if state.on and (surge is None or fits(surge, leg.dnis, leg.trunk)):
            tide(w, surge or Surge(code, ()))


def meets(w: World, call: Call) -> bool:
    """Does the machine take this new call, or first find out about the caller? Else it goes its way."""
    surge = next((surge for surge in w.config.surges.values() if fits(surge, call.dnis, call.trunk)), None)
    if surge is None:
        return False
    state, use = tide(w, surge)
    if not state.on:
        return False
    share, credit = share_at(surge.curve, max(use, surge.curve[0][0])), state.credit
    reason = "share"
    if not call.ani:
        reason, taken = "withheld", False
    elif surge.exempt_priority is not None and call.priority >= surge.exempt_priority:
        reason, taken = "vip", False
    else:
        state.credit = min(credit + share, 1.0 + share)
        taken = state.credit >= NEARLY
        if taken and surge.every and state.last and w.now < state.last + surge.every:
            reason, taken, state.credit = "interval", False, 1.0
    if taken:
        state.credit = max(0.0, state.credit - 1.0)
        if surge.exempt_priority is not None or surge.exempt_orders:
            call.surge, call.screen = surge.code, w.fresh("q")
            w.out.append(commands.LookUp(call.id, call.screen, "caller", {"number": call.ani, "dnis": call.dnis}))
            w.alarm("screen", call.id, w.now + surge.exempt_seconds)
            state.last = w.now
            return True
    decide(w, call, surge, (use, share, credit), taken, reason)
    return taken


def decide(w: World, call: Call, surge: Surge, why: tuple[float, float, float], taken: bool, reason: str) -> None:
    state = w.state.surges[surge.code]
    use, share, credit = why
    w.out.append(facts.SurgeDecided(w.seq(), w.now, call.id, surge.code, use, round(share, 4), round(credit, 4), taken, reason))
    if not taken:
        call.surge = ""
        state.passed += 1
        return
    state.taken += 1
    state.last = w.now
    call.surge = surge.code
    if surge.flow in w.config.flows:
        ivr.enter(w, call, surge.flow)
    else:
        w.go(w, call, ToCallback())


def screened(w: World, call: Call, values: dict[str, str] | None) -> None:
    """What the business data say about a caller the machine would take; None: nothing in time."""
    code, call.screen = call.surge, ""
    w.quiet("screen", call.id)
    surge, found = w.config.surges.get(code), values or {}
    target = (w.config.numbers.get(call.dnis) or Number(call.dnis, w.settings.default_target or ToEnd())).target
    if surge is None:  # taken out of the configuration meanwhile
        call.surge = ""
        w.go(w, call, target)
        return
    ivr.learn(call, found)
    vip = surge.exempt_priority is not None and call.priority >= surge.exempt_priority
    order = surge.exempt_orders and found.get("open_orders", "0") not in ("", "0")
    state = w.state.surges[surge.code]
    use = round(use_of(w, surge), 4)
    why = (use, share_at(surge.curve, max(use, surge.curve[0][0])), state.credit)
    decide(w, call, surge, why, not (vip or order), "vip" if vip else "order" if order else "share")
    if vip or order:
        state.credit = min(1.0, state.credit + 1.0)  # another is taken instead
        w.go(w, call, target)
