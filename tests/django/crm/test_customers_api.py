"""Customers over REST."""

from typing import Any

import pytest

from ccenter.office.models import Branch, Right
from crm.models import Customer, CustomField, Duplicate
from crm.services.customers import add_customer
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/crm/customers/"
ONE, TWO = "13800138000", "13911112222"


@pytest.fixture
def agent() -> Any:
    return client(person("alice", "agent", "1001"))


@pytest.fixture
def lead() -> Any:
    return client(person("lena", "lead"))


@pytest.fixture
def admin() -> Any:
    return client(person("root", "admin"))


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [one["name"] for one in answer.json()["results"]]


def test_given_an_agent_when_they_make_and_change_a_customer_then_numbers_are_masked_and_stay(agent: Any, lead: Any) -> None:
    made = agent.post(
        CUSTOMERS, {"name": "王芳", "phones": [{"number": ONE}], "addresses": [{"city": "杭州市", "street": "文三路1号"}]}
    )
    assert made.status_code == 201, made.json()
    told = made.json()
    (phone,) = told["phones"]
    assert (phone["number"], phone["shared"], told["version"]) == ("138****8000", False, 1)
    where, tag = f"{CUSTOMERS}{told['id']}/", made["ETag"]
    masked = agent.patch(where, {"phones": [{"number": phone["number"]}]}, headers={"If-Match": tag})
    assert (masked.status_code, list(masked.json()["fields"])) == (400, ["phones.0.number"])
    changed = agent.patch(where, {"phones": [{"id": phone["id"]}, {"number": TWO}]}, headers={"If-Match": tag})
    assert [one["number"] for one in changed.json()["phones"]] == ["138****8000", "139****2222"]
    assert agent.patch(where, {"name": "x"}, headers={"If-Match": tag}).status_code == 412
    assert [one["number"] for one in lead.get(where).json()["phones"]] == ["+8613800138000", "+8613911112222"]
    assert agent.delete(where, headers={"If-Match": changed["ETag"]}).status_code == 403


def test_given_levels_then_a_lead_decides_about_them(agent: Any, lead: Any) -> None:
    who = add_customer({"name": "王芳"})
    where, headers = f"{CUSTOMERS}{who.pk}/", {"If-Match": "*"}
    assert agent.patch(where, {"level": "vip"}, headers=headers).status_code == 403
    assert agent.post(CUSTOMERS, {"name": "x", "level": "vip"}).status_code == 403
    assert agent.patch(where, {"level": "ordinary", "title": "ms"}, headers=headers).status_code == 200
    assert lead.patch(where, {"level": "vip"}, headers=headers).json()["level"] == "vip"


def test_given_a_field_made_by_an_administrator_then_it_is_there_at_once_and_only_for_whom_it_is_meant(
    agent: Any, lead: Any, admin: Any
) -> None:
    who = add_customer({"name": "王芳"})
    roles = admin.get("/api/crm/custom-fields/").json()["results"]
    assert roles == []
    made = admin.post("/api/crm/custom-fields/", {"code": "size", "name_zh": "鞋码", "name_en": "Shoe size", "kind": "number"})
    assert made.status_code == 201, made.json()
    secret = admin.post("/api/crm/custom-fields/", {"code": "debt", "name_zh": "欠款", "kind": "number", "visible_to": ["lead"]})
    assert secret.status_code == 201, secret.json()
    where = f"{CUSTOMERS}{who.pk}/"
    assert agent.get(where).json()["fields"] == {"size": None}
    assert agent.patch(where, {"fields": {"size": 40}}, headers={"If-Match": "*"}).json()["fields"] == {"size": 40}
    refused = agent.patch(where, {"fields": {"debt": 1}}, headers={"If-Match": "*"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["fields.debt"])
    assert lead.patch(where, {"fields": {"debt": 9.5}}, headers={"If-Match": "*"}).json()["fields"] == {"size": 40, "debt": 9.5}
    assert [one["name"] for one in agent.get("/api/crm/custom-fields/").json()["results"]] == ["Shoe size"]
    assert agent.post("/api/crm/custom-fields/", {"code": "x", "name_zh": "x", "kind": "text"}).status_code == 403
    code = f"/api/crm/custom-fields/{made.json()['id']}/"
    assert admin.patch(code, {"kind": "text"}, headers={"If-Match": "*"}).status_code == 400
    assert admin.delete(code, headers={"If-Match": "*"}).status_code == 400
    assert admin.patch(code, {"active": False}, headers={"If-Match": "*"}).status_code == 200
    assert agent.get(where).json()["fields"] == {}


def test_given_conditions_on_own_fields_then_lists_keep_them(lead: Any) -> None:
    for code, kind, more in (
        ("size", "number", {}),
        ("born", "date", {}),
        ("source", "choice", {"choices": ["电视", "网站"]}),
        ("news", "yes_no", {}),
        ("word", "text", {}),
    ):
        CustomField.objects.create(code=code, name_zh=code, kind=kind, **more)
    add_customer({"name": "甲", "fields": {"size": 9, "born": "1980-05-01", "source": "电视", "news": True, "word": "Über 100%"}})
    add_customer({"name": "乙", "fields": {"size": 40.5, "born": "1999-12-31", "source": "网站", "news": False, "word": "b"}})
    add_customer({"name": "丙"})
    for own, found in (
        (["size:is:40.5"], ["乙"]),
        (["size:from:9"], ["乙", "甲"]),
        (["size:from:10"], ["乙"]),
        (["size:to:9"], ["甲"]),
        (["born:from:1999-12-31"], ["乙"]),
        (["born:to:1990-1-1", "news:is:yes"], ["甲"]),
        (["source:is:电视"], ["甲"]),
        (["news:is:false"], ["乙"]),
        (["word:has:0%"], ["甲"]),
        (["size:empty:true"], ["丙"]),
        (["size:empty:false", "size:to:39"], ["甲"]),
    ):
        assert names(lead.get(CUSTOMERS, {"own": own})) == found, own
    for wrong in ("size:from:big", "size", "nothing:is:1", "size:like:1", "size:is:", "born:is:99-1-1"):
        assert lead.get(CUSTOMERS, {"own": wrong}).status_code == 400, wrong


def test_given_filters_and_search_then_each_customer_comes_once(lead: Any, admin: Any) -> None:
    assert admin.post("/api/crm/tags/", {"name": "老客户", "colour": "#ff0000"}).status_code == 201
    person("otto", "agent", "1009")
    add_customer({"name": "王芳", "addresses": [{"city": "杭州市"}, {"city": "杭州市", "street": "2"}]}, [ONE, TWO])
    made = lead.post(CUSTOMERS, {"name": "李强", "tags": ["老客户"], "owner": "otto", "team": "floor", "level": "member"})
    assert made.status_code == 201, made.json()
    for asked, found in (
        ({"city": "杭州市"}, ["王芳"]),
        ({"tag": "老客户"}, ["李强"]),
        ({"owner": "otto", "team": "floor", "level": "member"}, ["李强"]),
        ({"phone": "138 0013 8000"}, ["王芳"]),
        ({"search": "wf"}, ["王芳"]),
        ({"search": "wf", "city": "宁波市"}, []),
        ({"ordering": "number"}, ["王芳", "李强"]),
    ):
        assert names(lead.get(CUSTOMERS, asked)) == found, asked
    assert lead.get(CUSTOMERS, {"town": "x"}).status_code == 400


def test_given_many_customers_when_listed_then_the_number_of_queries_is_the_same(
    lead: Any, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        add_customer({"name": f"王{n}", "addresses": [{"city": "杭州市"}]}, [f"138000000{n:02}"])
    lead.get(CUSTOMERS)
    with django_assert_max_num_queries(10):
        assert len(names(lead.get(CUSTOMERS, {"page_size": 12}))) == 12


def test_given_a_branch_then_its_logins_see_and_make_only_their_own_customers(admin: Any) -> None:
    shop, other = (Branch.objects.create(code=code, name=code) for code in ("shop", "other"))
    user = person("bella", "branch")
    shop.logins.add(user)
    bella = client(user)
    theirs, foreign = (add_customer({"name": name, "branch": branch}) for name, branch in (("甲", shop), ("乙", other)))
    assert names(bella.get(CUSTOMERS)) == ["甲"]
    assert bella.get(f"{CUSTOMERS}{foreign.pk}/").status_code == 404
    made = bella.post(CUSTOMERS, {"name": "丙"})
    assert (made.status_code, made.json()["branch"]) == (201, "shop")
    assert bella.post(CUSTOMERS, {"name": "丁", "branch": "other"}).status_code == 403
    assert bella.patch(f"{CUSTOMERS}{theirs.pk}/", {"branch": "other"}, headers={"If-Match": "*"}).status_code == 403
    assert not Customer.objects.filter(name="丁").exists()


def test_given_duplicates_when_decided_over_rest_then_they_are_merged_or_distinct_and_a_merge_is_undone(
    agent: Any, lead: Any
) -> None:
    home = {"city": "杭州市", "street": "文三路158号"}
    first, second, third = (add_customer({"name": "王芳", "addresses": [home]}) for _ in range(3))
    pairs = lead.get("/api/crm/duplicates/", {"state": "open"}).json()["results"]
    assert len(pairs) == 3
    assert agent.get("/api/crm/duplicates/").status_code == 403
    one = next(pair for pair in pairs if (pair["first"]["id"], pair["second"]["id"]) == (first.pk, second.pk))
    assert one["first"]["address"] == "杭州市文三路158号"
    assert lead.post(f"/api/crm/duplicates/{one['id']}/merge/", {"keep": third.pk}).status_code == 400
    assert lead.post(f"/api/crm/duplicates/{one['id']}/merge/", {"keep": second.pk}).status_code == 204
    first.refresh_from_db()
    assert first.merged_into == second
    rest = Duplicate.objects.get(first=second, second=third)
    assert lead.post(f"/api/crm/duplicates/{rest.pk}/distinct/").json()["state"] == "distinct"
    assert lead.get("/api/crm/duplicates/", {"state": "open"}).json()["results"] == []
    (done,) = lead.get("/api/crm/merges/").json()["results"]
    assert agent.post(f"/api/crm/merges/{done['id']}/undo/").status_code == 403
    assert lead.post(f"/api/crm/merges/{done['id']}/undo/").json()["undone_by"] == "lena"
    assert lead.post(f"/api/crm/merges/{done['id']}/undo/").status_code == 409
    merged = lead.post(f"{CUSTOMERS}{third.pk}/merge/", {"gone": first.pk, "take": ["name"]}, headers={"If-Match": "*"})
    assert merged.status_code == 200, merged.json()


def test_given_notes_and_history_over_rest_then_they_are_told(agent: Any) -> None:
    who = add_customer({"name": "王芳"})
    assert agent.post("/api/crm/notes/", {"customer": who.pk, "text": "说话慢"}).status_code == 201
    told = agent.get(f"{CUSTOMERS}{who.pk}/history/").json()
    assert [(one["kind"], one["detail"]) for one in told["entries"]] == [("note", "说话慢")]
    Right.objects.filter(group__name="agent", action="notes.view").update(scope="none")
    assert agent.get(f"{CUSTOMERS}{who.pk}/history/").json()["entries"] == []
    assert agent.get(f"{CUSTOMERS}{who.pk}/history/", {"kind": "nonsense"}).status_code == 400
    assert agent.get(f"{CUSTOMERS}{who.pk}/history/", {"before": "yesterday"}).status_code == 400
