"""The way to all pages, by rights: in the bar of every desk. Apps add their pages when they start, as with rights.

menu.add("customers", "crm:customers", _("Customers"), "users", "customers.view")
menu.tool("/orders/new/?call={call}&customer={customer}", _("New order"), "shopping-cart-plus", "orders.add")
menu.notices(unread_news)             # (user) -> [Notice]: asked now and then by every open page
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages.frame import Text

GROUPS: dict[str, Text] = {
    "customers": _("Customers"), "calls": _("Calling back"), "service": _("Service"), "orders": _("Orders"),
    "goods": _("Goods"), "office": _("Office"),
}  # fmt: skip
ICONS = {
    "customers": "users", "calls": "phone-calling", "service": "lifebuoy", "orders": "shopping-cart", "goods": "package",
    "office": "settings",
}  # fmt: skip


Wanted = str | Callable[[Any], bool]


class Entry(NamedTuple):
    """`right`: an action, several of which one is enough ("orders.approve orders.pay"), or a question about the user; "" for
    everybody."""

    group: str
    name: str
    label: Text
    icon: str
    right: Wanted

    @property
    def address(self) -> str:
        return reverse(self.name)


class Tool(NamedTuple):
    """A page that is opened beside a call: {call} and {customer} in its address become what the agent has in front."""

    address: str
    label: Text
    icon: str
    right: str
    key: str


class Notice(NamedTuple):
    """Something a person has to look at. `address`: where; `count`: how many; `kind`: "", warn, bad."""

    text: Text
    address: str
    count: int = 0
    kind: str = "warn"


_entries: dict[str, Entry] = {}
_tools: dict[str, Tool] = {}
_notices: list[Callable[[Any], list[Notice]]] = []


def add(group: str, name: str, label: Text, icon: str, right: Wanted = "") -> None:
    """A page of the menu; `name` of its address."""
    if group not in GROUPS:
        raise LookupError(f"no such group: {group}")
    _entries[name] = Entry(group, name, label, icon, right)


def tool(address: str, label: Text, icon: str, right: str = "", key: str = "") -> None:
    """A page that is opened beside a call, in a tab of the console; by `key` too, a letter that the console has not yet."""
    _tools[address] = Tool(address, label, icon, right, key)


def notices(ask: Callable[[Any], list[Notice]]) -> Callable[[Any], list[Notice]]:
    """Something that may want to be looked at; cheap, as every open page asks."""
    _notices.append(ask)
    return ask


def _may(user: Any, right: Wanted) -> bool:
    if callable(right):
        return right(user)
    return not right or any(rights.may(user, one) for one in right.split())


def entries(user: Any) -> list[tuple[str, Text, str, list[Entry]]]:
    """(group, its name, icon, its pages) of what this user may; no empty groups."""
    mine = [entry for entry in _entries.values() if _may(user, entry.right)]
    found = [(group, name, ICONS[group], [one for one in mine if one.group == group]) for group, name in GROUPS.items()]
    return [one for one in found if one[3]]


def home(user: Any) -> str:
    """The address of the first page this user may open by a right; "" for none."""
    return next((entry.address for entry in _in_order() if entry.right and _may(user, entry.right)), "")


def _in_order() -> list[Entry]:
    order = list(GROUPS)
    return sorted(_entries.values(), key=lambda entry: order.index(entry.group))


def tools(user: Any) -> list[dict[str, str]]:
    """For the console's script."""
    return [
        {"address": one.address, "label": str(one.label), "icon": one.icon, "key": one.key}
        for one in _tools.values()
        if _may(user, one.right)
    ]


def noticed(user: Any) -> list[Notice]:
    return [one for ask in _notices for one in ask(user)]
