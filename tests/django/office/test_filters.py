"""Saved filters: one's own, and those that are shared."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.django_db
URL = "/api/office/filters/"


def names(client: Any, **query: Any) -> list[str]:
    return [row["name"] for row in client.get(URL, query).json()["results"]]


def save(client: Any, name: str, **fields: Any) -> Any:
    return client.post(URL, {"entity": "branches", "name": name, "query": {"city": "北京", "ordering": "-id"}, **fields})


def test_given_saved_filters_when_read_then_everybody_has_their_own_and_the_shared(login: Callable[..., Any]) -> None:
    alice, bob, lena = login("alice", "agent"), login("bob", "agent"), login("lena", "lead")
    assert save(alice, "mine").json()["query"] == {"city": "北京", "ordering": "-id"}
    assert save(alice, "for all", shared=True).status_code == 403
    shared = save(lena, "for all", shared=True).json()
    assert (names(alice), names(bob), names(lena)) == (["for all", "mine"], ["for all"], ["for all"])
    assert names(alice, shared="false") == ["mine"]
    address = f"{URL}{shared['id']}/"
    assert alice.get(address).json()["owner"] == "lena"
    assert alice.patch(address, {"name": "x"}, headers={"If-Match": '"1"'}).status_code == 404
    assert alice.delete(address, headers={"If-Match": '"1"'}).status_code == 404
    assert lena.patch(address, {"shared": False}, headers={"If-Match": '"1"'}).json()["version"] == 2
    assert names(bob) == []
    assert lena.delete(address, headers={"If-Match": '"2"'}).status_code == 204


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"entity": "nothing"}, 400), ({"query": {"a": ["b"]}}, 400), ({"query": []}, 400), ({"name": ""}, 400), ({"owner": "bob"}, 201),
     ({"query": {str(n): "" for n in range(51)}}, 400)],
)  # fmt: skip
def test_given_a_filter_that_cannot_be_when_saved_then_it_is_refused(
    fields: dict[str, Any], status: int, login: Callable[..., Any]
) -> None:
    alice = login("alice", "agent")
    answer = save(alice, **{"name": "x", **fields})
    assert answer.status_code == status
    assert status == 400 or answer.json()["owner"] == "alice"


def test_given_a_name_twice_when_saved_then_the_second_is_told(login: Callable[..., Any]) -> None:
    alice = login("alice", "agent")
    save(alice, "mine")
    assert (save(alice, "mine").status_code, save(alice, "mine").json()["code"]) == (409, "exists")
    assert save(login("bob", "agent"), "mine").status_code == 201
