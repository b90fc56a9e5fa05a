"""Carriers, ways of delivery, fees, and the rules of the review over REST."""

from typing import Any

from ccenter.office.rest import Changes, Entities
from crm.services import rows
from orders.api import bodies
from orders.models import Carrier, DeliveryFee, DeliveryMethod, ReviewRules


class Carriers(Entities[Carrier]):
    """Who brings goods."""

    entity = "carriers"
    queryset = Carrier.objects.all()
    serializer_class = bodies.CarrierBody
    filterset_fields = ["code", "cod", "active"]
    search_fields = ["code", "name"]
    ordering = "code"
    ordering_fields = ["id", "name"]

    def add(self, values: dict[str, Any]) -> Carrier:
        return rows.add(self.user, self.entity, Carrier(**values))

    def change(self, row: Carrier, values: dict[str, Any]) -> Carrier:
        return rows.change(self.user, self.entity, row, values)

    def remove(self, row: Carrier) -> None:
        rows.delete(self.user, self.entity, row)


class Methods(Entities[DeliveryMethod]):
    """How goods are brought, and who does it so."""

    entity = "delivery_methods"
    queryset = DeliveryMethod.objects.prefetch_related("carriers")
    serializer_class = bodies.MethodBody
    filterset_fields = ["code", "active"]
    ordering = "position"
    ordering_fields = ["id", "code"]

    def add(self, values: dict[str, Any]) -> DeliveryMethod:
        carriers = values.pop("carriers", ())
        return rows.add(self.user, self.entity, DeliveryMethod(**values), carriers=carriers)

    def change(self, row: DeliveryMethod, values: dict[str, Any]) -> DeliveryMethod:
        many = {"carriers": values.pop("carriers")} if "carriers" in values else {}
        return rows.change(self.user, self.entity, row, values, **many)

    def remove(self, row: DeliveryMethod) -> None:
        rows.delete(self.user, self.entity, row)


class Fees(Entities[DeliveryFee]):
    """What delivery costs, where."""

    entity = "delivery_fees"
    queryset = DeliveryFee.objects.select_related("method")
    serializer_class = bodies.FeeBody
    filterset_fields = {"method__code": ["exact"], "province": ["exact"], "city": ["exact"]}
    ordering_fields = ["province", "city"]

    def add(self, values: dict[str, Any]) -> DeliveryFee:
        return rows.add(self.user, self.entity, DeliveryFee(**values))

    def change(self, row: DeliveryFee, values: dict[str, Any]) -> DeliveryFee:
        return rows.change(self.user, self.entity, row, values)

    def remove(self, row: DeliveryFee) -> None:
        rows.delete(self.user, self.entity, row)


class Rules(Changes[ReviewRules]):
    """What the review looks at: the one row, with the key 1."""

    entity = "review_rules"
    queryset = ReviewRules.objects.all()
    serializer_class = bodies.RulesBody
    ordering = "id"

    def change(self, row: ReviewRules, values: dict[str, Any]) -> ReviewRules:
        return rows.change(self.user, self.entity, row, values)
