"""The description of the REST interface: complete, without a word of warning, and true of what is answered."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.db import transaction
from jsonschema import Draft202012Validator

from tests.django.test_rights import TABLE, filled
from tests.django.ways import way_of, ways

pytestmark = pytest.mark.django_db
PAGES = ("/api/schema/", "/api/docs/")  # of the description itself


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As `manage.py spectacular --validate --fail-on-warn` makes it, which raises where it has anything to say."""
    file = tmp_path_factory.mktemp("schema") / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    return yaml.safe_load(Path(file).read_text())


def described(way: tuple[str, str]) -> tuple[str, str]:
    """A way as the description has it, without the names of places: ("get", "/api/calls/{}/")."""
    method, address = way
    return method.lower(), re.sub(r"<\w+:\w+>|{\w+}", "{}", address)


def answers(schema: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        described((method, path)): op["responses"] for path, methods in schema["paths"].items() for method, op in methods.items()
    }


def test_given_the_interface_when_described_then_every_way_is_in_it(schema: Any) -> None:
    rest = {described(way) for way in ways() if way[1].startswith("/api/") and way[1] not in PAGES}
    assert rest == set(answers(schema))
    names = [op["operationId"] for methods in schema["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names)) == len(rest)


def shapeless(schema: Any, where: str) -> list[str]:
    """Places where anything may stand."""
    found = []
    if schema.get("type") == "object" and not schema.get("properties"):
        more = schema.get("additionalProperties")
        found += shapeless(more, where + ".*") if isinstance(more, dict) and more else [where]
    if schema.get("type") == "array":
        found += shapeless(schema["items"], where + "[]")
    for name, part in schema.get("properties", {}).items():
        found += shapeless(part, f"{where}.{name}")
        if not part.keys() - {"readOnly", "description", "nullable"}:
            found.append(f"{where}.{name}")
    return found


# What is no more than JSON, and why.
KNOWN_BY_NAME_ONLY = {
    "SeatChange.fields.*[]": "what a field of a seat was and will be: whatever that field holds",
    "EntryBody.data": "what this kind of a customer's history tells",
    **dict.fromkeys(("FieldBody.default", "FieldBodyRequest.default", "PatchedFieldBodyRequest.default"), "by the field's kind"),
    "JobBody.report": "what this kind of job tells",
    "ImportBodyRequest.mapping": "a part of a form; it holds JSON",
    "WebhookDeliveryBody.body": "what this event tells",
    "post /api/crm/sources/{code}/rows/.rows[]": "the columns of another system",
}


def test_given_the_interface_when_described_then_each_shape_that_is_known_is_told(schema: Any) -> None:
    found = [place for name, part in schema["components"]["schemas"].items() for place in shapeless(part, name)]
    for method, path, op in ((m, path, op) for path, methods in schema["paths"].items() for m, op in methods.items()):
        for code, answer in op["responses"].items():
            for kind in answer.get("content", {}).values():
                found += shapeless(kind.get("schema", {}), f"{method} {path} {code}")
        for kind in op.get("requestBody", {}).get("content", {}).values():
            found += shapeless(kind.get("schema", {}), f"{method} {path}")
    assert set(found) - set(KNOWN_BY_NAME_ONLY) == set()


def strict(schema: Any) -> Any:
    """As JSON Schema knows it, and with no field that is not described."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items() if name not in ("nullable", "description")}
    if "description" in schema and not isinstance(schema["description"], str):  # a field of that name
        made["description"] = strict(schema["description"])
    if len(made.get("allOf", ())) == 1:
        made = made["allOf"][0]
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


@pytest.fixture(scope="module")
def exact(schema: Any) -> Any:
    return strict(schema)


JSON_ROWS = [row for row in TABLE if row[1].startswith("/api/") and row[1] not in PAGES]


@pytest.mark.parametrize("name", ["alice", "lena", "root"])
def test_given_an_answer_when_held_against_its_description_then_nothing_is_missing_and_nothing_more(
    told: dict[str, object], clients: dict[str, Any], exact: Any, name: str
) -> None:
    codes, checked = answers(exact), set()
    for method, path, body, _statuses in JSON_ROWS:
        address = path.format(**told)
        way = described(way_of(method, address))
        with transaction.atomic():
            options = {} if body is None else {"data": filled(body, told), "format": "json"}
            answer = getattr(clients[name], method.lower())(address, **options)
            transaction.set_rollback(True)
        if answer.status_code >= 300 or answer["Content-Type"] != "application/json":
            continue
        shape = codes[way][str(answer.status_code)]["content"]["application/json"]["schema"]
        problems = Draft202012Validator({**shape, "components": exact["components"]}).iter_errors(answer.json())
        assert [f"{'.'.join(map(str, one.path))}: {one.message[:300]}" for one in problems] == [], (method, path)
        checked.add(way)
    assert len(checked) > 35
