"""Orders, products and stock into files: jobs, as `crm.services.exporting` writes them."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.tokens import spelt
from ccenter.office import rights
from ccenter.office.jobs import Progress, kind
from ccenter.office.rest import shown
from crm.services.exporting import write_out
from orders.models import Order, Product, ProductAttribute, Stock
from orders.selectors import lists


@kind("orders.export")
def orders(job: Progress) -> None:
    write_out(job, "orders", lists.chosen, headings(), lambda order: line(order, job.user))


def headings() -> list[str]:
    """In the owner's language; in the order of `line`."""
    return [
        *(_("order number"), _("ordered"), _("state"), _("member number"), _("customer"), _("goods")),
        *(_("points exchanged for goods"), _("total"), _("paid")),
        *(_("owed"), _("currency"), _("way of paying"), _("recipient"), _("telephone"), _("province"), _("city"), _("district")),
        *(_("street"), _("carrier"), _("tracking number"), _("taken by"), _("note")),
    ]


def line(order: Order, user: Any) -> list[Any]:
    delivery = getattr(order, "delivery", None)
    return [
        order.number,
        timezone.localtime(order.created_at).strftime("%Y-%m-%d %H:%M"),
        order.get_state_display(),
        order.customer.number,
        order.customer.name,
        "; ".join(f"{one.code} {one.name} × {one.quantity}" for one in order.lines.all()),
        order.points_exchanged,
        order.total,
        order.paid,
        order.balance,
        order.currency,
        order.get_pay_by_display(),
        order.recipient,
        shown(user, "number", spelt(order.phone)),
        order.province,
        order.city,
        order.district,
        shown(user, "address", order.street),
        delivery.carrier.name if delivery else "",
        delivery.tracking if delivery else "",
        order.taken_by.username if order.taken_by else "",
        order.note,
    ]


@kind("products.export")
def products(job: Progress) -> None:
    """With what lies there, for who may see the stock."""
    stock = rights.may(job.user, "stock.view")
    attributes = {one.code: one.name for one in ProductAttribute.objects.order_by("position", "code")}  # of two the last counts
    names = [
        *(_("product number"), _("name"), _("category"), _("unit"), _("price"), _("currency"), _("on sale"), _("on sale from")),
        *(_("on sale until"), _("only as a gift"), _("kept in stock"), _("description")),
        *((_("on hand"), _("reserved"), _("free")) if stock else ()),
    ]

    def line(one: Product) -> list[Any]:
        there = getattr(one, "stock", None) if one.stocked else None
        return [
            *(one.code, one.name, one.category.name if one.category else "", one.unit, one.price, one.currency),
            *(_yes(one.on_sale), _moment(one.sale_from), _moment(one.sale_until), _yes(one.gift_only), _yes(one.stocked)),
            one.description,
            *((there.on_hand, there.reserved, there.on_hand - there.reserved) if there else ("", "", "") if stock else ()),
            *(one.attributes.get(code, "") for code in attributes),
        ]

    write_out(job, "products", lists.products, [*names, *attributes.values()], line)


@kind("stock.export")
def stock(job: Progress) -> None:
    names = [_("product number"), _("name"), _("on hand"), _("reserved"), _("free"), _("to be bought again at")]

    def line(one: Stock) -> list[Any]:
        return [one.product.code, one.product.name, one.on_hand, one.reserved, one.on_hand - one.reserved, one.low]

    write_out(job, "stock", lists.stock, names, line)


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
