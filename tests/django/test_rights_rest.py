"""Who may what in the office's REST interface: one table of the rights, by role as they are seeded, and one of the ways in.

A way that a role may use answers that there is no such row, or that the body is wrong; one that it may not, 403. Which rows
a role sees (own, of the team, of the branch) is in the tests of each entity and in `office/test_rights.py`.
"""

from typing import Any

import pytest
from django.db import transaction

from tests.django.ways import way_of, ways

pytestmark = pytest.mark.django_db

ROLES = {
    "a": "agent", "e": "expert", "l": "lead", "o": "order_reviewer", "f": "finance", "w": "warehouse", "b": "branch",
    "u": "auditor", "x": "office_admin",
}  # fmt: skip
# entity: what may be done: by whom at first. An office administrator ("x") may everything but with KEPT; an administrator all.
KEPT = {"audit", "callbacks", "jobs", "roles", "webhooks"}
MAY: dict[str, dict[str, str]] = {
    "articles": {"view vote": "aelofwb", "add change submit": "ael", "delete": "", "approve": "el"},
    "audit": {"view": "u", "add change delete": ""},
    "barred_numbers": {"view add": "ael", "change": "", "delete": "l"},
    "branches": {"view": "aelo", "add change delete": ""},
    "callback_rules": {"view": "l", "add change delete": ""},
    "callbacks": {"view": "al", "add change delete": "", "close figures": "l"},
    "calls": {"view add change delete": "", "see_numbers": "lowb", "see_addresses": "aelowb"},
    "carriers": {"view": "aelofwb", "add change delete": ""},
    "categories": {"view": "aelofwb", "add change delete": ""},
    "custom_fields": {"view": "aelofwb", "add change delete": ""},
    "customers": {"view": "aelofwb", "add change": "aelob", "delete": "", "merge": "lo", "import export level": "l"},
    "delivery_fees": {"view": "aelofwb", "add change delete": ""},
    "delivery_methods": {"view": "aelofwb", "add change delete": ""},
    "due_rules": {"view": "el", "add change delete": ""},
    "duplicates": {"view change": "lo", "add delete": ""},
    "escalations": {"view": "el", "add change delete": ""},
    "filters": {"view add change delete": "aelofwbu", "share": "l"},
    "gift_rules": {"view": "aelofwb", "add change delete": ""},
    "invoices": {"view": "aelofwb", "add void": "f", "change delete": ""},
    "jobs": {"view cancel": "aelofwbux", "add change delete": ""},
    "mail_files": {"view add": "ael", "change delete": ""},
    "mail_templates": {"view": "ael", "add change delete": ""},
    "mails": {"view": "aelofw", "add again": "ael", "change delete": ""},
    "merges": {"view undo": "lo", "add change delete": ""},
    "news": {"view read": "aelofwb", "add change delete readers": "l"},
    "notes": {"view add": "aelofwb", "change delete": ""},
    "outbound_rules": {"view": "el", "add change delete": "l"},
    "outbound_tasks": {"view add change cancel": "aelo", "delete": ""},
    "orders": {"view": "aelofwb", "add change submit reopen": "ael", "delete": "", "approve": "o", "dispatch take_back": "wb", "cancel": "aelo", "export": "lof"},
    "payments": {"view": "aelofwb", "add refund": "f", "change delete": ""},
    "point_entries": {"view": "aelofwb", "add change delete": ""},
    "point_rules": {"view": "aelofwb", "add change delete": ""},
    "points": {"view": "aelofwb", "add change delete": "", "adjust": "lf"},
    "product_categories": {"view": "aelofwb", "add change delete": ""},
    "products": {"view": "aelofwb", "add change delete set_price": "", "export": "lfw"},
    "purchases": {"view": "fw", "add change delete receive": "w", "order close cancel": "f"},
    "records": {"view": "aelofw", "add change": "ael", "delete": ""},
    "returns": {"view": "aelofwb", "add change delete": ""},
    "review_rules": {"view": "o", "add change delete": ""},
    "roles": {"view": "u", "add change delete": ""},
    "script_runs": {"view add change": "aelb", "delete": ""},
    "scripts": {"view": "aelb", "add change": "el", "delete": "l"},
    "sources": {"view add change delete run": ""},
    "stock": {"view": "aelofwb", "add delete": "", "change count": "w", "export": "lfw"},
    "survey_answers": {"view": "el", "add change delete": ""},
    "suppliers": {"view": "fw", "add change": "w", "delete": ""},
    "surges": {"view": "l", "add change delete": ""},
    "tags": {"view": "aelofwb", "add change delete": "l"},
    "tickets": {"view": "aelofwb", "add change close reopen follow_up": "ael", "delete": "", "work note": "aelb", "assign dispatch": "el", "withdraw export": "l"},
    "webhooks": {"view": "u", "add change delete send": ""},
}  # fmt: skip

# address under /api/: entity, and of each method which right it takes
WAYS = {
    "office/roles/": "roles GET:view POST:add",
    "office/roles/actions/": "roles GET:view",
    "office/roles/9999999/": "roles GET:view PUT:change PATCH:change DELETE:delete",
    "office/branches/": "branches GET:view POST:add",
    "office/branches/9999999/": "branches GET:view PUT:change PATCH:change DELETE:delete",
    "office/audit/": "audit GET:view",
    "office/audit/9999999/": "audit GET:view",
    "office/filters/": "filters GET:view POST:add",
    "office/filters/9999999/": "filters GET:view PUT:change PATCH:change DELETE:delete",
    "office/webhooks/": "webhooks GET:view POST:add",
    "office/webhooks/events/": "webhooks GET:view",
    "office/webhooks/9999999/": "webhooks GET:view PUT:change PATCH:change DELETE:delete",
    "office/webhooks/9999999/new-secret/": "webhooks POST:change",
    "office/webhooks/9999999/test/": "webhooks POST:send",
    "office/webhook-deliveries/": "webhooks GET:view",
    "office/webhook-deliveries/send-dead/": "webhooks POST:send",
    "office/webhook-deliveries/9999999/": "webhooks GET:view",
    "office/webhook-deliveries/9999999/send/": "webhooks POST:send",
    "office/jobs/": "jobs GET:view",
    "office/jobs/9999999/": "jobs GET:view",
    "office/jobs/9999999/cancel/": "jobs POST:cancel",
    "office/jobs/9999999/refused/": "jobs GET:view",
    "office/jobs/9999999/result/": "jobs GET:view",
    "crm/customers/": "customers GET:view POST:add",
    "crm/customers/9999999/": "customers GET:view PUT:change PATCH:change DELETE:delete",
    "crm/customers/9999999/history/": "customers GET:view",
    "crm/customers/9999999/merge/": "customers POST:merge",
    "crm/notes/": "notes GET:view POST:add",
    "crm/notes/9999999/": "notes GET:view",
    "crm/tags/": "tags GET:view POST:add",
    "crm/tags/9999999/": "tags GET:view PUT:change PATCH:change DELETE:delete",
    "crm/custom-fields/": "custom_fields GET:view POST:add",
    "crm/custom-fields/9999999/": "custom_fields GET:view PUT:change PATCH:change DELETE:delete",
    "crm/duplicates/": "duplicates GET:view",
    "crm/duplicates/9999999/": "duplicates GET:view",
    "crm/duplicates/9999999/distinct/": "duplicates POST:change",
    "crm/duplicates/9999999/merge/": "duplicates POST:change",
    "crm/customer-imports/": "customers POST:import",
    "crm/customer-import-previews/": "customers POST:import",
    "crm/customer-changes/": "customers POST:change",
    "crm/customer-exports/": "customers POST:export",
    "crm/ticket-exports/": "tickets POST:export",
    "crm/sources/": "sources GET:view POST:add",
    "crm/sources/9999999/": "sources GET:view PUT:change PATCH:change DELETE:delete",
    "crm/sources/9999999/run/": "sources POST:run",
    "crm/sources/9999999/secret/": "sources POST:change",
    "crm/source-refusals/": "sources GET:view",
    "crm/source-refusals/9999999/": "sources GET:view",
    "crm/source-refusals/9999999/again/": "sources POST:run",
    "crm/source-runs/": "sources GET:view",
    "crm/source-runs/9999999/": "sources GET:view",
    "crm/merges/": "merges GET:view",
    "crm/merges/9999999/": "merges GET:view",
    "crm/merges/9999999/undo/": "merges POST:undo",
    "crm/categories/": "categories GET:view POST:add",
    "crm/categories/9999999/": "categories GET:view PUT:change PATCH:change DELETE:delete",
    "crm/records/": "records GET:view POST:add",
    "crm/records/9999999/": "records GET:view PUT:change PATCH:change",
    "crm/tickets/": "tickets GET:view POST:add",
    "crm/tickets/9999999/": "tickets GET:view PUT:change PATCH:change",
    "crm/tickets/9999999/assign/": "tickets POST:assign",
    "crm/tickets/9999999/events/": "tickets GET:view",
    "crm/tickets/9999999/follow_up/": "tickets POST:follow_up",
    "crm/tickets/9999999/note/": "tickets POST:note",
    "crm/tickets/9999999/step/": "tickets POST:view",
    "crm/due-rules/": "due_rules GET:view POST:add",
    "crm/due-rules/9999999/": "due_rules GET:view PUT:change PATCH:change DELETE:delete",
    "crm/escalations/": "escalations GET:view POST:add",
    "crm/escalations/9999999/": "escalations GET:view PUT:change PATCH:change DELETE:delete",
    "crm/outbound-tasks/": "outbound_tasks GET:view POST:add",
    "crm/outbound-tasks/9999999/": "outbound_tasks GET:view PUT:change PATCH:change",
    "crm/outbound-tasks/9999999/cancel/": "outbound_tasks POST:cancel",
    "crm/outbound-rules/": "outbound_rules GET:view POST:add",
    "crm/outbound-rules/9999999/": "outbound_rules GET:view PUT:change PATCH:change DELETE:delete",
    "crm/barred-numbers/": "barred_numbers GET:view POST:add",
    "crm/barred-numbers/99999999999999999999999999999999/": "barred_numbers GET:view DELETE:delete",
    "crm/survey-answers/": "survey_answers GET:view",
    "crm/survey-answers/9999999/": "survey_answers GET:view",
    "crm/survey-answers/results/": "survey_answers GET:view",
    "callbacks/": "callbacks GET:view",
    "callbacks/figures/": "callbacks GET:figures",
    "callbacks/results/": "callbacks GET:figures",
    "callbacks/9999999/": "callbacks GET:view",
    "callbacks/9999999/tries/": "callbacks GET:view",
    "callbacks/9999999/close/": "callbacks POST:view",
    "callback-rules/queues/": "callback_rules GET:view",
    "callback-rules/queues/9999999/": "callback_rules GET:view PUT:change PATCH:change",
    "callback-rules/lines/": "callback_rules GET:view",
    "callback-rules/lines/9999999/": "callback_rules GET:view PUT:change PATCH:change",
    "callback-rules/centre/": "callback_rules GET:view",
    "callback-rules/centre/9999999/": "callback_rules GET:view PUT:change PATCH:change",
    "surges/": "surges GET:view POST:add",
    "surges/9999999/": "surges GET:view PUT:change PATCH:change DELETE:delete",
    "surge-spans/": "surges GET:view",
    "surge-spans/9999999/": "surges GET:view",
    "surge-spans/line_times/": "surges GET:view",
    "crm/articles/": "articles GET:view POST:add",
    "crm/articles/find/": "articles GET:view",
    "crm/articles/9999999/": "articles GET:view PUT:change PATCH:change",
    "crm/articles/9999999/step/": "articles POST:view",
    "crm/articles/9999999/vote/": "articles POST:vote",
    "crm/scripts/": "scripts GET:view POST:add",
    "crm/scripts/9999999/": "scripts GET:view PUT:change PATCH:change DELETE:delete",
    "crm/scripts/9999999/counts/": "scripts GET:view",
    "crm/script-runs/": "script_runs GET:view POST:add",
    "crm/script-runs/9999999/": "script_runs GET:view",
    "crm/script-runs/9999999/answer_step/": "script_runs POST:change",
    "crm/news/": "news GET:view POST:add",
    "crm/news/9999999/": "news GET:view PUT:change PATCH:change DELETE:delete",
    "crm/news/9999999/read/": "news POST:read",
    "crm/news/9999999/readers/": "news GET:readers",
    "crm/mails/": "mails GET:view POST:add",
    "crm/mails/9999999/": "mails GET:view",
    "crm/mails/9999999/again/": "mails POST:again",
    "crm/mail-files/": "mail_files GET:view POST:add",
    "crm/mail-files/9999999/": "mail_files GET:view",
    "crm/mail-files/9999999/data/": "mail_files GET:view",
    "crm/mail-templates/": "mail_templates GET:view POST:add",
    "crm/mail-templates/9999999/": "mail_templates GET:view PUT:change PATCH:change DELETE:delete",
    "crm/mail-templates/9999999/filled/": "mail_templates POST:view",
    "orders/orders/": "orders GET:view POST:add",
    "orders/orders/9999999/": "orders GET:view PUT:change PATCH:change DELETE:cancel",
    "orders/orders/9999999/approve/": "orders POST:approve",
    "orders/orders/9999999/cancel/": "orders POST:cancel",
    "orders/orders/9999999/deliver/": "orders POST:dispatch",
    "orders/orders/9999999/delivery-note/": "orders GET:view",
    "orders/orders/9999999/findings/": "orders GET:view",
    "orders/orders/9999999/pick/": "orders POST:dispatch",
    "orders/orders/9999999/proposals/": "orders GET:view",
    "orders/orders/9999999/refuse/": "orders POST:approve",
    "orders/orders/9999999/reopen/": "orders POST:reopen",
    "orders/orders/9999999/ship/": "orders POST:dispatch",
    "orders/orders/9999999/submit/": "orders POST:submit",
    "orders/orders/9999999/take-back/": "orders POST:take_back",
    "orders/orders/9999999/tracking/": "orders POST:dispatch",
    "orders/order-exports/": "orders POST:export",
    "orders/product-exports/": "products POST:export",
    "orders/stock-exports/": "stock POST:export",
    "orders/payments/": "payments GET:view POST:add",
    "orders/payments/refund/": "payments POST:refund",
    "orders/payments/9999999/": "payments GET:view",
    "orders/payments/9999999/correct/": "payments POST:refund",
    "orders/returns/": "returns GET:view",
    "orders/returns/9999999/": "returns GET:view",
    "orders/invoices/": "invoices GET:view POST:add",
    "orders/invoices/9999999/": "invoices GET:view",
    "orders/invoices/9999999/pdf/": "invoices GET:view",
    "orders/invoices/9999999/void/": "invoices POST:void",
    "orders/carriers/": "carriers GET:view POST:add",
    "orders/carriers/9999999/": "carriers GET:view PUT:change PATCH:change DELETE:delete",
    "orders/delivery-methods/": "delivery_methods GET:view POST:add",
    "orders/delivery-methods/9999999/": "delivery_methods GET:view PUT:change PATCH:change DELETE:delete",
    "orders/delivery-fees/": "delivery_fees GET:view POST:add",
    "orders/delivery-fees/9999999/": "delivery_fees GET:view PUT:change PATCH:change DELETE:delete",
    "orders/review-rules/": "review_rules GET:view",
    "orders/review-rules/9999999/": "review_rules GET:view PUT:change PATCH:change",
    "orders/products/": "products GET:view POST:add",
    "orders/products/offers/": "products GET:view",
    "orders/products/9999999/": "products GET:view PUT:change PATCH:change",
    "orders/products/9999999/prices/": "products GET:view",
    "orders/products/9999999/set_price/": "products POST:set_price",
    "orders/product-categories/": "product_categories GET:view POST:add",
    "orders/product-categories/9999999/": "product_categories GET:view PUT:change PATCH:change DELETE:delete",
    "orders/product-attributes/": "product_categories GET:view POST:add",
    "orders/product-attributes/9999999/": "product_categories GET:view PUT:change PATCH:change DELETE:delete",
    "orders/stock/": "stock GET:view",
    "orders/stock/9999999/": "stock GET:view",
    "orders/stock/9999999/count/": "stock POST:count",
    "orders/stock/9999999/scrap/": "stock POST:count",
    "orders/stock/9999999/set_low/": "stock POST:change",
    "orders/stock-moves/": "stock GET:view",
    "orders/stock-moves/9999999/": "stock GET:view",
    "orders/reservations/": "stock GET:view",
    "orders/reservations/9999999/": "stock GET:view",
    "orders/gift-rules/": "gift_rules GET:view POST:add",
    "orders/gift-rules/9999999/": "gift_rules GET:view PUT:change PATCH:change DELETE:delete",
    "orders/earning-rules/": "point_rules GET:view POST:add",
    "orders/earning-rules/9999999/": "point_rules GET:view PUT:change PATCH:change DELETE:delete",
    "orders/point-terms/": "point_rules GET:view POST:add",
    "orders/point-terms/9999999/": "point_rules GET:view PUT:change PATCH:change DELETE:delete",
    "orders/point-levels/": "point_rules GET:view POST:add",
    "orders/point-levels/9999999/": "point_rules GET:view PUT:change PATCH:change DELETE:delete",
    "orders/point-exchanges/": "point_rules GET:view POST:add",
    "orders/point-exchanges/9999999/": "point_rules GET:view PUT:change PATCH:change DELETE:delete",
    "orders/points/": "points GET:view",
    "orders/points/adjust/": "points POST:adjust",
    "orders/points/9999999/": "points GET:view",
    "orders/points/9999999/lots/": "points GET:view",
    "orders/point-entries/": "point_entries GET:view",
    "orders/point-entries/9999999/": "point_entries GET:view",
    "orders/suppliers/": "suppliers GET:view POST:add",
    "orders/suppliers/9999999/": "suppliers GET:view PUT:change PATCH:change DELETE:delete",
    "orders/supplier-products/": "suppliers GET:view POST:add",
    "orders/supplier-products/9999999/": "suppliers GET:view PUT:change PATCH:change DELETE:delete",
    "orders/purchases/": "purchases GET:view POST:add",
    "orders/purchases/9999999/": "purchases GET:view PUT:change PATCH:change DELETE:delete",
    "orders/purchases/9999999/cancel/": "purchases POST:cancel",
    "orders/purchases/9999999/close/": "purchases POST:close",
    "orders/purchases/9999999/order/": "purchases POST:order",
    "orders/purchases/9999999/receive/": "purchases POST:receive",
}
OFFICE = (
    "/api/crm/",
    "/api/orders/",
    "/api/office/",
    "/api/callbacks/",
    "/api/callback-rules/",
    "/api/surges/",
    "/api/surge-spans/",
)
SIGNED = {("POST", "/api/crm/sources/<slug:code>/rows/")}  # by its body: tests/django/crm/test_syncing.py


def who_may(entity: str, verb: str) -> set[str]:
    letters = next(who for verbs, who in MAY[entity].items() if verb in verbs.split())
    return {*(ROLES[letter] for letter in letters), "admin", *(() if entity in KEPT else ("office_admin",))}


@pytest.fixture(scope="module")
def clients(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Somebody of each role, "nobody" without a login, and "stranger" without a role."""
    from rest_framework.test import APIClient

    from tests.django.people import client, person

    with django_db_blocker.unblock(), transaction.atomic():
        found = {role: client(person(f"one-{role}", role)) for role in [*ROLES.values(), "admin"]}
        yield {**found, "stranger": client(person("stranger")), "nobody": APIClient()}
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", WAYS)
def test_given_every_role_when_it_asks_then_only_who_has_the_right_is_not_refused(
    clients: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccenter.office import rest

    monkeypatch.setattr(rest.Rows, "get_throttles", lambda _self: [])
    entity, *methods = WAYS[path].split()
    for method, verb in (one.split(":") for one in methods):
        let_in = set()
        for role, asking in clients.items():
            with transaction.atomic():
                status = getattr(asking, method.lower())(f"/api/{path}", {}, format="json").status_code
                transaction.set_rollback(True)
            assert status < 500
            if status in (401, 403):
                assert status == (401 if role == "nobody" else 403), role
            else:
                let_in.add(role)
        assert let_in == who_may(entity, verb), (method, path)


def test_given_a_new_way_in_when_nobody_said_what_right_it_takes_then_this_fails() -> None:
    known = {way_of(one.split(":")[0], f"/api/{path}") for path, text in WAYS.items() for one in text.split()[1:]}
    office = {way for way in ways() if way[1].startswith(OFFICE)}
    assert known == office - SIGNED


def test_given_a_new_right_when_nobody_said_whose_it_is_then_this_fails() -> None:
    from ccenter.office.rights import actions

    told = {f"{entity}.{verb}" for entity, rows in MAY.items() for verbs in rows for verb in verbs.split()}
    assert told == set(actions())
