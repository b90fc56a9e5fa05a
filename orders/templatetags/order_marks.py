"""How pages mark orders."""

from django import template

from orders.selectors.lists import FINDINGS
from orders.selectors.orders import bought
from orders.states import State

register = template.Library()
KINDS = {
    State.SUBMITTED: "warn", State.APPROVED: "accent", State.PICKING: "accent", State.SHIPPED: "accent", State.DELIVERED: "good",
    State.REFUSED: "bad", State.RETURNED: "bad",
}  # fmt: skip


@register.filter
def state_kind(state: str) -> str:
    """The colour of a state's mark."""
    return KINDS.get(State(state), "")


@register.filter
def finding(code: str) -> str:
    """What a finding of the review is called, in a word."""
    return str(dict(FINDINGS).get(code, code))


register.filter("bought", bought)
