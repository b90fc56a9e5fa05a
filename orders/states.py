"""The life of an order, as one table.

                    ┌──reopen──────────────┐
    draft ──submit──▶ submitted ──approve──▶ approved ──pick──▶ picking ──ship──▶ shipped ──deliver──▶ delivered
      ▲                  │  refuse              │                  │                 │ bring_back        │ bring_back
      └──reopen────── refused                   └──────cancel──────┘                 └────▶ returned ◀───┘

A row is an action: from which states it may be done, where it leads, and the right it takes ("orders.<right>"). What is not in
the table cannot be done, here nor in the database: its trigger (migration 0005_order_guards) has the same pairs, as a test sees.
`bring_back` moves the order only when all of its goods are back.
"""

from enum import StrEnum
from typing import NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("to be reviewed")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    PICKING = "picking", _("being prepared")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (State.SUBMITTED, State.APPROVED, State.PICKING, State.SHIPPED)  # the customer waits
VOID = (State.DRAFT, State.REFUSED, State.CANCELLED)  # nothing is owed
RESERVED = (State.SUBMITTED, State.APPROVED, State.PICKING)  # goods are kept for it


class Action(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    REFUSE = "refuse"
    REOPEN = "reopen"
    PICK = "pick"
    SHIP = "ship"
    DELIVER = "deliver"
    BRING_BACK = "bring_back"
    CANCEL = "cancel"


class Row(NamedTuple):
    sources: tuple[State, ...]
    target: State
    right: str
    name: Promise


TABLE: dict[Action, Row] = {
    Action.SUBMIT: Row((State.DRAFT,), State.SUBMITTED, "submit", _("Submit")),
    Action.APPROVE: Row((State.SUBMITTED,), State.APPROVED, "approve", _("Approve")),
    Action.REFUSE: Row((State.SUBMITTED,), State.REFUSED, "approve", _("Refuse")),
    Action.REOPEN: Row((State.SUBMITTED, State.REFUSED), State.DRAFT, "reopen", _("Change again")),
    Action.PICK: Row((State.APPROVED,), State.PICKING, "dispatch", _("Prepare")),
    Action.SHIP: Row((State.PICKING,), State.SHIPPED, "dispatch", _("Ship")),
    Action.DELIVER: Row((State.SHIPPED,), State.DELIVERED, "dispatch", _("Delivered")),
    Action.BRING_BACK: Row((State.SHIPPED, State.DELIVERED), State.RETURNED, "take_back", _("Returned")),
    Action.CANCEL: Row((State.DRAFT, State.SUBMITTED, State.APPROVED, State.PICKING), State.CANCELLED, "cancel", _("Cancel")),
}


def allowed(state: str) -> list[Action]:
    """What can be done with an order in this state."""
    return [action for action, row in TABLE.items() if state in row.sources]
