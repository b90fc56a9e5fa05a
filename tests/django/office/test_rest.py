"""What every entity's address promises, shown at branches: pages, filters, keys, versions, errors."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
URL = "/api/office/branches/"


@pytest.fixture
def root(login: Callable[..., Any]) -> Any:
    return login("root", "admin")


def add(client: Any, code: str, **fields: Any) -> Any:
    answer = client.post(URL, {"code": code, "name": code.title(), **fields})
    assert answer.status_code == 201, answer.content
    return answer


# -- lists -----------------------------------------------------------------------------------------------------


def test_given_many_rows_when_read_page_by_page_then_each_comes_once_both_ways(root: Any) -> None:
    codes = [f"b{n:02}" for n in range(23)]
    for n, code in enumerate(codes):
        add(root, code, name=f"same{n % 3}")
    for ordering in ("id", "-id", "name", "-name", "code"):
        seen, address = [], f"{URL}?page_size=5&ordering={ordering}"
        pages = []
        while address:
            page = root.get(address).json()
            pages.append([row["code"] for row in page["results"]])
            seen += pages[-1]
            last, address = page, page["next"]
        assert sorted(seen) == codes, ordering
        back = []
        while last["previous"]:
            last = root.get(last["previous"]).json()
            back.append([row["code"] for row in last["results"]])
        assert back[::-1] == pages[:-1], ordering


def test_given_a_page_when_rows_are_added_before_the_next_then_nothing_comes_twice(root: Any) -> None:
    for code in ("b", "d", "f"):
        add(root, code)
    page = root.get(f"{URL}?page_size=2&ordering=code").json()
    add(root, "a")
    assert [row["code"] for row in root.get(page["next"]).json()["results"]] == ["f"]


def test_given_empty_values_when_ordered_by_them_then_they_are_the_greatest(root: Any) -> None:
    from ccenter.office.models import AuditEntry
    from ccenter.office.pages import page

    for user in (None, root.user, None, root.user, None):
        AuditEntry.objects.create(user=user, action="a.b", entity="x", key="1")
    for ordering, wanted in (("user", [True, True, False, False, False]), ("-user", [False, False, False, True, True])):
        rows, cursor = [], ""
        while cursor is not None:
            found = page(AuditEntry.objects.filter(entity="x"), ordering, cursor, 2)
            rows, cursor = rows + found.rows, found.after
        assert [row.user_id is not None for row in rows] == wanted
        assert len({row.pk for row in rows}) == 5


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=W10",
        "page_size=0",
        "page_size=201",
        "page_size=x",
        "ordering=email",
        "nmae=x",
        "active=perhaps",
        "search=%00",
    ],
)
def test_given_a_list_when_asked_what_cannot_be_then_the_answer_names_it(root: Any, query: str) -> None:
    answer = root.get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert set(answer.json()["fields"]) == {query.partition("=")[0]}


def test_given_rows_when_filtered_and_searched_then_only_those_that_fit_come(root: Any) -> None:
    add(root, "bj1", city="北京")
    add(root, "bj2", city="北京", active=False)
    add(root, "sh1", city="上海")

    def found(**query: Any) -> list[str]:
        return [row["code"] for row in root.get(URL, query).json()["results"]]

    assert found(city="北京") == ["bj1", "bj2"]
    assert found(city="北京", active="true") == ["bj1"]
    assert found(search="上海") == ["sh1"]
    assert found(search="bj", ordering="-id") == ["bj2", "bj1"]


# -- once and not over one another -----------------------------------------------------------------------------


def test_given_a_key_when_sent_twice_then_it_happens_once_and_the_answer_is_the_same(root: Any) -> None:
    body = {"code": "one", "name": "One"}
    first = root.post(URL, body, headers={"Idempotency-Key": "k1"})
    again = root.post(URL, body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(root.get(URL).json()["results"]) == 1


def test_given_a_used_key_when_sent_with_another_body_then_it_is_refused(root: Any, login: Callable[..., Any]) -> None:
    root.post(URL, {"code": "one", "name": "One"}, headers={"Idempotency-Key": "k1"})
    answer = root.post(URL, {"code": "two", "name": "Two"}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "key_of_another")
    other = login("other", "admin")
    assert other.post(URL, {"code": "two", "name": "Two"}, headers={"Idempotency-Key": "k1"}).status_code == 201


def test_given_a_refused_request_when_put_right_then_its_key_is_still_free(root: Any) -> None:
    assert root.post(URL, {"code": "one"}, headers={"Idempotency-Key": "k1"}).status_code == 400
    assert root.post(URL, {"code": "one", "name": "One"}, headers={"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 101, "钥匙"])
def test_given_a_key_that_is_none_when_sent_then_it_is_refused(root: Any, key: str) -> None:
    answer = root.post(URL, {"code": "one", "name": "One"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["Idempotency-Key"])


@pytest.mark.django_db(transaction=True)
def test_given_a_request_under_way_when_its_key_comes_again_then_409_until_it_is_done(root: Any, monkeypatch: Any) -> None:
    from ccenter.office import services
    from ccenter.office.api import branches

    begun, go_on = threading.Event(), threading.Event()
    add_branch = services.add_branch

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return add_branch(*arguments)

    answers: list[int] = []

    def send() -> None:
        try:
            answers.append(root.post(URL, {"code": "one", "name": "One"}, headers={"Idempotency-Key": "k1"}).status_code)
        finally:
            connections.close_all()

    monkeypatch.setattr(branches.services, "add_branch", slow)
    first = threading.Thread(target=send)
    first.start()
    assert begun.wait(30)
    again = APIClient()
    again.force_authenticate(root.user)
    answer = again.post(URL, {"code": "one", "name": "One"}, format="json", headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "key_in_use")
    go_on.set()
    first.join(30)
    send()
    assert answers == [201, 201]
    assert len(root.get(URL).json()["results"]) == 1


def test_given_two_who_read_when_both_change_then_the_second_is_told(root: Any) -> None:
    made = add(root, "one")
    address, seen = f"{URL}{made.json()['id']}/", made.headers["ETag"]
    assert (seen, made.json()["version"]) == ('"1"', 1)
    first = root.patch(address, {"city": "Wuhan"}, headers={"If-Match": seen})
    assert (first.status_code, first.headers["ETag"], first.json()["version"]) == (200, '"2"', 2)
    second = root.patch(address, {"city": "Xi'an"}, headers={"If-Match": seen})
    assert (second.status_code, second.json()["code"]) == (412, "stale")
    assert root.delete(address, headers={"If-Match": seen}).status_code == 412
    assert root.put(address, {"code": "one", "name": "1"}, headers={"If-Match": seen}).status_code == 412
    missing = root.patch(address, {"city": "Xi'an"})
    assert (missing.status_code, missing.json()["code"]) == (428, "version_missing")
    assert root.get(address).json()["city"] == "Wuhan"
    assert root.delete(address, headers={"If-Match": f'"9", W/{first.headers["ETag"]}'}).status_code == 204
    assert root.get(address).status_code == 404


def test_given_a_versioned_row_when_changed_in_any_way_then_its_version_counts_up(root: Any) -> None:
    from ccenter.office.models import Branch

    ident = add(root, "one").json()["id"]
    Branch.objects.filter(pk=ident).update(city="Wuhan")
    stale = Branch.objects.get(pk=ident)
    Branch.objects.filter(pk=ident).update(city="Wuhan")  # changes nothing
    with connection.cursor() as cursor:
        cursor.execute("UPDATE office_branch SET city = 'Harbin' WHERE id = %s", [ident])
    stale.name = "x"
    stale.save()  # with the old version in its hands
    assert Branch.objects.get(pk=ident).version == 4


def test_given_only_the_logins_change_when_saved_then_the_version_counts_too(root: Any) -> None:
    made = add(root, "one", logins=["root"]).json()
    answer = root.patch(f"{URL}{made['id']}/", {"logins": []}, headers={"If-Match": '"1"'})
    assert (answer.json()["version"], answer.json()["logins"]) == (2, [])


# -- refusals --------------------------------------------------------------------------------------------------


def test_given_a_refusal_when_read_then_it_has_code_detail_and_fields(root: Any) -> None:
    answer = root.post(URL, {"code": "Not A Code", "logins": ["nobody"], "naem": "x"})
    assert answer.status_code == 400
    problem = answer.json()
    assert set(problem) == {"code", "detail", "fields"}
    assert list(problem["fields"]) == ["naem"]
    problem = root.post(URL, {"code": "Not A Code", "logins": ["nobody"]}).json()
    assert set(problem["fields"]) == {"code", "logins", "name"}
    assert problem["detail"]
    missing = root.get(f"{URL}999999/").json()
    assert (missing["code"], missing["fields"]) == ("not_found", {})
    assert APIClient().get(URL).json()["code"] == "not_authenticated"
    assert root.post(URL, "{", content_type="application/json").json()["code"] == "parse_error"


def test_given_nested_errors_when_flattened_then_paths_say_where() -> None:
    from ccenter.office.errors import flat

    nested = {"phones": [{}, {"number": ["bad"]}], "non_field_errors": ["whole"], "tags": ["too many", "too long"]}
    assert flat(nested) == {"phones.1.number": ["bad"], "": ["whole"], "tags": ["too many", "too long"]}


def test_given_what_the_database_refuses_when_sent_then_it_is_no_fault_of_the_server(root: Any) -> None:
    from django.core.exceptions import ValidationError
    from django.db import IntegrityError

    from ccenter.office.errors import Conflict, handle
    from ccenter.office.models import Branch, Right

    add(root, "one")

    def status(write: Callable[[], Any]) -> tuple[int, str]:
        with pytest.raises((IntegrityError, ValidationError)) as caught, transaction.atomic():
            write()
        answer = handle(caught.value, {})
        assert answer is not None
        return answer.status_code, answer.data["code"]

    def refuse() -> None:
        raise Conflict({"state": "It is shipped."})

    assert status(lambda: Branch.objects.create(code="one", name="x")) == (409, "exists")
    assert status(lambda: Branch.objects.create(code="two", name="")) == (400, "invalid")
    assert status(refuse) == (409, "conflict")
    right = Right.objects.first()
    assert right is not None
    assert status(lambda: Right.objects.filter(pk=right.pk).update(scope="some")) == (400, "invalid")


def test_given_a_failure_in_the_middle_when_it_comes_out_then_nothing_is_written(root: Any, monkeypatch: Any) -> None:
    from ccenter.office import services
    from ccenter.office.models import AuditEntry, Branch

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("disk")

    monkeypatch.setattr(services, "audit", broken)
    with pytest.raises(RuntimeError):
        root.post(URL, {"code": "one", "name": "One"})
    assert (Branch.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_given_too_many_requests_when_one_more_comes_then_it_waits_and_others_do_not(
    root: Any, login: Callable[..., Any], monkeypatch: Any
) -> None:
    from django.core.cache import cache

    from ccenter.office import rest

    cache.clear()
    monkeypatch.setattr(rest.ReadRate, "rate", "2/min", raising=False)
    assert [root.get(URL).status_code for _ in range(3)] == [200, 200, 429]
    answer = root.get(URL)
    assert (answer.json()["code"], int(answer.headers["Retry-After"]) > 0) == ("throttled", True)
    assert login("other", "admin").get(URL).status_code == 200
    assert root.post(URL, {"code": "one", "name": "One"}).status_code == 201
    cache.clear()


def test_given_an_address_that_leads_nowhere_when_asked_then_programs_read_json_and_people_a_page(root: Any) -> None:
    for path in ("/api/nothing/", "/api/office/branches/x/", "/api/office/branches/1/nothing/"):
        answer = root.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert root.get("/nothing/").headers["Content-Type"].startswith("text/html")


def test_given_a_text_with_half_a_character_when_sent_then_it_is_refused(root: Any) -> None:
    answer = root.post(URL, '{"code": "one", "name": "\\ud800"}', content_type="application/json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"])


def test_given_a_view_when_asked_for_its_options_then_it_answers(root: Any) -> None:
    assert root.options(URL).status_code == 200


@pytest.mark.parametrize("moment", ["0085-11-23T00:00:00Z", "1841-01-15T08:00:00+08:00", "2201-01-02T00:00:00Z"])
def test_given_a_time_that_is_not_of_our_age_when_sent_then_it_is_refused(root: Any, moment: str) -> None:
    answer = root.post("/api/orders/point-terms/", {"since": moment, "worth": "0.01"})
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"since"})
    assert root.post("/api/orders/point-terms/", {"since": "1902-01-02T00:00:00Z", "worth": "0.01"}).status_code == 201
