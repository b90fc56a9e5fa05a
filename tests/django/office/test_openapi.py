"""The description of the interface: whole, valid and without a warning."""

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command


@pytest.fixture
def schema(tmp_path: Path) -> dict:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    return yaml.safe_load(file.read_text())


def test_given_the_schema_when_made_then_there_is_no_warning_and_every_entity_is_told(schema: dict) -> None:
    ways = {"branches/", "branches/{id}/", "roles/", "roles/actions/", "audit/"}
    assert {f"/api/office/{way}" for way in ways} <= set(schema["paths"])


def test_given_a_change_when_described_then_its_version_and_its_refusals_are(schema: dict) -> None:
    change = schema["paths"]["/api/office/branches/{id}/"]["patch"]
    assert [(one["name"], one["required"]) for one in change["parameters"] if one["in"] == "header"] == [("If-Match", True)]
    assert set(change["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "406",
        "409",
        "412",
        "413",
        "415",
        "428",
        "429",
        "503",
    }
    assert "ETag" in change["responses"]["200"]["headers"]
    add = schema["paths"]["/api/office/branches/"]["post"]
    assert [one["name"] for one in add["parameters"] if one["in"] == "header"] == ["Idempotency-Key"]
    assert "422" in add["responses"]
    problem = add["responses"]["422"]["content"]["application/json"]["schema"]["$ref"]
    assert set(schema["components"]["schemas"][problem.rpartition("/")[2]]["required"]) == {"code", "detail", "fields"}


def test_given_every_view_when_asked_then_the_right_it_needs_is_one_that_somebody_declared() -> None:
    from drf_spectacular.generators import EndpointEnumerator

    from ccenter.office.rest import Rows
    from ccenter.office.rights import actions

    needed = set()
    for _path, _regex, method, callback in EndpointEnumerator().get_api_endpoints():
        if issubclass(callback.cls, Rows):
            name = callback.actions[method.lower()]
            right = callback.initkwargs.get("right") or callback.cls.right
            needed.add(f"{callback.cls.entity}.{right or Rows.VERBS.get(name, name)}")
    assert len(needed) > 10
    assert needed - set(actions()) == set()
