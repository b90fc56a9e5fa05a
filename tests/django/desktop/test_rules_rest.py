"""The rules for callbacks over REST: read, changed in their version, checked as the pages do, in the log."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from ccenter.calls.models import Calendar, CentreSettings, Flow, Number, Queue, Surge, Trunk
from ccenter.calls.selectors import load_config
from ccenter.desktop.callbacks import ruling
from ccenter.office.models import AuditEntry
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
CURVE = [[0.5, 0.2], [0.75, 0.6], [1.0, 1.0]]
QUEUES, LINES, CENTRE, SURGES = (
    f"/api/{path}/" for path in ("callback-rules/queues", "callback-rules/lines", "callback-rules/centre", "surges")
)


@pytest.fixture
def root(db: None) -> Any:
    return client(person("root", "admin"))


@pytest.fixture
def trunk(db: None) -> Trunk:
    return Trunk.objects.create(code="gw", capacity=10, kept=2, addresses=["10.0.0.1"], secret="not for anybody")


@pytest.fixture
def places(trunk: Trunk) -> dict[str, str]:
    """A row of each kind: its address."""
    rows = {
        QUEUES: Queue.objects.create(code="tv"),
        LINES: trunk,
        CENTRE: CentreSettings.objects.create(id=1),
        SURGES: Surge.objects.create(code="tv", curve=CURVE, flow=""),
    }
    return {path: f"{path}{row.pk}/" for path, row in rows.items()}


def change(asking: Any, address: str, body: dict[str, Any]) -> Any:
    """In the version it has now."""
    return asking.patch(address, body, headers={"If-Match": asking.get(address)["ETag"]})


def test_given_a_queues_rules_when_changed_then_the_core_has_them_and_what_was_not_sent_stays(root: Any) -> None:
    queue = Queue.objects.create(code="tv", callbacks={"mode": "pull", "most_attempts": 7})
    Calendar.objects.create(code="day")
    Number.objects.create(number="4001", target={"to": "end"})
    Flow.objects.create(code="rating")
    body = {"mode": "progressive", "calendar": "day", "caller_id": "4001", "expire_seconds": 86400, "survey": "rating",
            "retries": {"busy": [60, 120.5], "no_answer": []}}  # fmt: skip
    answer = change(root, f"{QUEUES}{queue.pk}/", body)
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    assert (told["code"], told["mode"], told["most_attempts"], told["survey"]) == ("tv", "progressive", 7, "rating")
    rules = load_config().queues["tv"].callbacks
    assert (rules.mode, rules.calendar, rules.caller_id, rules.expire_seconds) == ("progressive", "day", "4001", 86400)
    assert rules.retries["busy"] == (60.0, 120.5) and "no_answer" not in rules.retries
    assert rules.retries["failed"] == (60.0, 600.0, 3600.0)
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.user.username, set(entry.changes)) == (
        "callback_rules.change",
        "root",
        {"callbacks", "survey_id"},
    )
    assert change(root, f"{QUEUES}{queue.pk}/", body)["ETag"] == answer["ETag"]
    assert AuditEntry.objects.count() == 1  # nothing has changed


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"most_attempts": 0}, "most_attempts"),
        ({"expire_seconds": "nan"}, "expire_seconds"),
        ({"ring_seconds": 121}, "ring_seconds"),
        ({"mode": "loud"}, "mode"),
        ({"calendar": "nowhere"}, "calendar"),
        ({"caller_id": "110"}, "caller_id"),
        ({"survey": "nothing"}, "survey"),
        ({"greeting": "a" * 81}, "greeting"),
        ({"retries": {"busy": [-1]}}, "retries"),
        ({"retries": {"busy": ["nan"]}}, "retries"),
        ({"retries": {"busy": [60] * 11}}, "retries"),
        ({"retries": {"done": [60]}}, "retries"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_given_rules_that_make_no_sense_when_sent_then_the_field_says_so_and_nothing_changes(
    root: Any, places: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = change(root, places[QUEUES], body)
    assert answer.status_code == 400 and any(name.startswith(field) for name in answer.json()["fields"]), answer.json()
    assert Queue.objects.get(code="tv").callbacks == {} and not AuditEntry.objects.exists()


def test_given_limits_when_a_program_writes_past_forms_and_rest_then_the_service_refuses_it_too(places: dict[str, str]) -> None:
    queue, surge = Queue.objects.get(code="tv"), Surge.objects.get()
    for name, values in (
        ("ring_seconds", {"ring_seconds": 4.0}), ("most_attempts", {"most_attempts": 51}), ("greeting", {"greeting": "a" * 81}),
        ("expire_seconds", {"expire_seconds": float("nan")}),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            ruling.change_queue(None, queue, values)
        assert list(refused.value.message_dict) == [name]
    for name, value in (("exempt_priority", 10), ("every", float("nan")), ("exempt_seconds", 11.0), ("hysteresis", -0.1)):
        with pytest.raises(ValidationError) as refused:
            ruling.save_surge(None, surge, {name: value})
        assert list(refused.value.message_dict) == [name]
    assert not AuditEntry.objects.exists()


def test_given_kept_lines_when_changed_then_never_more_than_there_are_and_no_secret_is_told(
    root: Any, trunk: Trunk, places: dict[str, str]
) -> None:
    refused = change(root, places[LINES], {"kept": 11})
    assert refused.status_code == 400 and "kept" in refused.json()["fields"]
    answer = change(root, places[LINES], {"kept": 3, "code": "other"})
    assert answer.status_code == 200 and "secret" not in answer.json()
    trunk.refresh_from_db()
    assert (trunk.code, trunk.capacity, trunk.kept) == ("gw", 10, 3)
    assert AuditEntry.objects.get().changes == {"kept": [2, 3]}


def test_given_the_centres_rules_when_changed_then_the_core_has_them(root: Any) -> None:
    queue = Queue.objects.create(code="tv")
    (row,) = root.get(CENTRE).json()["results"]  # the row is there before anybody has saved it
    body = {"callback_queue": "tv", "owes": ["surge", "asked", "surge"], "needs_consent": ["visit"], "machine_calls": 4}
    assert change(root, f"{CENTRE}{row['id']}/", body).status_code == 200
    settings = load_config().settings
    assert (settings.callback_queue, settings.owes, settings.needs_consent) == (queue.code, ("asked", "surge"), ("visit",))
    for wrong, field in (
        ({"owes": ["all"]}, "owes"),
        ({"needs_consent": ["callback"]}, "needs_consent"),
        ({"machine_calls": -1}, "machine_calls"),
    ):
        answer = change(root, f"{CENTRE}1/", wrong)
        assert answer.status_code == 400 and any(name.startswith(field) for name in answer.json()["fields"]), wrong


def test_given_a_surge_curve_when_added_changed_and_removed_then_the_core_and_the_log_have_it(root: Any, trunk: Trunk) -> None:
    body = {"code": "tv", "curve": CURVE, "trunks": ["gw"], "flow": ""}
    made = root.post(SURGES, body)
    assert made.status_code == 201, made.json()
    address = f"{SURGES}{made.json()['id']}/"
    assert load_config().surges["tv"].curve == tuple(map(tuple, CURVE)) and load_config().surges["tv"].trunks == ("gw",)
    other = Trunk.objects.create(code="gw2", addresses=["10.0.0.2"])
    changed = root.patch(address, {"trunks": ["gw", "gw2"]}, headers={"If-Match": made["ETag"]})
    assert changed.status_code == 200 and changed.json()["trunks"] == ["gw", "gw2"]
    assert root.patch(address, {"name": "TV"}, headers={"If-Match": made["ETag"]}).status_code == 412  # trunks count too
    assert root.delete(address, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert [*AuditEntry.objects.order_by("id").values_list("action", flat=True)] == [
        f"surges.{v}" for v in ("add", "change", "delete")
    ]
    assert AuditEntry.objects.get(action="surges.change").changes == {"trunks": [[trunk.pk], [trunk.pk, other.pk]]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"curve": []}, "curve"),
        ({"curve": [[0.9, 0.1], [0.8, 0.2]]}, "curve"),
        ({"curve": [[1.2, 0.1]]}, "curve"),
        ({"curve": [["nan", 0.1]]}, "curve"),
        ({"curve": [[0.1, 0.1, 0.1]]}, "curve"),
        ({"curve": [[n / 20, 0.1] for n in range(11)]}, "curve"),
        ({"numbers": ["4001"]}, "lines"),
        ({"flow": "nowhere"}, "flow"),
        ({"every": "nan"}, "every"),
        ({"exempt_priority": 10}, "exempt_priority"),
        ({"code": "other"}, "code"),
        ({"trunks": ["nowhere"]}, "trunks"),
    ],
)
def test_given_a_surge_that_makes_no_sense_when_sent_then_the_field_says_so_and_nothing_changes(
    root: Any, places: dict[str, str], body: dict[str, Any], field: str
) -> None:
    Number.objects.create(number="4001", target={"to": "end"})
    answer = change(root, places[SURGES], body)
    assert answer.status_code == 400 and any(name.startswith(field) for name in answer.json()["fields"]), answer.json()
    surge = Surge.objects.get()
    assert (surge.code, surge.curve, surge.numbers.count()) == ("tv", CURVE, 0) and not AuditEntry.objects.exists()


CHANGES: dict[str, dict[str, Any]] = {
    QUEUES: {"most_attempts": 3}, LINES: {"kept": 5}, CENTRE: {"machine_calls": 3}, SURGES: {"name": "TV"},
}  # fmt: skip


@pytest.mark.parametrize("path", CHANGES)
def test_given_a_rule_that_somebody_else_has_changed_when_changed_in_the_old_version_then_it_is_refused(
    root: Any, places: dict[str, str], path: str
) -> None:
    address, body = places[path], CHANGES[path]
    old = root.get(address)["ETag"]
    assert root.patch(address, body).status_code == 428
    assert root.patch(address, body, headers={"If-Match": old}).status_code == 200
    second = {name: f"{value}x" if isinstance(value, str) else value + 1 for name, value in body.items()}
    assert root.patch(address, second, headers={"If-Match": old}).status_code == 412
    (name, value), told = next(iter(body.items())), root.get(address).json()
    assert told[name] == value and AuditEntry.objects.count() == 1


@pytest.mark.parametrize("path", CHANGES)
def test_given_a_lead_and_an_agent_when_they_ask_then_one_reads_and_neither_changes(
    lead: Any, alice: Any, places: dict[str, str], path: str
) -> None:
    mine = f"{QUEUES}{Queue.objects.get(code='sales').pk}/" if path == QUEUES else places[path]
    assert lead.get(path).status_code == 200 and lead.get(mine).status_code == 200
    for asking in (lead, alice):
        assert asking.patch(mine, CHANGES[path], headers={"If-Match": "*"}).status_code == 403
    assert alice.get(path).status_code == 403
    assert not AuditEntry.objects.exists()


def test_given_a_lead_when_rules_are_read_then_they_are_those_of_their_queues(lead: Any) -> None:
    other = Queue.objects.create(code="vip")
    assert [row["code"] for row in lead.get(QUEUES).json()["results"]] == ["sales", "service"]
    assert lead.get(f"{QUEUES}{other.pk}/").status_code == 404
