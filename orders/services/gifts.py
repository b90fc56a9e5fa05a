"""Writes of gift rules, and the check that an order takes no more than they grant."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orders import rules
from orders.models import GiftRule
from orders.rules import Lines
from orders.selectors.gifts import granted as granted_to
from orders.selectors.shelf import Shelf


def check(lines: Lines, gifts: Mapping[int, int], level: str, at: datetime, shelf: Shelf | None = None) -> None:
    """Raises ValidationError({"gifts": [...]}) unless the rules grant these gifts {key of the rule: pieces} for these goods.

    No query without gifts, or with a shelf on which the goods and gifts are.
    """
    taken = {pk: pieces for pk, pieces in gifts.items() if pieces}
    if not taken:
        return
    shelf = shelf or Shelf(at)
    granted, known = granted_to(lines, level, shelf), shelf.standing.gift_rules
    groups = {pk: known[pk].group if pk in known else "" for pk in taken}
    too_many, groups_twice = rules.wrongly_given(taken, granted, groups.__getitem__)
    named = GiftRule.objects.in_bulk(too_many) if too_many else {}
    texts = [
        _("%(rule)s: %(granted)s may be given.") % {"rule": named.get(pk, pk), "granted": granted.get(pk, 0)} for pk in too_many
    ]
    texts += [_("Only one gift of “%(group)s” may be chosen.") % {"group": group} for group in groups_twice]
    if texts:
        raise ValidationError({"gifts": texts})
