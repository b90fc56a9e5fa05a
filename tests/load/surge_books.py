"""What callers, phones and customers saw, against what is on record: nobody may be missing, nobody twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.load.surge_people import spread

if TYPE_CHECKING:
    from tests.asterisk.ledger import Ledger
    from tests.load.surge_people import Agents

SHOWN = 20  # examples of each fault
HEARD = 1.0  # seconds in which the core has surely heard of something
LATE = 2.0  # seconds by which SIPp may be late to notice an end


@dataclass(slots=True)
class Heard:
    """What one caller experienced, by SIPp's log. Times in seconds since 1970; 0 where it did not happen."""

    sent: float = 0.0
    answered: float = 0.0
    refused: float = 0.0
    ended: float = 0.0


def heard(log: Path) -> dict[str, Heard]:
    """By the caller's name in the log."""
    found: dict[str, Heard] = {}
    for line in log.read_text().splitlines():
        what, who, *_, at = line.split()
        setattr(found.setdefault(who, Heard()), what, float(at))
    return found


def is_withheld(name: str) -> bool:
    return name.startswith("w")


def compare(ledger: Ledger, callers: dict[str, Heard], agents: Agents, number: str, away: tuple[float, float]) -> dict[str, Any]:
    """Everybody's fate by the phones and by the record; `faults` names whoever's do not fit.

    `away` is when the core was: an agent who hung up then was not heard, and the customer, still on the line, is put through again.
    """
    calls: dict[str, list[tuple[str, str]]] = {}
    withheld: Counter[str] = Counter()
    rows = ledger.rows(
        "SELECT right(ani, 11), outcome, surge, extract(epoch FROM ended_at - started_at)::float8, note FROM calls_call"
        " WHERE direction = 'in' AND dnis = %s AND started_at >= to_timestamp(%s)",
        number, min(one.sent for one in callers.values()) - 5,
    )  # fmt: skip
    for ani, outcome, _, _, note in rows:
        if ani.isdigit():
            calls.setdefault(ani, []).append((outcome, note))
        else:
            withheld[outcome] += 1
    entries: dict[str, list[tuple[str, str]]] = {}
    for who, source, reason in ledger.rows(
        "SELECT right(number, 11), source, closed_reason FROM calls_callbackentry WHERE queue = ANY(%s) AND asked_at >= to_timestamp(%s)",
        ["t-callbacks", ""], min(one.sent for one in callers.values()) - 5,
    ):  # fmt: skip
        entries.setdefault(who, []).append((source, reason))
    customers = agents.customers
    talked = Counter(rung.shown for rung in agents.callers)
    unheard = Counter(rung.shown for rung in agents.callers if away[0] - HEARD <= rung.over <= away[1])
    reached = {rung.dialled[-11:] for rung in customers.people.all if rung.connected}
    faults: dict[str, list[str]] = {}

    def fault(what: str, who: str) -> None:
        faults.setdefault(what, []).append(who)

    served = owed = 0
    for name, one in callers.items():
        if is_withheld(name):
            continue
        on_record, mine = calls.get(name, []), entries.get(name, [])
        if not one.answered and not one.refused:
            fault("lost: neither answered nor refused", name)
        if not on_record:
            fault("lost: not on record", name)
        elif len(on_record) > 1:
            fault("doubled: two calls on record", name)
        if len(mine) > 1:
            fault("doubled: two callbacks", name)
        outcomes = [outcome for outcome, _ in on_record]
        if one.refused and outcomes != ["BLOCKED"]:
            fault("refused, but the record says otherwise", name)
        if "ANSWERED" in outcomes:
            served += 1
            if not talked[name]:
                fault("lost: served by the record, but at no phone", name)
            if mine and {reason for _, reason in mine} != {"called_in"}:
                fault("doubled: served and owed a call", name)
        elif not mine:
            fault("lost: reached nobody, and is owed no call", name)
        elif not mine[0][1]:
            fault("open: not settled", name)
        elif not customers.times[name]:
            fault("lost: owed a call, and never rung", name)
        elif mine[0][1] == "done" and name not in reached:
            fault("lost: done by the record, but they never answered", name)
        owed += bool(mine)
        if talked[name] - unheard[name] > 1:
            fault("doubled: put through twice", name)
    for who in customers.twice:
        fault("doubled: rung twice at once", who)
    for who in customers.times:
        if who not in entries:
            fault("rung, though not owed a call", who)
        elif callers[who].ended and customers.first[who] < callers[who].ended - LATE:
            fault("doubled: rung while on the line", who)
    first, last = min(one.sent for one in callers.values()), max(one.sent for one in callers.values())
    named = {name: one for name, one in callers.items() if not is_withheld(name)}
    taken = [seconds for _, _, surge, seconds, _ in rows if surge and seconds is not None]
    answers = [one.answered - one.sent for one in callers.values() if one.answered]
    refusals = [one.refused - one.sent for one in callers.values() if one.refused]
    sources = Counter(source for mine in entries.values() for source, _ in mine)
    return {
        "calls": len(callers),
        "sent_in_s": round(last - first, 1),
        "answered": len(answers),
        "answer_s": spread(answers),
        "answered_later_than_2_s": sum(seconds > 2 for seconds in answers),
        "refused": sum(bool(one.refused) for one in callers.values()),
        "refusal_s": spread(refusals),
        "withheld": {"calls": len(callers) - len(named), "outcomes": dict(withheld)},
        "served": served,
        "put_through_again": sum(count > 1 for count in talked.values()),
        "callbacks": owed,
        "callbacks_by_source": dict(sources),
        "by_the_last_resort": sum(note == "last_resort" for *_, note in rows),
        "machine_calls": len(taken),
        "machine_line_s": round(median(taken), 1) if taken else None,
        "lost": sum(len(who) for what, who in faults.items() if what.startswith("lost")),
        "doubled": sum(len(who) for what, who in faults.items() if what.startswith("doubled")),
        "open": sum(not reason for mine in entries.values() for _, reason in mine),
        "closed": dict(Counter(reason for mine in entries.values() for _, reason in mine)),
        "attempts": sum(customers.times.values()),
        "customers": dict(customers.results),
        "results_said": dict(agents.said),
        "all_called_s": round(max(customers.first.values(), default=first) - first, 1),
        "faults": {what: {"count": len(who), "such_as": who[:SHOWN]} for what, who in faults.items()},
    }
