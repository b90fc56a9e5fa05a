"""The states of a ticket, and which may follow which.

A cell of STEPS is the right that the step takes ("tickets.work"); a pair that is not there is no step. The table is also a
constraint in the database: a `TicketEvent` of another pair cannot be written.

    open ── work ──▶ working ── waits for the customer ──▶ waiting
      │                 │ ▲                                   │
      └─ dispatch ─▶ dispatched (a branch accepts: working)   │
                        ▼ ▼                                   ▼
                     settled ── the customer agrees ──▶ closed
"""

from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """`settled`: the work is done, the customer has not agreed yet. `withdrawn`: taken by mistake, or taken back."""

    OPEN = "open", _("to be done")
    DISPATCHED = "dispatched", _("handed to a branch")
    WORKING = "working", _("being worked on")
    WAITING = "waiting", _("waiting for the customer")
    SETTLED = "settled", _("done, to be confirmed")
    CLOSED = "closed", _("settled")
    WITHDRAWN = "withdrawn", _("withdrawn")


S = State
DONE = (S.CLOSED.value, S.WITHDRAWN.value)


class Step(NamedTuple):
    """`right`: the verb of the entity "tickets" it takes. `needs`: what has to be said with it."""

    right: str
    needs: tuple[str, ...] = ()


_WORK = Step("work")
_HAND = Step("dispatch", ("branch",))
_BACK = Step("work", ("text",))
_SETTLE = Step("work", ("resolution",))
_CLOSE = Step("close", ("resolution",))
_AGAIN = Step("work")
_REOPEN = Step("reopen")
_WITHDRAW = Step("withdraw", ("text",))

STEPS: dict[State, dict[State, Step]] = {
    S.OPEN: {
        S.WORKING: _WORK, S.DISPATCHED: _HAND, S.WAITING: _WORK, S.SETTLED: _SETTLE, S.CLOSED: _CLOSE, S.WITHDRAWN: _WITHDRAW,
    },
    S.DISPATCHED: {
        S.WORKING: _WORK, S.OPEN: _BACK, S.DISPATCHED: _HAND, S.SETTLED: _SETTLE, S.CLOSED: _CLOSE, S.WITHDRAWN: _WITHDRAW,
    },
    S.WORKING: {
        S.OPEN: _BACK, S.DISPATCHED: _HAND, S.WAITING: _WORK, S.SETTLED: _SETTLE, S.CLOSED: _CLOSE, S.WITHDRAWN: _WITHDRAW,
    },
    S.WAITING: {S.WORKING: _WORK, S.DISPATCHED: _HAND, S.SETTLED: _SETTLE, S.CLOSED: _CLOSE, S.WITHDRAWN: _WITHDRAW},
    S.SETTLED: {S.WORKING: _AGAIN, S.CLOSED: _CLOSE},
    S.CLOSED: {S.WORKING: _REOPEN},
    S.WITHDRAWN: {},
}  # fmt: skip

PAIRS = sorted((before.value, after.value) for before, steps in STEPS.items() for after in steps)
