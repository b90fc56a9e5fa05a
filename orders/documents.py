"""Papers as PDF: the delivery note that goes with the goods, and the invoice.

Printed by WeasyPrint from the templates beside this file, with the Chinese fonts of the system (deploy/setup.sh installs one).
Nothing is loaded from anywhere: a template has no pictures, and what customers typed is escaped.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from ccenter.calls.models import CentreSettings
from ccenter.calls.tokens import spelt
from orders.models import Delivery, Invoice, Order


def delivery_note(order: Order) -> bytes:
    """For an order that has a delivery (ObjectDoesNotExist otherwise); in the customer's language."""
    return _pdf(*_note(order))


def _note(order: Order) -> tuple[str, Order, dict[str, Any]]:
    delivery = Delivery.objects.select_related("carrier", "method").get(order=order)
    return "orders/delivery_note.html", order, {"delivery": delivery, "phone": spelt(order.phone)}


def delivery_notes(orders: Iterable[Order]) -> bytes:
    """Those of several orders in one file, one after the other; each has a delivery."""
    papers = [_drawn(*_note(order)) for order in orders]
    whole: bytes = papers[0].copy([page for paper in papers for page in paper.pages]).write_pdf()
    return whole


def invoice(paper: Invoice) -> bytes:
    """As it was issued; one that was withdrawn says so."""
    return _pdf("orders/invoice.html", paper.order, {"invoice": paper, "returned": paper.order.total - paper.amount})


def _pdf(template: str, order: Order, values: dict[str, Any]) -> bytes:
    paper: bytes = _drawn(template, order, values).write_pdf()
    return paper


def _drawn(template: str, order: Order, values: dict[str, Any]) -> Any:
    """The pages of a paper."""
    from weasyprint import HTML  # half a second to import: only who prints pays for it

    company = CentreSettings.objects.values_list("name", flat=True).first() or ""
    lines = list(order.lines.order_by("position"))
    with translation.override({"zh": "zh-hans", "en": "en"}.get(order.customer.language, settings.LANGUAGE_CODE)):
        text = render_to_string(template, {"order": order, "lines": lines, "company": company, **values})
    return HTML(string=text, url_fetcher=_nothing).render()


def _nothing(url: str, *args: Any, **options: Any) -> Any:
    raise ValueError(f"papers load nothing: {url[:60]}")
