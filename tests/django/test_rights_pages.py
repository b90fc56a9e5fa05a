"""Who may open and use the pages of the office, of customers and of orders: every way in, by role as they are seeded.

As in `test_rights_rest`, whose table of rights this is: a role that may is told that there is no such row, or what is wrong in
its form; one that may not, 403. Which rows a role sees is in the tests of each page.
"""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.django.test_rights_rest import ROLES, who_may
from tests.django.ways import way_of, ways

pytestmark = pytest.mark.django_db
PAGES = ("/crm/", "/orders/", "/office/", "/callbacks/")

# address: entity, and of each method which right it takes; "*" for whoever is signed in
WAYS = {
    # -- the office --
    "/office/": "jobs GET:view",  # whoever has a role has jobs
    "/office/me/": "* GET:view",
    "/office/notices/": "* GET:view",
    "/office/filters/new/branches/": "filters GET:add POST:add",
    "/office/filters/9999999/": "filters POST:delete",
    "/office/branches/": "branches GET:view POST:view",  # POST: an act, each with a right of its own
    "/office/branches/new/": "branches GET:add POST:add",
    "/office/branches/9999999/": "branches GET:change POST:change",
    "/office/jobs/": "jobs GET:view POST:view",
    "/office/jobs/9999999/": "jobs GET:view POST:view",
    "/office/jobs/9999999/line/": "jobs GET:view",
    "/office/audit/": "audit GET:view",
    "/office/roles/": "roles GET:view POST:view",
    "/office/roles/new/": "roles GET:add POST:add",
    "/office/roles/9999999/": "roles GET:view POST:change",
    "/office/webhooks/": "webhooks GET:view POST:view",
    "/office/webhooks/new/": "webhooks GET:add POST:add",
    "/office/webhooks/9999999/": "webhooks GET:view POST:change",
    "/office/webhooks/deliveries/": "webhooks GET:view POST:view",
    "/office/webhooks/deliveries/9999999/": "webhooks GET:view POST:view",
    # -- customers --
    "/crm/customers/": "customers GET:view POST:view",  # POST: an act, each with a right of its own
    "/crm/customers/new/": "customers GET:add POST:add",
    "/crm/customers/import/": "customers GET:import POST:import",
    "/crm/customers/export/": "customers POST:export",
    "/crm/customers/change/": "customers GET:change POST:change",
    "/crm/customers/9999999/": "customers GET:view POST:view",
    "/crm/customers/9999999/change/": "customers GET:change POST:change",
    "/crm/customers/9999999/history/": "customers GET:view",
    "/crm/customers/9999999/notes/": "notes POST:add",
    "/crm/customers/9999999/mail/": "mails GET:add POST:add",
    "/crm/customers/9999999/merge/": "customers GET:merge",
    "/crm/customers/9999999/merge/9999998/": "customers GET:merge POST:merge",
    "/crm/duplicates/": "duplicates GET:view POST:view",
    "/crm/duplicates/9999999/": "duplicates GET:view POST:change",
    "/crm/merges/": "merges GET:view",
    "/crm/merges/9999999/undo/": "merges POST:undo",
    "/crm/tags/": "tags GET:view POST:view",
    "/crm/tags/new/": "tags GET:add POST:add",
    "/crm/tags/9999999/": "tags GET:change POST:change",
    "/crm/fields/": "custom_fields GET:view POST:view",
    "/crm/fields/new/": "custom_fields GET:add POST:add",
    "/crm/fields/9999999/": "custom_fields GET:change POST:change",
    "/crm/sources/": "sources GET:view POST:view",
    "/crm/sources/new/": "sources GET:add POST:add",
    "/crm/sources/runs/": "sources GET:view",
    "/crm/sources/refused/": "sources GET:view POST:view",
    "/crm/sources/9999999/": "sources GET:view POST:view",
    "/crm/sources/9999999/change/": "sources GET:change POST:change",
    # -- service --
    "/crm/found-customers/": "customers GET:view",
    "/crm/tickets/": "tickets GET:view POST:view",  # POST: an act, each with a right of its own
    "/crm/tickets/new/": "tickets GET:add POST:add",
    "/crm/tickets/9999999/": "tickets GET:view POST:view",
    "/crm/tickets/9999999/change/": "tickets GET:change POST:change",
    "/crm/due-rules/": "due_rules GET:view POST:view",
    "/crm/due-rules/new/": "due_rules GET:add POST:add",
    "/crm/due-rules/9999999/": "due_rules GET:view POST:change",
    "/crm/escalations/": "escalations GET:view POST:view",
    "/crm/escalations/new/": "escalations GET:add POST:add",
    "/crm/escalations/9999999/": "escalations GET:view POST:change",
    "/crm/categories/": "categories GET:view POST:change",
    "/crm/categories/new/": "categories GET:add POST:add",
    "/crm/categories/9999999/": "categories GET:view POST:change",
    "/crm/categories/9999999/delete/": "categories POST:delete",
    "/crm/records/": "records GET:view",
    "/crm/records/9999999/": "records GET:view",
    "/crm/records/9999999/change/": "records GET:change POST:change",
    "/crm/outbound-tasks/": "outbound_tasks GET:view POST:view",
    "/crm/outbound-tasks/new/": "outbound_tasks GET:add POST:add",
    "/crm/outbound-tasks/9999999/": "outbound_tasks GET:view POST:view",
    "/crm/outbound-tasks/9999999/change/": "outbound_tasks GET:change POST:change",
    "/crm/outbound-rules/": "outbound_rules GET:view POST:view",
    "/crm/outbound-rules/new/": "outbound_rules GET:add POST:add",
    "/crm/outbound-rules/9999999/": "outbound_rules GET:view POST:change",
    "/crm/barred-numbers/": "barred_numbers GET:view POST:view",
    "/crm/knowledge/": "articles GET:view",
    "/crm/knowledge/9999999/vote/": "articles POST:vote",
    "/crm/articles/": "articles GET:view POST:view",
    "/crm/articles/new/": "articles GET:add POST:add",
    "/crm/articles/9999999/": "articles GET:view POST:view",
    "/crm/articles/9999999/change/": "articles GET:change POST:change",
    "/crm/scripts/": "scripts GET:view POST:view",
    "/crm/scripts/new/": "scripts GET:add POST:add",
    "/crm/scripts/9999999/": "scripts GET:view POST:change",
    "/crm/scripts/run/": "script_runs GET:add POST:add",
    "/crm/script-runs/": "script_runs GET:view",
    "/crm/script-runs/9999999/": "script_runs GET:view POST:view",  # whose it is decides
    "/crm/news/": "news GET:view POST:view",
    "/crm/news/to-confirm/": "news GET:read",
    "/crm/news/new/": "news GET:add POST:add",
    "/crm/news/9999999/": "news GET:view POST:view",
    "/crm/news/9999999/change/": "news GET:change POST:change",
    "/crm/news/9999999/read/": "news POST:read",
    "/crm/mails/": "mails GET:view POST:view",
    "/crm/mails/9999999/": "mails GET:view POST:view",
    "/crm/mail-templates/": "mail_templates GET:view POST:view",
    "/crm/mail-templates/new/": "mail_templates GET:add POST:add",
    "/crm/mail-templates/9999999/": "mail_templates GET:view POST:change",
    # -- orders --
    "/orders/": "orders GET:view POST:view",  # POST: an act, each with a right of its own
    "/orders/export/": "orders POST:export",
    "/orders/products/export/": "products POST:export",
    "/orders/stock/export/": "stock POST:export",
    "/crm/tickets/export/": "tickets POST:export",
    "/orders/delivery-notes/": "orders GET:view",
    "/orders/new/": "orders GET:add POST:add",
    "/orders/new/submit/": "orders GET:add POST:add",
    "/orders/new/drop/": "orders GET:add POST:add",
    "/orders/review/": "orders GET:approve POST:approve",
    "/orders/review/99999999/": "orders GET:approve POST:approve",
    "/orders/dispatch/": "orders GET:dispatch POST:dispatch",
    "/orders/dispatch/99999999/": "orders GET:dispatch POST:dispatch",
    "/orders/payments/": "payments GET:view",
    "/orders/outstanding/": "orders GET:view",
    "/orders/outstanding/owed/": "orders GET:view",
    "/orders/returns/": "returns GET:view",
    "/orders/invoices/": "invoices GET:view",
    "/orders/invoices/9999999/pdf/": "invoices GET:view",
    "/orders/99999999/": "orders GET:view POST:view",
    "/orders/99999999/delivery-note/": "orders GET:view",
    # -- goods --
    "/orders/products/": "products GET:view POST:view",
    "/orders/products/new/": "products GET:add POST:add",
    "/orders/products/found/": "products GET:view",
    "/orders/products/attributes/": "products GET:view",
    "/orders/products/9999999/": "products GET:view POST:view",
    "/orders/products/9999999/change/": "products GET:change POST:change",
    "/orders/categories/": "product_categories GET:view",
    "/orders/categories/new/": "product_categories GET:add POST:add",
    "/orders/categories/9999999/": "product_categories GET:view POST:change",
    "/orders/categories/attributes/new/": "product_categories GET:add POST:add",
    "/orders/categories/attributes/9999999/": "product_categories GET:view POST:change",
    "/orders/stock/": "stock GET:view POST:view",
    "/orders/stock/9999999/": "stock GET:view POST:view",
    "/orders/stock/moves/": "stock GET:view",
    "/orders/stock/reservations/": "stock GET:view",
    "/orders/points/": "points GET:view",
    "/orders/points/9999999/": "points GET:view POST:view",
    "/orders/purchases/": "purchases GET:view POST:view",
    "/orders/purchases/new/": "purchases GET:add POST:add",
    "/orders/purchases/9999999/": "purchases GET:view POST:view",
    "/orders/purchases/9999999/change/": "purchases GET:change POST:change",
    "/orders/suppliers/": "suppliers GET:view POST:view",
    "/orders/suppliers/new/": "suppliers GET:add POST:add",
    "/orders/suppliers/9999999/": "suppliers GET:view POST:change",
    "/orders/supplier-products/": "suppliers GET:view POST:view",
    "/orders/supplier-products/new/": "suppliers GET:add POST:add",
    "/orders/supplier-products/9999999/": "suppliers GET:view POST:change",
    "/orders/gift-rules/": "gift_rules GET:view POST:view",
    "/orders/gift-rules/new/": "gift_rules GET:add POST:add",
    "/orders/gift-rules/9999999/": "gift_rules GET:view POST:change",
    "/orders/earning-rules/": "point_rules GET:view POST:view",
    "/orders/earning-rules/new/": "point_rules GET:add POST:add",
    "/orders/earning-rules/9999999/": "point_rules GET:view POST:change",
    "/orders/point-terms/": "point_rules GET:view POST:view",
    "/orders/point-terms/new/": "point_rules GET:add POST:add",
    "/orders/point-terms/9999999/": "point_rules GET:view POST:change",
    "/orders/point-levels/": "point_rules GET:view POST:view",
    "/orders/point-levels/new/": "point_rules GET:add POST:add",
    "/orders/point-levels/9999999/": "point_rules GET:view POST:change",
    "/orders/point-exchanges/": "point_rules GET:view POST:view",
    "/orders/point-exchanges/new/": "point_rules GET:add POST:add",
    "/orders/point-exchanges/9999999/": "point_rules GET:view POST:change",
    "/orders/carriers/": "carriers GET:view POST:view",
    "/orders/carriers/new/": "carriers GET:add POST:add",
    "/orders/carriers/9999999/": "carriers GET:view POST:change",
    "/orders/delivery-methods/": "delivery_methods GET:view POST:view",
    "/orders/delivery-methods/new/": "delivery_methods GET:add POST:add",
    "/orders/delivery-methods/9999999/": "delivery_methods GET:view POST:change",
    "/orders/delivery-fees/": "delivery_fees GET:view POST:view",
    "/orders/delivery-fees/new/": "delivery_fees GET:add POST:add",
    "/orders/delivery-fees/9999999/": "delivery_fees GET:view POST:change",
    "/orders/review-rules/": "review_rules GET:view POST:change",
    # -- callbacks --
    "/callbacks/": "callbacks GET:view POST:view",  # POST: an act, each with a right of its own
    "/callbacks/of/k9999999/": "callbacks GET:view",
    "/callbacks/figures/": "callbacks GET:figures",
    "/callbacks/surge/": "surges GET:view",
    "/callbacks/rules/": "callback_rules GET:view POST:view",
    "/callbacks/rules/queues/9999999/": "callback_rules GET:view POST:change",
    "/callbacks/rules/lines/": "callback_rules GET:view POST:view",
    "/callbacks/rules/lines/9999999/": "callback_rules GET:view POST:change",
    "/callbacks/rules/centre/": "callback_rules GET:view POST:change",
    "/callbacks/surges/": "surges GET:view POST:view",
    "/callbacks/surges/picture/": "surges GET:view",
    "/callbacks/surges/new/": "surges GET:add POST:add",
    "/callbacks/surges/9999999/": "surges GET:view POST:change",
}


@pytest.fixture(scope="module")
def browsers(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Somebody of each role, "nobody" who is not signed in, and "stranger" without a role."""
    from tests.django.people import person

    def signed_in(user: Any) -> Client:
        found = Client(headers={"Accept-Language": "en", "HX-Request": "true"})
        found.force_login(user)
        return found

    with django_db_blocker.unblock(), transaction.atomic():
        people = {role: person(f"page-{role}", role) for role in [*ROLES.values(), "admin"]}
        found = {name: signed_in(user) for name, user in people.items()}
        yield {**found, "stranger": signed_in(person("page-stranger")), "nobody": Client(headers={"HX-Request": "true"})}
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", WAYS)
def test_given_every_role_when_it_opens_or_sends_a_page_then_only_who_has_the_right_is_not_refused(
    browsers: dict[str, Client], path: str
) -> None:
    entity, *methods = WAYS[path].split()
    for method, verb in (one.split(":") for one in methods):
        let_in = set()
        for role, asking in browsers.items():
            with transaction.atomic():
                status = getattr(asking, method.lower())(path).status_code
                transaction.set_rollback(True)
            assert status < 500, (role, status)
            if status in (401, 403):
                assert status == (401 if role == "nobody" else 403), role
            else:
                let_in.add(role)
        expected = {*browsers} - {"nobody"} if entity == "*" else who_may(entity, verb)
        assert let_in == expected, (method, path)


def test_given_a_new_page_when_nobody_said_what_right_it_takes_then_this_fails() -> None:
    known = {way_of(one.split(":")[0], path) for path, text in WAYS.items() for one in text.split()[1:]}
    assert {way for way in ways() if way[1].startswith(PAGES)} == known
