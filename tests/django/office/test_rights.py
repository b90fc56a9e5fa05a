"""Who may what: by role, by row, by field; the same answer for pages, REST and exports."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

pytestmark = pytest.mark.django_db
ROLES, BRANCHES = "/api/office/roles/", "/api/office/branches/"


@pytest.fixture
def things(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seats serve as things: each has an owner (`user`) and a team (`group`); listenings of audits have none of it."""
    from ccenter.office import rights

    monkeypatch.setattr(rights, "_entities", dict(rights._entities))
    rights.declare(
        "things", "things", {"approve": "approve"}, own="user", team="group", branch="user__branches",
        seeds={"agent": "view:own", "lead": "view:team approve:team", "expert": "view", "branch": "view:branch"},
    )  # fmt: skip
    rights.seed()


def numbers(user: Any, verb: str = "view") -> set[str]:
    from django.contrib.auth.models import User

    from ccenter.calls.models import Agent
    from ccenter.office.rights import scoped

    fresh = User.objects.get(pk=user.pk)  # rights are found once for each user object
    return set(scoped(fresh, Agent.objects.all(), "things", verb).values_list("number", flat=True))


def test_given_roles_when_rows_are_read_then_each_has_their_own_scope(things: None) -> None:
    from django.contrib.auth.models import User

    from ccenter.calls.models import Agent
    from ccenter.office.models import Branch
    from ccenter.office.rights import may
    from tests.django.people import person

    alice, bob = person("alice", "agent", "1001"), person("bob", "expert", "1002")
    person("mallory", "agent", "2001", "other")
    lena, root, nobody = person("lena", "lead", "1000"), person("root", "admin"), person("nobody")
    shop = person("shop", "branch")
    Branch.objects.create(code="sh1", name="Shanghai 1").logins.add(shop, User.objects.get(username="mallory"))
    Branch.objects.create(code="old", name="Closed", active=False).logins.add(shop, alice)
    assert numbers(alice) == {"1001"}
    assert numbers(lena) == {"1000", "1001", "1002"}
    assert numbers(lena, "approve") == {"1000", "1001", "1002"}
    assert numbers(bob) == numbers(root) == {"1000", "1001", "1002", "2001"}
    assert numbers(shop) == {"2001"}
    assert numbers(nobody) == numbers(alice, "approve") == set()
    hers, others = Agent.objects.get(number="1001"), Agent.objects.get(number="2001")
    assert [may(lena, "things.approve", row) for row in (None, hers, others)] == [True, True, False]
    assert [may(root, "things.approve", row) for row in (None, hers, others)] == [True, True, True]
    assert [may(alice, "things.approve", row) for row in (None, hers, others)] == [False, False, False]


def test_given_two_roles_when_asked_then_a_user_may_what_either_may(things: None) -> None:
    from django.contrib.auth.models import Group

    from ccenter.office.models import Branch
    from tests.django.people import person

    alice, mallory = person("alice", "agent", "1001"), person("mallory", "agent", "2001", "other")
    alice.groups.add(Group.objects.get(name="branch"))
    Branch.objects.create(code="sh1", name="Shanghai 1").logins.add(alice, mallory)
    assert numbers(alice) == {"1001", "2001"}


def test_given_a_user_who_left_when_asked_then_nothing_is_allowed(things: None) -> None:
    from tests.django.people import person

    root, boss = person("root", "admin"), person("boss", is_superuser=True)
    assert numbers(boss) == numbers(root)
    type(root).objects.update(is_active=False)
    person("alice", "agent", "1001")
    assert numbers(root) == numbers(boss) == set()


def test_given_django_asks_when_the_action_is_ours_then_the_same_table_answers(things: None) -> None:
    from django.template import Context, Template

    from ccenter.calls.models import Agent
    from tests.django.people import person

    lena = person("lena", "lead", "1000")
    person("mallory", "agent", "2001", "other")
    assert lena.has_perm("things.approve") and lena.has_perm("things.approve", Agent.objects.get(number="1000"))
    assert not lena.has_perm("things.approve", Agent.objects.get(number="2001"))
    assert not lena.has_perm("things.fly") and not lena.has_perm("auth.delete_user")
    from django.contrib.auth.context_processors import PermWrapper

    page = Template("{% if perms.things %}{{ perms.things.approve }} {{ perms.things.delete }}{% endif %}")
    assert page.render(Context({"perms": PermWrapper(lena)})) == "True False"


def test_given_an_action_that_nobody_declared_when_asked_then_it_is_an_error_and_not_a_no(db: None) -> None:
    from ccenter.office.rights import declare, may, require
    from tests.django.people import person

    root = person("root", "admin")
    for action in ("branches.fly", "nothing.view", "branches"):
        with pytest.raises(LookupError):
            may(root, action)
    with pytest.raises(LookupError):
        declare("x", "x", seeds={"agent": "veiw"})
    with pytest.raises(PermissionDenied):
        require(person("nobody"), "branches.view")


def test_given_roles_when_they_read_numbers_and_addresses_then_each_is_masked_by_its_right(db: None) -> None:
    from ccenter.calls.rights import sees_numbers
    from ccenter.office.rest import shown
    from tests.django.people import person

    number, address = "+8613800138000", "南京路100号"
    read = {}
    for role in ("agent", "lead", "order_reviewer", "finance", "warehouse"):
        user = person(role, role, **({"seat": "1001"} if role == "agent" else {}))
        read[role] = (shown(user, "number", number), shown(user, "address", address))
        assert sees_numbers(user) is (read[role][0] == number)  # what the record's pages say too
    masked, hidden = "138****8000", "南京****"
    assert read == {
        "agent": (masked, address), "lead": (number, address), "order_reviewer": (number, address),
        "finance": (masked, hidden), "warehouse": (number, address),
    }  # fmt: skip


def test_given_masked_fields_when_read_and_sent_back_then_the_masked_text_is_not_written(login: Callable[..., Any]) -> None:
    from ccenter.office.models import Branch, Right

    Right.objects.filter(group__name="office_admin", action__in=["calls.see_numbers", "calls.see_addresses"]).update(scope="none")
    office = login("olga", "office_admin")
    branch = Branch.objects.create(code="sh1", name="Shanghai 1", phone="+8613800138000", address="南京路100号")
    page = office.get(f"{BRANCHES}{branch.pk}/").json()
    assert (page["phone"], page["address"]) == ("138****8000", "南京****")
    answer = office.put(f"{BRANCHES}{branch.pk}/", page, headers={"If-Match": '"1"'})
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"phone", "address"})
    del page["phone"], page["address"]
    assert office.put(f"{BRANCHES}{branch.pk}/", {**page, "name": "S"}, headers={"If-Match": '"1"'}).status_code == 200
    branch.refresh_from_db()
    assert (branch.name, branch.phone) == ("S", "+8613800138000")


WHO = ("nobody", "stranger", "agent", "expert", "lead", "order_reviewer", "finance", "warehouse", "branch", "auditor",
       "office_admin", "admin")  # fmt: skip
TABLE = [
    ("GET", BRANCHES, None, (401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 200, 200)),
    ("POST", BRANCHES, {}, (401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 400, 400)),
    ("GET", "/api/office/audit/", None, (401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 200)),
    ("GET", ROLES, None, (401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 200)),
    ("GET", f"{ROLES}actions/", None, (401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 200)),
    ("POST", ROLES, {}, (401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 400)),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _, _ in TABLE])
def test_given_everyone_when_they_ask_then_only_who_may_is_answered(
    method: str, path: str, body: Any, statuses: tuple[int, ...], login: Callable[..., Any]
) -> None:
    from rest_framework.test import APIClient

    found = []
    for name in WHO:
        who = APIClient() if name == "nobody" else login(name, *([] if name == "stranger" else [name]))
        found.append(getattr(who, method.lower())(path, body, format="json").status_code)
    assert dict(zip(WHO, found, strict=True)) == dict(zip(WHO, statuses, strict=True))


# -- roles are edited ------------------------------------------------------------------------------------------


def role(client: Any, name: str) -> tuple[str, str, dict[str, Any]]:
    """Address, ETag and body."""
    ident = client.get(ROLES, {"name": name}).json()["results"][0]["id"]
    answer = client.get(f"{ROLES}{ident}/")
    return f"{ROLES}{ident}/", answer.headers["ETag"], answer.json()


def test_given_a_role_when_its_rights_are_edited_then_its_members_have_them_at_once(login: Callable[..., Any]) -> None:
    root, fred = login("root", "admin"), login("fred", "finance")
    address, tag, before = role(root, "finance")
    assert (before["members"], before["built_in"], before["title"]) == (["fred"], True, "finance")
    assert fred.get(BRANCHES).status_code == 403
    changed = root.patch(address, {"rights": {"branches.view": "all"}}, headers={"If-Match": tag})
    assert changed.json()["rights"] == {**before["rights"], "branches.view": "all"}
    assert changed.headers["ETag"] != tag
    assert fred.get(BRANCHES).status_code == 200
    assert root.patch(address, {"members": []}, headers={"If-Match": tag}).status_code == 412
    root.patch(address, {"members": []}, headers={"If-Match": changed.headers["ETag"]})
    assert fred.get(BRANCHES).status_code == 403
    log = root.get("/api/office/audit/", {"entity": "auth.group", "ordering": "id"}).json()["results"]
    assert [entry["changes"] for entry in log] == [
        {"rights": [{"branches.view": "none"}, {"branches.view": "all"}]}, {"members": [["fred"], []]},
    ]  # fmt: skip


def test_given_a_right_that_was_taken_away_when_seeds_come_again_then_it_stays_away(login: Callable[..., Any]) -> None:
    from ccenter.office import rights

    root, alice = login("root", "admin"), login("alice", "agent")
    address, tag, _body = role(root, "agent")
    root.patch(address, {"rights": {"branches.view": "none"}}, headers={"If-Match": tag})
    rights.seed()
    assert alice.get(BRANCHES).status_code == 403


def test_given_a_role_of_ones_own_when_made_then_it_works_and_goes_when_nobody_has_it(login: Callable[..., Any]) -> None:
    root, alice = login("root", "admin"), login("alice")
    made = root.post(ROLES, {"name": "售后", "rights": {"branches.view": "all"}, "members": ["alice"]})
    assert (made.status_code, made.json()["built_in"], made.json()["members"]) == (201, False, ["alice"])
    assert alice.get(BRANCHES).status_code == 200
    address, tag, _body = role(root, "售后")
    assert root.delete(address, headers={"If-Match": tag}).status_code == 409
    emptied = root.patch(address, {"members": []}, headers={"If-Match": tag})
    assert root.delete(address, headers={"If-Match": emptied.headers["ETag"]}).status_code == 204


@pytest.mark.parametrize(
    ("name", "body", "status", "field"),
    [
        ("admin", {"members": []}, 409, "members"),
        ("agent", {"name": "agents"}, 409, "name"),
        ("agent", {"rights": {"nothing.view": "all"}}, 400, "rights.nothing.view"),
        ("agent", {"rights": {"branches.view": "some"}}, 400, "rights.branches.view"),
        ("agent", {"members": ["nobody"]}, 400, "members"),
    ],
)
def test_given_a_role_when_changed_to_what_cannot_be_then_it_is_refused(
    login: Callable[..., Any], name: str, body: dict[str, Any], status: int, field: str
) -> None:
    root = login("root", "admin")
    address, tag, _body = role(root, name)
    answer = root.patch(address, body, headers={"If-Match": tag})
    assert (answer.status_code, list(answer.json()["fields"])) == (status, [field])


def test_given_a_built_in_role_when_deleted_then_it_stays(login: Callable[..., Any]) -> None:
    root = login("root", "admin")
    address, tag, _body = role(root, "warehouse")
    assert root.delete(address, headers={"If-Match": tag}).json()["code"] == "conflict"


LISTS = {
    BRANCHES: 4, ROLES: 5, "/api/office/audit/": 3, "/api/office/jobs/": 3, "/api/office/filters/": 3, "/api/office/webhooks/": 3,
    "/api/office/webhook-deliveries/": 3,
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_given_more_rows_when_a_list_is_read_then_it_takes_as_many_queries(
    path: str, login: Callable[..., Any], django_assert_num_queries: Any
) -> None:
    from ccenter.office import webhooks
    from ccenter.office.models import Branch, Job, SavedFilter
    from tests.django.people import person

    root = login("root", "admin")
    root.get(path)
    for n in range(2):
        for k in range(1, 4):
            member = person(f"m{n}{k}")
            Job.objects.create(kind="branches.add", owner=member)
            SavedFilter.objects.create(owner=member, entity="branches", name="x", shared=True)
            webhooks.test(webhooks.add(member, {"name": "x", "url": "https://localhost/", "events": ["*"]}))
            root.post(ROLES, {"name": f"r{n}{k}", "rights": {"branches.view": "all"}, "members": [member.username]})
            Branch.objects.create(code=f"b{n}{k}", name="x").logins.add(member)
        with django_assert_num_queries(LISTS[path]):
            assert len(root.get(path).json()["results"]) >= 3 * (n + 1)
