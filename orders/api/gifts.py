"""Rules of gifts."""

from typing import Any

from ccenter.office.rest import Entities, RowBody
from crm.services import rows
from orders.models import GiftRule

CONDITION = ("id", "version", "name", "product", "category", "level", "since", "until", "active")


class GiftRuleBody(RowBody):
    class Meta:
        model = GiftRule
        fields = [*CONDITION, "gift", "quantity", "least_quantity", "least_amount", "repeat", "most", "group"]


class GiftRules(Entities[GiftRule]):
    """What goes with an order for nothing, and with which. A rule that gave something is not deleted, but made inactive."""

    entity = "gift_rules"
    queryset = GiftRule.objects.all()
    serializer_class = GiftRuleBody
    filterset_fields = ["product", "category", "gift", "level", "group", "active"]
    search_fields = ["name", "group"]
    ordering_fields = ["name", "since", "until"]

    def add(self, values: dict[str, Any]) -> GiftRule:
        return rows.add(self.user, "gift_rules", GiftRule(**values))

    def change(self, row: GiftRule, values: dict[str, Any]) -> GiftRule:
        return rows.change(self.user, "gift_rules", row, values)

    def remove(self, row: GiftRule) -> None:
        rows.delete(self.user, "gift_rules", row)
