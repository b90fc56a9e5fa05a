"""The office's own pages: jobs, roles, the audit log, webhooks; the menu, and what is told to everybody."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from ccenter.office import jobs, rights, services, webhooks
from ccenter.office.audit import audit
from ccenter.office.models import AuditEntry, Branch, Job, Right, WebhookDelivery
from ccenter.office.pages import menu
from ccenter.office.pages.acts import Act
from ccenter.office.pages.jobs import Jobs
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(login: Callable[..., Any]) -> Job:
    return Job.objects.create(
        owner=login("olga", "lead").user, kind="customers.import", state="running", total=200, done=50, started_at=timezone.now()
    )


# -- jobs ------------------------------------------------------------------------------------------------------


def test_given_a_job_under_way_when_it_is_watched_then_its_line_asks_again_until_it_has_ended(job: Job) -> None:
    client, line = browser(job.owner), f"/office/jobs/{job.pk}/line/"
    answer = part(client, line)
    assert f'hx-get="{line}"' in answer.content.decode() and 'max="200" value="50"' in answer.content.decode()
    Job.objects.filter(pk=job.pk).update(state="done", done=200, result="x.csv", ended_at=timezone.now())
    ended = part(client, line)
    assert "hx-get" not in ended.content.decode() and "rows-changed" in ended["HX-Trigger"]


def test_given_a_job_of_somebody_else_when_it_is_asked_for_then_it_is_not_there(job: Job, login: Callable[..., Any]) -> None:
    other = browser(login("alice", "agent").user)
    assert [line.row for line in other.get("/office/jobs/").context["lines"]] == []
    for address in (f"/office/jobs/{job.pk}/", f"/office/jobs/{job.pk}/line/"):
        assert other.get(address).status_code == 404
    assert send(other, f"/office/jobs/{job.pk}/", act="cancel").status_code == 404
    assert not Job.objects.get().cancel_asked


def test_given_a_job_when_its_owner_stops_it_then_it_is_asked_to_and_one_that_ended_has_no_such_button(job: Job) -> None:
    client, card = browser(job.owner), f"/office/jobs/{job.pk}/"
    assert '"act": "cancel"' in client.get(card).content.decode()
    assert send(client, card, act="cancel", version="").status_code == 200
    assert Job.objects.get().cancel_asked
    Job.objects.update(state="cancelled", ended_at=timezone.now())
    assert '"act": "cancel"' not in client.get(card).content.decode()
    refused = send(client, card, act="cancel", version="")
    assert refused.status_code == 409 and said(refused) == "This job has ended."


# -- roles -----------------------------------------------------------------------------------------------------


def role_fields(client: Any, group: Group, **changed: Any) -> dict[str, Any]:
    form = client.get(f"/office/roles/{group.pk}/").context
    held = {field.html_name: field.value() or "none" for line in form["lines"] for _title, field in line.cells}
    return {"version": form["version"], "name": group.name, **held, **changed}


def test_given_a_role_when_a_right_is_given_then_its_members_have_it_and_the_rest_stays(login: Callable[..., Any]) -> None:
    root, alice = browser(login("root", "admin").user), login("alice", "agent").user
    group = Group.objects.get(name="agent")
    before = dict(Right.objects.filter(group=group).exclude(scope="none").values_list("action", "scope"))
    answer = send(
        root, f"/office/roles/{group.pk}/", **role_fields(root, group, **{"right-audit.view": "all"}, user_set=["alice"])
    )
    assert answer["HX-Redirect"] == f"/office/roles/{group.pk}/"
    after = dict(Right.objects.filter(group=group).exclude(scope="none").values_list("action", "scope"))
    assert after == before | {"audit.view": "all"}
    assert browser(alice).get("/office/audit/").status_code == 200
    assert AuditEntry.objects.get(action="roles.change").changes["rights"] == [{"audit.view": "none"}, {"audit.view": "all"}]


def test_given_a_role_that_changed_meanwhile_when_its_form_is_sent_then_it_is_told(login: Callable[..., Any]) -> None:
    user = login("root", "admin").user
    root, group = browser(user), Group.objects.get(name="agent")
    old = role_fields(root, group)
    services.change_role(user, group, {"rights": {"audit.view": "all"}})
    assert send(root, f"/office/roles/{group.pk}/", **old).status_code == 409
    assert Right.objects.get(group=group, action="audit.view").scope == "all"


def test_given_the_last_administrator_when_they_leave_the_role_then_it_is_refused_in_the_form(login: Callable[..., Any]) -> None:
    root, group = browser(login("root", "admin").user), Group.objects.get(name="admin")
    answer = send(root, f"/office/roles/{group.pk}/", **role_fields(root, group))
    assert answer.status_code == 422 and "Somebody has to administer the centre." in answer.content.decode()
    assert group.user_set.count() == 1


def test_given_an_auditor_when_they_look_at_a_role_then_they_read_it_and_may_not_change_it(login: Callable[..., Any]) -> None:
    auditor, group = browser(login("audrey", "auditor").user), Group.objects.get(name="agent")
    page = auditor.get(f"/office/roles/{group.pk}/")
    assert page.status_code == 200 and 'type="submit"' not in page.content.decode()
    assert send(auditor, f"/office/roles/{group.pk}/", **role_fields(auditor, group)).status_code == 403
    assert auditor.get("/office/roles/new/").status_code == 403


def test_given_a_new_role_when_it_is_made_and_deleted_then_built_in_ones_stay(login: Callable[..., Any]) -> None:
    root = browser(login("root", "admin").user)
    assert "HX-Redirect" in send(root, "/office/roles/new/", name="night", **{"right-orders.view": "own"})
    night, agent = Group.objects.get(name="night"), Group.objects.get(name="agent")
    assert list(night.rights.exclude(scope="none").values_list("action", "scope")) == [("orders.view", "own")]
    answer = send(root, "/office/roles/", act="delete", row=[night.pk, agent.pk])
    assert "A built-in role stays." in answer.content.decode()
    assert Group.objects.filter(name="agent").exists() and not Group.objects.filter(name="night").exists()


# -- the audit log ---------------------------------------------------------------------------------------------


def test_given_the_log_when_it_is_read_then_it_speaks_plainly_and_numbers_are_masked_for_who_reads_masked(
    login: Callable[..., Any],
) -> None:
    auditor, root = login("audrey", "auditor").user, login("root", "admin").user
    shop = services.add_branch(root, {"code": "west", "name": "West"})
    services.change_branch(root, shop, {"phone": "+8613800138000", "address": "文三路 9 号"})
    audit(root, "branches.change", shop, {"note": ("", "ring +8613800138000")})
    masked, whole = (browser(user).get("/office/audit/").content.decode() for user in (auditor, root))
    assert "branches: change" in whole and "telephone" in whole and "+8613800138000" in whole and "文三路 9 号" in whole
    assert "13800138000" not in masked and "文三路" not in masked and "****" in masked


def test_given_the_log_when_it_is_filtered_then_by_who_what_and_day(login: Callable[..., Any]) -> None:
    root, olga = login("root", "admin").user, login("olga", "office_admin").user
    for user, code in ((root, "a"), (olga, "b")):
        services.add_branch(user, {"code": code, "name": code})
    client, today = browser(root), timezone.localdate()

    def found(**query: Any) -> list[str]:
        return [line.row.label for line in part(client, "/office/audit/", **query).context["lines"]]

    assert found() == ["b", "a"] and found(user="olga") == ["b"] and found(ordering="id") == ["a", "b"]
    assert found(action="branches.change") == [] and found(since=today, until=today) == ["b", "a"]
    assert found(until=today - timezone.timedelta(days=1)) == []
    assert part(client, "/office/audit/", since="0001-01-01").context["trouble"] == ["A day between 1902 and 2200."]


# -- webhooks --------------------------------------------------------------------------------------------------


def test_given_a_new_webhook_when_it_is_saved_then_its_secret_is_shown_this_once(login: Callable[..., Any]) -> None:
    root = browser(login("root", "admin").user)
    answer = send(root, "/office/webhooks/new/", name="ERP", url="https://erp.example.com/", active="on", events=["order.*"])
    secret = re.search(r"whsec_[\w+/=]+", answer.content.decode())[0]
    from ccenter.office.models import Webhook

    hook = Webhook.objects.get()
    assert hook.secret == secret and secret not in root.get(f"/office/webhooks/{hook.pk}/").content.decode()
    again = send(root, f"/office/webhooks/{hook.pk}/", act="new_secret", version=hook.version)
    hook.refresh_from_db()
    assert hook.secret != secret and hook.secret in again.content.decode()
    outside = send(root, "/office/webhooks/new/", name="x", url="http://erp.example.com/", events=["*"])
    assert outside.status_code == 422 and "url" in outside.context["form"].errors


def test_given_deliveries_that_were_given_up_when_sent_again_then_they_wait_and_those_that_wait_are_left_alone(
    login: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = login("root", "admin").user
    hook = webhooks.add(user, {"name": "ERP", "url": "https://erp.example.com/", "events": ["*"], "active": True})
    for _n in range(2):
        webhooks.test(hook)
    dead, waiting = WebhookDelivery.objects.order_by("pk")
    WebhookDelivery.objects.filter(pk=dead.pk).update(state="dead", attempts=8, status=500, error="no")
    answer = send(browser(user), "/office/webhooks/deliveries/", act="send", row=[dead.pk, waiting.pk])
    assert said(answer) == "Send again: 1 rows" and "Not with things as they are." in answer.content.decode()
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("waiting", 0)
    auditor = browser(login("audrey", "auditor").user)
    assert auditor.get("/office/webhooks/deliveries/").status_code == 200
    assert send(auditor, "/office/webhooks/deliveries/", act="send", row=[dead.pk]).status_code == 403


# -- the menu, and oneself -------------------------------------------------------------------------------------


def test_given_rights_when_a_page_is_shown_then_its_menu_leads_to_what_one_may_open_and_nowhere_else(
    login: Callable[..., Any],
) -> None:
    auditor, root = login("audrey", "auditor").user, login("root", "admin", is_staff=True).user
    names = {entry.name for _group, _name, _icon, pages in menu.entries(auditor) for entry in pages}
    assert {"office:audit", "office:roles", "office:jobs"} <= names and not {"office:branches", "admin:index"} & names
    for user in (auditor, root):
        for _group, _name, _icon, pages in menu.entries(user):
            for entry in pages:
                assert browser(user).get(entry.address).status_code == 200, entry.name


def test_given_who_has_no_seat_when_they_sign_in_then_the_first_page_of_theirs_is_shown(login: Callable[..., Any]) -> None:
    auditor = browser(login("audrey", "auditor").user)
    assert auditor.get("/", follow=True).redirect_chain[-1][0] == menu.home(login("paula", "auditor").user)
    stranger = browser(login("stranger").user)
    assert stranger.get("/").status_code == 403 and stranger.get("/office/").status_code == 403


def test_given_something_to_look_at_when_any_page_asks_then_it_is_told(
    login: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def news(user: Any) -> list[menu.Notice]:
        asked.append(user)
        return [menu.Notice("Read <this>", "/office/me/", 3)]

    monkeypatch.setattr(menu, "_notices", [news])
    alice = login("alice", "agent").user
    strip = part(browser(alice), "/office/notices/").content.decode()
    assert "Read &lt;this&gt;" in strip and 'href="/office/me/"' in strip and asked == [alice]


def test_given_oneself_when_looked_at_then_roles_and_rights_are_told(login: Callable[..., Any]) -> None:
    client = login("alice", "agent")
    Branch.objects.create(code="west", name="West").logins.add(client.user)
    page = browser(client.user).get("/office/me/").content.decode()
    assert "agent" in page and "West" in page and "masked" in page
    assert str(rights.ROLES["agent"]) in page


def test_given_a_page_when_it_is_answered_then_only_our_own_files_run_and_only_our_own_pages_may_frame_it(
    login: Callable[..., Any],
) -> None:
    answer = browser(login("audrey", "auditor").user).get("/office/me/")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "frame-ancestors 'self'" in policy and "unsafe" not in policy
    assert answer["Cache-Control"] == "no-store"


def test_given_staff_when_they_open_the_tables_of_administrators_then_only_an_administrator_is_let_in(
    login: Callable[..., Any],
) -> None:
    from django.contrib import admin

    staff = login("sam", "office_admin", is_staff=True).user
    root = login("root", "admin", is_staff=True, is_superuser=True).user
    assert (browser(staff).get("/admin/").status_code, browser(root).get("/admin/").status_code) == (302, 200)
    assert browser(root).get("/admin/auth/group/").status_code == 404
    assert not [model for model in admin.site._registry if model._meta.app_label in ("crm", "orders", "office")]


def test_given_a_kind_of_job_when_listed_then_it_has_a_name_for_people() -> None:
    assert [name for name in jobs.kinds() if str(rights.title_of(name)) == name] == []


def many(user: Any, begin: int, end: int) -> None:
    """More of everything that the office's lists show."""
    group = Group.objects.get(name="agent")
    for n in range(begin, end):
        hook = webhooks.add(user, {"name": f"h{n}", "url": "https://a.example.com/", "events": ["*"], "active": True})
        WebhookDelivery.objects.create(webhook=hook, event="webhook.test", body={})
        Job.objects.create(owner=user, kind="customers.import")
        Group.objects.create(name=f"g{n}").user_set.add(user)
        audit(user, "roles.change", group, {"members": ([], ["x"])})


@pytest.mark.parametrize(
    ("address", "queries"),
    [("jobs/", 6), ("roles/", 6), ("audit/", 6), ("webhooks/", 6), ("webhooks/deliveries/", 7)],
)
def test_given_lists_of_any_length_when_shown_then_each_takes_its_number_of_queries(
    login: Callable[..., Any], django_assert_num_queries: Any, address: str, queries: int
) -> None:
    user = login("root", "admin").user
    client = browser(user)
    for begin, end in ((0, 1), (1, 20)):
        many(user, begin, end)
        client.get(f"/office/{address}")
        with django_assert_num_queries(queries):
            client.get(f"/office/{address}")


def test_given_rows_that_one_sees_but_may_not_do_it_with_when_ticked_then_those_are_refused(
    job: Job, login: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Job] = []
    act = Act("cancel", "Stop", lambda user, row: done.append(row))
    monkeypatch.setattr(Jobs, "acts", (act,))
    audrey = login("audrey", "auditor").user
    Right.objects.filter(group__name="auditor", action="jobs.view").update(scope="all")
    mine = Job.objects.create(owner=audrey, kind="customers.export")
    answer = send(browser(audrey), "/office/jobs/", act="cancel", row=[job.pk, mine.pk])
    assert done == [mine] and said(answer) == "Stop: 1 rows"
    assert str(job) in answer.content.decode() and "You have no right to do this." in answer.content.decode()
