"""Two customers who are one: merged with all that hangs on them, and taken apart again."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from ccenter.calls.models import Call
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from crm import lookups
from crm.models import Customer, Duplicate, Merge, ServiceRecord
from crm.selectors import finding
from crm.selectors.duplicates import duplicates
from crm.selectors.history import history
from crm.services import merging
from crm.services.customers import add_customer, add_note, change_customer, tags_of

pytestmark = pytest.mark.django_db
ONE, TWO, THREE = "+8613800138000", "+8613911112222", "+8657188880000"
HOME = {"province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路158号"}


@pytest.fixture
def pair(admin_user: User) -> tuple[Customer, Customer]:
    """王芳 twice: each with a number of her own, one shared, a note, a record, a tag."""
    kept = add_customer(
        {"name": "王芳", "tags": tags_of(["老客户"], make=True), "addresses": [HOME], "fields": {}},
        [ONE, {"number": THREE, "shared": True}],
    )
    gone = add_customer(
        {
            "name": "王小芳",
            "level": "vip",
            "email": "w@example.com",
            "tags": tags_of(["老客户", "怕吵"], make=True),
            "addresses": [{"city": "宁波市"}],
        },
        [TWO, THREE],
    )
    add_note(kept, "说话慢", admin_user)
    add_note(gone, "晚上打", admin_user)
    ServiceRecord.objects.create(call="c1", author=admin_user, customer=gone)
    return kept, gone


def picture() -> dict[str, Any]:
    """Everything that hangs on each customer, as values."""
    return {
        one.name: {
            "columns": (one.level, one.email, one.fields, one.merged_into_id),
            "phones": sorted(one.phones.values_list("number", "shared")),
            "addresses": sorted(one.addresses.values_list("city", "main")),
            "tags": sorted(one.tags.values_list("name", flat=True)),
            "notes": sorted(one.notes.values_list("text", flat=True)),
            "records": sorted(one.records.values_list("call", flat=True)),
        }
        for one in Customer.objects.order_by("pk")
    }


def test_given_two_who_are_one_when_merged_then_everything_hangs_on_the_one_that_stays(pair: Any, admin_user: User) -> None:
    kept, gone = pair
    merging.merge(kept, gone, admin_user, take=["level"])
    told = picture()["王芳"]
    assert told == {
        "columns": ("vip", "w@example.com", {}, None),
        "phones": [(ONE, False), (TWO, False), (THREE, False)],
        "addresses": [("宁波市", False), ("杭州市", True)],
        "tags": ["怕吵", "老客户"],
        "notes": ["晚上打", "说话慢"],
        "records": ["c1"],
    }
    gone.refresh_from_db()
    assert (gone.merged_into, gone.phones.count(), gone.notes.count()) == (kept, 0, 0)
    assert [one.name for one in finding.customers(TWO)] == ["王芳"]
    assert finding.customers("小芳") == []
    assert {one.action for one in AuditEntry.objects.filter(key=str(gone.pk))} >= {"customers.merge"}


def test_given_a_merge_when_undone_then_all_is_as_it_was_and_what_came_later_stays_with_the_kept(
    pair: Any, admin_user: User
) -> None:
    kept, gone = pair
    before = picture()
    done = merging.merge(kept, gone, admin_user, take=["level"])
    merging.undo(done, admin_user)
    assert picture() == before
    assert [one.name for one in finding.customers("小芳")] == ["王小芳"]
    again = merging.merge(kept, gone, admin_user)
    kept.refresh_from_db()
    add_note(kept, "后来", admin_user)
    change_customer(kept, {"email": "new@example.com"})
    merging.undo(again, admin_user)
    assert picture()["王芳"]["notes"] == ["后来", "说话慢"]
    assert picture()["王芳"]["columns"][1] == "new@example.com"
    assert picture()["王小芳"]["columns"][1] == "w@example.com"


def test_given_a_merge_when_it_cannot_be_then_nothing_changes(pair: Any, admin_user: User) -> None:
    kept, gone = pair
    done = merging.merge(kept, gone, admin_user)
    third = add_customer({"name": "王强"})
    for wrong in ((kept, kept), (kept, gone), (gone, third), (third, gone)):
        with pytest.raises(ValidationError), transaction.atomic():
            merging.merge(*wrong, admin_user)
    merging.merge(third, kept, admin_user)
    with pytest.raises(Conflict, match="undo that first"), transaction.atomic():
        merging.undo(done, admin_user)
    with pytest.raises(ValidationError, match="merged into another"), transaction.atomic():
        change_customer(gone, {"name": "x"})
    assert Merge.objects.filter(undone_at=None).count() == 2


def test_given_somebody_merged_when_they_ring_or_type_their_old_number_then_they_are_who_they_are_now(
    pair: Any, admin_user: User
) -> None:
    kept, gone = pair
    merging.merge(kept, gone, admin_user)
    for asked in ({"number": TWO}, {"customer": str(gone.pk)}, {"member": gone.number}):
        found = lookups.of(asked)
        assert found == kept, asked
    assert (lookups.member({"member": gone.number}) or {})["customer"] == str(kept.pk)


def test_given_a_mover_of_another_app_then_it_is_asked_both_ways_and_its_rows_are_left_alone(
    pair: Any, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = pair
    asked: list[Any] = []
    monkeypatch.setattr(merging, "_movers", {})
    merging.register(
        "books",
        lambda kept, gone, by: asked.append(("move", kept.pk, gone.pk)) or {"lot": 7},
        lambda kept, gone, data, by: asked.append(("back", data)),
        owns=["crm.customernote"],
    )
    done = merging.merge(kept, gone, admin_user)
    assert gone.notes.count() == 1
    merging.undo(done, admin_user)
    assert asked == [("move", kept.pk, gone.pk), ("back", {"lot": 7})]


def test_given_a_number_somebody_took_since_when_the_merge_is_undone_then_it_comes_back_as_shared(
    pair: Any, admin_user: User
) -> None:
    kept, gone = pair
    done = merging.merge(kept, gone, admin_user)
    change_customer(kept, {"phones": [{"id": phone.pk} for phone in kept.phones.all() if phone.number != THREE]})
    other = add_customer({"name": "李强"}, [THREE])
    merging.undo(done, admin_user)
    assert list(gone.phones.filter(number=THREE).values_list("shared", flat=True)) == [True]
    assert list(other.phones.values_list("shared", flat=True)) == [False]


def test_given_the_same_name_at_the_same_place_or_a_number_of_two_then_they_are_found_and_once() -> None:
    first = add_customer({"name": "王芳", "addresses": [HOME]}, [ONE])
    second = add_customer({"name": "王 芳", "addresses": [{"street": "浙江省杭州市西湖区文三路 158 号"}]}, [TWO])
    third = add_customer({"name": "李强", "addresses": [HOME]}, [{"number": TWO, "shared": True}])
    found = {(one.first_id, one.second_id): one.reason for one in Duplicate.objects.all()}
    assert found == {(first.pk, second.pk): "address", (second.pk, third.pk): "number"}
    assert (first.pk, third.pk) not in found
    change_customer(first, {"level": "vip"})
    assert Duplicate.objects.count() == 2


def test_given_a_pair_that_was_decided_then_it_is_not_asked_again(admin_user: User) -> None:
    first = add_customer({"name": "王芳", "addresses": [HOME]})
    second = add_customer({"name": "王芳", "addresses": [HOME]})
    pair = Duplicate.objects.get()
    merging.distinct(pair, admin_user)
    change_customer(second, {"name": "王芳", "email": "x@example.com"})
    assert Duplicate.objects.get().state == "distinct"
    done = merging.merge(first, second, admin_user)
    assert Duplicate.objects.get().state == "merged"
    assert not duplicates().exists()
    merging.undo(done, admin_user)
    assert Duplicate.objects.get().state == "distinct"


def test_given_an_office_that_many_share_then_they_are_no_duplicates() -> None:
    for n in range(10):
        add_customer({"name": f"王{n}"}, [{"number": ONE, "shared": True}])
    last = Customer.objects.order_by("-pk").first()
    assert last is not None
    assert not Duplicate.objects.filter(second=last).exists()


def test_given_a_customer_who_was_two_then_the_history_is_of_both_and_comes_in_pages(
    pair: Any, admin_user: User, django_assert_num_queries: Any
) -> None:
    kept, gone = pair
    now = timezone.now()
    for n, number in enumerate((ONE, TWO, ONE, "+8613700000000")):
        Call.objects.create(
            id=f"c{n}", number=number, dnis="4001", state="ENDED", outcome="ANSWERED", started_at=now - timedelta(hours=n + 1)
        )
    merging.merge(kept, gone, admin_user)
    page = history(admin_user, kept, only=["call", "note"])
    assert [(one.kind, one.detail or one.key) for one in page.entries] == [
        ("note", "晚上打"),
        ("note", "说话慢"),
        ("call", "c0"),
        ("call", "c1"),
        ("call", "c2"),
    ]
    assert page.before is None
    keys: list[str] = []
    before = None
    while True:
        page = history(admin_user, kept, before, only=["call"], most=1)
        keys += [one.key for one in page.entries]
        if (before := page.before) is None:
            break
    assert keys == ["c0", "c1", "c2"]
    assert "change" in {one.kind for one in history(admin_user, kept).entries}
    with django_assert_num_queries(5):  # absorbed (2), numbers, calls, notes
        history(admin_user, kept, only=["call", "note"])
