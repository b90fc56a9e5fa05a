"""Customers on their pages: the list, the card, the form."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.calls.models import Call, CallAgent, SeatGroup
from ccenter.calls.tokens import token_of
from ccenter.office.models import Branch, Right, SavedFilter
from crm.models import Customer, CustomerNote, CustomField, Tag
from crm.services.customers import add_customer, add_note
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db
LIST, NEW = "/crm/customers/", "/crm/customers/new/"
ONE, TWO = "13800138000", "13911112222"
HOME = {"province": "浙江省", "city": "杭州市", "street": "文三路1号"}
Login = Callable[..., Any]


def hide_addresses() -> None:
    """Agents read addresses masked from now on, as they read numbers."""
    Right.objects.filter(group__name="agent", action="calls.see_addresses").delete()


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200 and not answer.context["trouble"], answer.context["trouble"]
    return [line.row.name for line in answer.context["lines"]]


def form(name: str = "王芳", phones: Any = (), addresses: Any = (), **more: Any) -> dict[str, Any]:
    """What the browser sends: lines as Django's formsets name them."""
    sent: dict[str, Any] = {"name": name, "level": "ordinary", **more}
    for prefix, lines in (("phones", phones), ("addresses", addresses)):
        sent |= {f"{prefix}-TOTAL_FORMS": len(lines), f"{prefix}-INITIAL_FORMS": 0}
        for n, line in enumerate(lines):
            sent |= {f"{prefix}-{n}-{field}": value for field, value in line.items()}
    return sent


# -- the list --------------------------------------------------------------------------------------------------


def test_given_search_and_filters_when_the_list_is_asked_then_the_rows_fit_and_the_address_says_so(login: Login) -> None:
    lead = browser(login("lena", "lead").user)
    CustomField.objects.create(code="size", name_zh="鞋码", name_en="Shoe size", kind="number")
    CustomField.objects.create(code="news", name_zh="资讯", name_en="News", kind="yes_no")
    CustomField.objects.create(code="word", name_zh="话", name_en="Word", kind="text")
    old = Tag.objects.create(name="老客户")
    add_customer({"name": "王芳", "addresses": [HOME], "fields": {"size": 38, "news": True}, "tags": [old]}, [ONE])
    add_customer({"name": "李强", "level": "vip", "fields": {"size": 42, "word": "Über 100%"}}, [TWO])
    Customer.objects.filter(name="李强").update(created_at=timezone.now() - timedelta(days=400))
    for asked, found in (
        ({}, ["李强", "王芳"]),
        ({"search": "wf"}, ["王芳"]),
        ({"search": "1112222"}, ["李强"]),
        ({"level": "vip"}, ["李强"]),
        ({"tag": "老客户"}, ["王芳"]),
        ({"city": "杭州市", "level": ""}, ["王芳"]),
        ({"own-size-from": "40"}, ["李强"]),
        ({"own-size-to": "40"}, ["王芳"]),
        ({"own-news": "yes"}, ["王芳"]),
        ({"own-word": "0%"}, ["李强"]),
        ({"made_from": f"{timezone.localdate():%Y-%m-%d}"}, ["王芳"]),
        ({"made_to": f"{timezone.localdate() - timedelta(days=100):%Y-%m-%d}"}, ["李强"]),
        ({"ordering": "number"}, ["王芳", "李强"]),
    ):
        answer = part(lead, LIST, **asked)
        assert names(answer) == found, asked
    assert answer["HX-Replace-Url"] == f"{LIST}?ordering=number"
    for wrong in ({"own-size-from": "big"}, {"own-colour": "red"}, {"tag": "none"}, {"made_from": "yesterday"}):
        answer = part(lead, LIST, **wrong)
        assert answer.context["trouble"] and not answer.context["lines"], wrong


def test_given_columns_when_chosen_then_they_are_shown_in_that_order_and_kept_with_a_saved_filter(login: Login) -> None:
    user = login("lena", "lead").user
    lead = browser(user)
    CustomField.objects.create(code="size", name_zh="鞋码", name_en="Shoe size", kind="number")
    CustomField.objects.create(code="news", name_zh="资讯", name_en="News", kind="yes_no")
    add_customer({"name": "王芳", "fields": {"size": 38, "news": False}})
    answer = part(lead, LIST, columns="own-size,name,own-news,nonsense")
    assert [str(head.label) for head in answer.context["heads"]] == ["Shoe size", "Name", "News"]
    assert [cell["value"] for cell in answer.context["lines"][0].row.cells] == ["38", "王芳", "no"]
    send(lead, "/office/filters/new/customers/", name="sizes", query="columns=own-size%2Cname&level=")
    assert SavedFilter.objects.get(owner=user).query == {"columns": "own-size,name"}
    assert "columns=own-size%2Cname" in lead.get(LIST).content.decode()


def test_given_a_field_that_is_not_for_them_when_an_agent_lists_then_it_is_no_filter_and_no_column(login: Login) -> None:
    from django.contrib.auth.models import Group

    debt = CustomField.objects.create(code="debt", name_zh="欠款", kind="number")
    debt.visible_to.add(Group.objects.get(name="lead"))
    add_customer({"name": "王芳", "fields": {"debt": 9}})
    alice, lena = browser(login("alice", "agent").user), browser(login("lena", "lead").user)
    assert part(alice, LIST, **{"own-debt-from": "1"}).context["trouble"]
    assert "欠款" not in alice.get(LIST).content.decode()
    assert [cell["value"] for cell in part(lena, LIST, columns="own-debt").context["lines"][0].row.cells] == ["9"]
    assert names(part(lena, LIST, **{"own-debt-from": "1"})) == ["王芳"]


def test_given_an_agent_when_they_list_then_numbers_and_streets_are_masked_and_dialled_by_token(login: Login) -> None:
    add_customer({"name": "王芳", "addresses": [HOME]}, [ONE])
    hide_addresses()
    page = browser(login("alice", "agent", "1001").user).get(LIST).content.decode()
    assert "138****8000" in page and "data-token=" in page
    assert ONE not in page and "文三路1号" not in page and "浙江省杭州市文三****" in page
    lead = browser(login("lena", "lead").user).get(LIST).content.decode()
    assert ONE in lead and "文三路1号" in lead and "data-token=" not in lead  # nobody is called without a seat


def test_given_a_branch_when_its_login_asks_then_others_customers_are_not_there(login: Login) -> None:
    shop, other = (Branch.objects.create(code=code, name=code) for code in ("shop", "other"))
    user = login("bella", "branch").user
    shop.logins.add(user)
    mine, foreign = (add_customer({"name": name, "branch": branch}) for name, branch in (("甲", shop), ("乙", other)))
    bella = browser(user)
    assert names(part(bella, LIST)) == ["甲"]
    assert bella.get(f"{LIST}{mine.pk}/").status_code == 200
    for where in ("", "change/", "history/", "notes/", "mail/", "merge/", f"merge/{mine.pk}/"):
        address = f"{LIST}{foreign.pk}/{where}"
        assert (send(bella, address, text="x") if where == "notes/" else bella.get(address)).status_code in (403, 404), where


def test_given_many_customers_when_listed_then_the_number_of_queries_is_that_of_one(login: Login) -> None:
    user = login("lena", "lead").user
    tags = [Tag.objects.create(name=f"t{n}") for n in range(3)]
    CustomField.objects.create(code="size", name_zh="鞋码", kind="number")

    def count(address: str, whole: bool) -> int:
        client = browser(user)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert (client.get(address) if whole else part(client, address)).status_code == 200
        return len(asked)

    add_customer({"name": "王", "addresses": [HOME], "tags": tags}, [ONE])
    before = [count(LIST, True), count(LIST, False)]
    for n in range(30):
        add_customer({"name": f"王{n}", "addresses": [HOME], "tags": tags, "fields": {"size": n}}, [f"138000000{n:02}"])
    assert [count(LIST, True), count(LIST, False)] == before == [16, 10]


# -- many at once ----------------------------------------------------------------------------------------------


def test_given_ticked_rows_when_assigned_then_each_is_asked_for_its_right_and_the_refused_are_told(login: Login) -> None:
    user = login("lena", "lead").user
    Right.objects.filter(group__name="lead", action="customers.change").update(scope="team")
    floor = SeatGroup.objects.get(code="floor")
    mine, foreign = add_customer({"name": "甲", "team": floor}), add_customer({"name": "乙"})
    lena = browser(user)
    box = part(lena, LIST, act="assign").content.decode()
    assert 'name="owner"' in box
    assert send(lena, LIST, act="assign", row=[mine.pk]).status_code == 422  # nothing was said
    answer = send(lena, LIST, act="assign", row=[mine.pk, foreign.pk], owner="lena")
    mine.refresh_from_db()
    foreign.refresh_from_db()
    assert (mine.owner, foreign.owner) == (user, None)
    (refused,) = answer.context["refused"]
    assert "乙" in refused.row and said(answer) == "Assign: 1 rows"
    send(lena, LIST, act="assign", row=[mine.pk], clear="on")
    mine.refresh_from_db()
    assert mine.team == floor  # without a team it would be out of their reach: refused


def test_given_ticked_rows_when_tagged_levelled_and_deleted_then_it_is_done_by_who_may(login: Login) -> None:
    old, new = Tag.objects.create(name="老客户"), Tag.objects.create(name="新客户")
    rows = [add_customer({"name": name, "tags": [old]}) for name in ("甲", "乙")]
    keys = [row.pk for row in rows]
    lena, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    assert said(send(lena, LIST, act="tag", row=keys, added=[new.pk], removed=[old.pk])) == "Tags: 2 rows"
    assert [[tag.name for tag in row.tags.all()] for row in rows] == [["新客户"], ["新客户"]]
    assert send(alice, LIST, act="level", row=keys, level="vip").status_code == 403
    assert said(send(lena, LIST, act="level", row=keys, level="vip")) == "Level: 2 rows"
    assert set(Customer.objects.values_list("level", flat=True)) == {"vip"}
    assert send(alice, LIST, act="delete", row=keys).status_code == 403
    root = browser(login("root", "admin").user)
    add_note(rows[1], "x", login("nina", "agent").user)
    send(root, LIST, act="delete", row=[keys[0]])
    assert list(Customer.objects.values_list("name", flat=True)) == ["乙"]


# -- the card --------------------------------------------------------------------------------------------------


def test_given_a_customer_when_their_card_is_opened_then_facts_open_things_and_history_are_there_and_it_is_on_record(
    login: Login,
) -> None:
    from ccenter.desktop.models import CardOpening
    from crm.models import Ticket

    user = login("alice", "agent", "1001").user
    CustomField.objects.create(code="size", name_zh="鞋码", name_en="Shoe size", kind="number", group="身材")
    who = add_customer({"name": "王芳", "title": "ms", "fields": {"size": 38}, "addresses": [HOME]}, [ONE, TWO])
    add_note(who, "说话慢", user)
    Call.objects.create(id="c1", number="+86" + ONE, ani=ONE, started_at=timezone.now(), outcome="ANSWERED", talked=61.0)
    Ticket.objects.create(
        customer=who, author=user, text="冰箱坏了", kind="complaint", due_at=timezone.now() - timedelta(hours=1)
    )
    page = browser(user).get(f"{LIST}{who.pk}/").content.decode()
    for text in ("王芳", "138****8000", "139****2222", "Shoe size", "身材", "说话慢", "冰箱坏了", "answered", 'class="late"'):
        assert text in page, text
    assert ONE not in page and "文三路1号" in page
    assert list(CardOpening.objects.values_list("customer", "user__username")) == [(who.pk, "alice")]


def test_given_much_history_when_a_kind_or_what_was_earlier_is_asked_then_that_comes_and_each_once(login: Login) -> None:
    user = login("alice", "agent").user
    who = add_customer({"name": "王芳"}, [ONE])
    now = timezone.now()
    CustomerNote.objects.bulk_create(
        CustomerNote(customer=who, text=f"note {n:03}.", author=user, created_at=now - timedelta(minutes=n)) for n in range(70)
    )
    Call.objects.create(id="c1", number="+86" + ONE, started_at=now, outcome="ANSWERED")
    client = browser(user)
    first = part(client, f"{LIST}{who.pk}/history/")
    seen = [one.detail for one, _kind, _page in first.context["entries"] if one.kind == "note"]
    assert (len(seen), seen[0]) == (49, "note 000.")
    earlier = part(client, f"{LIST}{who.pk}/history/", before=first.context["before"].isoformat())
    seen += [one.detail for one, _kind, _page in earlier.context["entries"]]
    assert seen == [f"note {n:03}." for n in range(70)]
    assert b"<nav" not in earlier.content and b"<nav" in first.content
    only = part(client, f"{LIST}{who.pk}/history/", kind="call")
    assert [one.key for one, _kind, _page in only.context["entries"]] == ["c1"]
    for wrong in ({"kind": "nonsense"}, {"before": "yesterday"}, {"before": "2026-13-01"}):
        assert part(client, f"{LIST}{who.pk}/history/", **wrong).status_code == 404


def test_given_a_note_when_it_is_written_then_it_heads_the_history(login: Login) -> None:
    user = login("alice", "agent").user
    who = add_customer({"name": "王芳"})
    client = browser(user)
    answer = send(client, f"{LIST}{who.pk}/notes/", text=" 说话慢 ")
    assert [one.detail for one, _kind, _page in answer.context["entries"]] == ["说话慢"]
    assert send(client, f"{LIST}{who.pk}/notes/", text="").status_code == 422
    assert send(browser(login("carl", "finance").user), f"{LIST}{who.pk}/notes/", text="x").status_code == 200
    assert CustomerNote.objects.count() == 2


def test_given_a_recording_when_the_card_is_opened_then_who_may_hear_it_can_play_it(login: Login) -> None:
    from ccenter.calls.models import Recording

    alice, bob = login("alice", "agent", "1001").user, login("bob", "agent", "1002").user
    who = add_customer({"name": "王芳"}, [ONE])
    at = timezone.now()
    Call.objects.create(id="c1", number="+86" + ONE, started_at=at, outcome="ANSWERED", answered_by="1001", agent="1001")
    CallAgent.objects.create(call="c1", agent="1001", seq=1, at=at, spoke=True)
    Recording.objects.create(id="r1", call="c1", started_at=at, ended_at=at, state="raw", converted_at=at, file="x.ogg")
    assert "/api/recordings/r1/audio/" in browser(alice).get(f"{LIST}{who.pk}/").content.decode()
    assert "/api/recordings/r1/" not in browser(bob).get(f"{LIST}{who.pk}/").content.decode()


# -- the form --------------------------------------------------------------------------------------------------


def test_given_a_new_customer_when_the_form_is_sent_then_all_of_it_is_kept(login: Login) -> None:
    CustomField.objects.create(code="size", name_zh="鞋码", kind="number", required=True)
    CustomField.objects.create(code="born", name_zh="生日", kind="date")
    tag = Tag.objects.create(name="老客户")
    lena = browser(login("lena", "lead").user)
    phones = [{"number": ONE}, {"number": " 139 1111 2222 ", "shared": "on"}, {"number": ""}, {"number": "123", "DELETE": "on"}]
    addresses = [{"city": "宁波市"}, {**HOME, "main": "on", "receiver": "王先生", "phone": TWO}]
    sent = form("王芳", phones, addresses, title="ms", level="vip", email="w@example.com", tags=[tag.pk], own_size="38")
    answer = send(lena, NEW, **sent, own_born="1980-05-01")
    who = Customer.objects.get()
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"{LIST}{who.pk}/")
    assert (who.name, who.title, who.level, who.email) == ("王芳", "ms", "vip", "w@example.com")
    assert who.fields == {"size": 38, "born": "1980-05-01"} and [one.name for one in who.tags.all()] == ["老客户"]
    assert sorted(who.phones.values_list("number", "shared")) == [("+8613800138000", False), ("+8613911112222", True)]
    main = who.addresses.get(main=True)
    assert (main.text, main.receiver, main.phone) == ("浙江省杭州市文三路1号", "王先生", "+8613911112222")


def test_given_what_is_wrong_when_the_form_is_sent_then_it_says_where_and_keeps_what_was_written(login: Login) -> None:
    CustomField.objects.create(code="size", name_zh="鞋码", name_en="Size", kind="number", required=True)
    other = add_customer({"name": "李强", "fields": {"size": 40}}, [TWO])
    alice = browser(login("alice", "agent").user)
    answer = send(alice, NEW, **form("王芳", [{"number": ONE}], own_size=""))
    assert answer.status_code == 422 and "own_size" in answer.context["form"].columns.errors
    for phones, where in (([{"number": "12"}], "phones"), ([{"number": TWO}], "phones")):
        answer = send(alice, NEW, **form("王芳", phones, own_size="38"))
        page = answer.content.decode()
        assert answer.status_code == 422 and where in answer.context["form"].trouble
        assert 'value="王芳"' in page and f'value="{phones[0]["number"]}"' in page
    assert f'href="{LIST}{other.pk}/"' in page  # who has the number
    assert Customer.objects.count() == 1
    answer = send(alice, NEW, **form("王芳", [{"number": TWO, "shared": "on"}], own_size="38"))
    assert answer.status_code == 204


def test_given_who_reads_masked_when_they_change_a_customer_then_what_they_do_not_see_stays(login: Login) -> None:
    who = add_customer({"name": "王芳", "addresses": [{**HOME, "phone": TWO}]}, [ONE])
    hide_addresses()
    who.refresh_from_db()
    phone, home = who.phones.get(), who.addresses.get()
    alice = browser(login("alice", "agent").user)
    address = f"{LIST}{who.pk}/change/"
    page = alice.get(address).content.decode()
    assert ONE not in page and "文三路1号" not in page and "138****8000" in page and "文三****" in page
    phones = [{"id": phone.pk}, {"number": TWO}]
    lines = [{"id": home.pk, "province": "浙江省", "city": "宁波市", "district": "", "street": "", "phone": "", "main": "on"}]
    answer = send(alice, address, version=who.version, **form("王小芳", phones, lines))
    assert answer.status_code == 204, answer.content.decode()
    who.refresh_from_db()
    home.refresh_from_db()
    assert who.name == "王小芳" and (home.city, home.street, home.phone) == ("宁波市", "文三路1号", "+8613911112222")
    assert sorted(who.phones.values_list("number", flat=True)) == ["+8613800138000", "+8613911112222"]
    answer = send(alice, address, version=who.version, **form("王小芳", [{"number": TWO}], [], level="vip"))
    who.refresh_from_db()
    assert (answer.status_code, who.level, who.addresses.count()) == (204, "ordinary", 0)  # the level is not theirs to give


def test_given_somebody_else_changed_it_meanwhile_when_the_form_is_sent_then_it_says_who_and_what_and_nothing_is_lost(
    login: Login,
) -> None:
    who = add_customer({"name": "王芳"})
    who.refresh_from_db()
    alice, lena = browser(login("alice", "agent").user), browser(login("lena", "lead").user)
    address, seen = f"{LIST}{who.pk}/change/", who.version
    assert send(lena, address, version=seen, **form("王小芳")).status_code == 204
    answer = send(alice, address, version=seen, **form("王大芳"))
    page = answer.content.decode()
    assert answer.status_code == 409 and "lena has changed this meanwhile: name" in page and 'value="王大芳"' in page
    who.refresh_from_db()
    assert who.name == "王小芳"
    assert send(alice, address, version=answer.context["version"], **form("王大芳")).status_code == 204


def test_given_who_is_on_the_line_when_a_new_customer_is_made_then_their_number_comes_along_unread(login: Login) -> None:
    user = login("alice", "agent", "1001").user
    Call.objects.create(id="c1", number="+86" + ONE, started_at=timezone.now())
    alice, token = browser(user), token_of("c", "c1", user)
    page = alice.get(NEW, {"token": token, "name": "王芳"}).content.decode()
    assert "138****8000" in page and ONE not in page and 'value="王芳"' in page
    assert send(alice, NEW, token=token, **form("王芳")).status_code == 204
    assert Customer.objects.get().phones.get().number == "+8613800138000"
    assert "138****8000" not in alice.get(NEW, {"call": "c1"}).content.decode()  # a call she had nothing to do with
    CallAgent.objects.create(call="c1", agent="1001", seq=1, at=timezone.now())
    assert "138****8000" in alice.get(NEW, {"call": "c1"}).content.decode()
    stolen = token_of("c", "c1", login("bob", "agent", "1002").user)
    assert send(alice, NEW, token=stolen, **form("李强")).status_code == 204
    assert not Customer.objects.get(name="李强").phones.exists()


def test_given_a_branch_login_when_they_make_a_customer_then_it_is_their_branchs(login: Login) -> None:
    shop, other = (Branch.objects.create(code=code, name=code) for code in ("shop", "other"))
    user = login("bella", "branch").user
    shop.logins.add(user)
    bella = browser(user)
    assert send(bella, NEW, **form("甲", branch="other")).status_code == 422
    assert send(bella, NEW, **form("甲", branch="shop")).status_code == 204
    assert (Customer.objects.get().branch, other.pk) == (shop, other.pk)
