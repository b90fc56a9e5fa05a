"""The surge attendant, figures and rules on their pages, and the callback that a seat has in hand."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.calls.models import (
    Calendar,
    Call,
    CallbackAttempt,
    CallbackEntry,
    CentreSettings,
    Fact,
    Number,
    Queue,
    Surge,
    SurgeSpan,
    Trunk,
    TrunkChannel,
)
from ccenter.office.models import AuditEntry
from orders.models import Order
from tests.django.desktop.customers import NUMBER, customer, order
from tests.django.office.pages import browser, part, send
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
CURVE = [[0.5, 0.2], [0.75, 0.6], [1.0, 1.0]]
RULES = {
    "mode": "preview", "first": "caller", "against_callers": "by_age", "calendar": "", "caller_id": "", "most_attempts": "4",
    "expire_days": "3", "no_answer": "15, 60", "busy": "2", "machine": "", "failed": "1，5", "ring_seconds": "30",
    "preview_seconds": "20", "skip_seconds": "60", "result_seconds": "120", "own_agent_minutes": "15", "detect": "on",
    "detect_seconds": "4", "on_machine": "", "greeting": "callback-greeting", "survey": "",
}  # fmt: skip


@pytest.fixture
def root(db: None) -> Any:
    return browser(person("root", "admin"))


@pytest.fixture
def trunk(db: None) -> Trunk:
    return Trunk.objects.create(code="t1", name="Trunk", capacity=10, kept=2, addresses=["127.0.0.1"])


def busy(trunk: Trunk, count: int) -> None:
    TrunkChannel.objects.bulk_create(
        TrunkChannel(leg=f"l{n}", trunk=trunk.code, call=f"c{n}", direction="in", started_at=timezone.now()) for n in range(count)
    )


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


# -- the surge attendant -----------------------------------------------------------------------------------------


def test_given_busy_lines_when_the_surge_is_on_then_share_and_credit_are_those_of_the_core(lead_user: Any, trunk: Trunk) -> None:
    Surge.objects.create(code="tv", name="TV", curve=CURVE)
    SurgeSpan.objects.create(seq=1, surge="tv", started_at=timezone.now(), use=0.6, taken=4, passed=3)
    for seq, credit, taken in ((2, 0.9, False), (3, 1.25, True)):
        data = {"surge": "tv", "use": 0.6, "share": 0.35, "credit": credit, "taken": taken, "reason": "share"}
        Fact.objects.create(seq=seq, at=timezone.now(), type="SurgeDecided", call="c1", data=data)
    busy(trunk, 6)
    told = client(lead_user).get("/api/desk/surge/").json()
    (one,) = told["surges"]
    assert told["lines"] == {"busy": 6, "lines": 10, "kept": 2}
    # 0.6 lies between 0.5 (0.2) and 0.75 (0.6); a call that was taken costs a whole one of the credit
    assert (one["on"], one["use"], one["share"], one["credit"], one["taken"]) == (True, 0.6, 0.36, 0.25, 4)
    assert 'data-surge="tv"' in text(part(browser(lead_user), "/callbacks/surge/"))


def test_given_a_surge_that_is_over_when_shown_then_nothing_is_taken_however_busy_the_lines_are(
    lead_user: Any, trunk: Trunk
) -> None:
    Surge.objects.create(code="tv", curve=CURVE)
    now = timezone.now()
    SurgeSpan.objects.create(seq=1, surge="tv", started_at=now, ended_at=now, highest=0.9, taken=7, passed=2)
    busy(trunk, 9)
    (one,) = client(lead_user).get("/api/desk/surge/").json()["surges"]
    assert (one["on"], one["use"], one["share"], one["credit"]) == (False, 0.9, 0.0, 0.0)
    assert ">7<" in text(part(browser(lead_user), "/callbacks/surge/"))  # in the table of those that were


def test_given_whom_the_machine_took_when_they_are_called_back_and_buy_then_the_view_counts_each_once(lead_user: Any) -> None:
    now, buyer = timezone.now(), customer("王芳", NUMBER)
    for n, (queue, state) in enumerate((("sales", "CLOSED"), ("sales", "WAITING"), ("vip", "WAITING"))):
        number = NUMBER if n == 0 else f"+861390000000{n}"
        closed = {"closed_at": now, "closed_reason": "done"} if state == "CLOSED" else {}
        CallbackEntry.objects.create(id=f"k{n}", number=number, source="surge", queue=queue, asked_at=now, state=state, **closed)
        Call.objects.create(
            id=f"c{n}", direction="in", started_at=now, ended_at=now + timedelta(seconds=4 + 2 * n), surge="tv", owed=f"k{n}"
        )
    for n in (1, 2):
        CallbackAttempt.objects.create(seq=n, callback="k0", call=f"c1{n}", attempt=n, at=now, reached_at=now)
        Call.objects.create(id=f"c1{n}", direction="out", started_at=now, owed="k0")
        sold = order(buyer, f"6000000{n}", "submitted" if n == 1 else "cancelled")
        Order.objects.filter(pk=sold.pk).update(call=f"c1{n}")
    today = client(lead_user).get("/api/desk/surge/").json()["today"]
    wanted = {
        "captured": 2,
        "reached": 1,
        "called_in": 0,
        "open": 1,
        "bought": 1,
        "amount": "299.50",
        "taken": 3,
        "line_time": 6.0,
    }
    assert today == wanted


# -- figures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def week(db: None) -> None:
    """Five callbacks of today: spoken to, rang in again, tried often enough, not called yet, and another team's."""
    now = timezone.now()
    Queue.objects.create(code="vip")
    for n, (queue, label, reason) in enumerate(
        (
            ("sales", "TV1", "done"),
            ("sales", "TV1", "called_in"),
            ("service", "TV2", "attempts"),
            ("service", "", ""),
            ("vip", "", ""),
        )
    ):
        closed = {"state": "CLOSED", "closed_at": now, "closed_reason": reason} if reason else {}
        CallbackEntry.objects.create(
            id=f"k{n}",
            number=f"+86139000000{n:02}",
            source="surge",
            queue=queue,
            label=label,
            dnis="4001",
            asked_at=now,
            **closed,
        )
    for seq, (owed, agent, result, minutes) in enumerate(
        (("k0", "1001", "busy", 2), ("k0", "1002", "done", 9), ("k2", "1001", "no_answer", 4), ("k4", "2001", "done", 1))
    ):
        at = now + timedelta(minutes=minutes)
        CallbackAttempt.objects.create(
            seq=seq, callback=owed, call=f"c{seq}", agent=agent, attempt=1, at=at, result=result,
            reached_at=at if result == "done" else None,
        )  # fmt: skip


def lines(answer: Any) -> dict[str, tuple[Any, ...]]:
    found = answer.context["lines"]
    return {
        line.key: (line.promised, line.reached, line.called_in, line.unreached, line.open, line.attempts, line.median)
        for line in found
    }


def test_given_callbacks_of_today_when_figures_are_asked_for_then_each_way_of_grouping_counts_the_same(
    lead_user: Any, week: None
) -> None:
    lead, until = browser(lead_user), (timezone.localdate() + timedelta(days=1)).isoformat()
    address = "/callbacks/figures/"
    assert lines(part(lead, address, until=until)) == {timezone.localdate().isoformat(): (4, 1, 1, 1, 1, 3, 180.0)}
    assert lines(part(lead, address, until=until, by="queue")) == {
        "sales": (2, 1, 1, 0, 0, 2, 120.0), "service": (2, 0, 0, 1, 1, 1, 240.0),
    }  # fmt: skip
    stations = lines(part(lead, address, until=until, by="station"))
    assert {key: found[0] for key, found in stations.items()} == {"4001": 1, "TV1": 2, "TV2": 1}
    agents = lines(part(lead, address, until=until, by="agent"))
    assert {key.split()[0]: (found[0], found[1], found[5]) for key, found in agents.items()} == {
        "1001": (2, 0, 2),
        "1002": (1, 1, 1),
    }
    ages = part(lead, address, until=until).context["ages"]
    assert [count for _name, count, _share in ages] == [1, 0, 0, 0, 0]


def test_given_figures_when_taken_as_a_file_then_no_cell_is_a_formula(lead_user: Any, week: None) -> None:
    CallbackEntry.objects.filter(pk="k3").update(label="=1+1")
    until = (timezone.localdate() + timedelta(days=1)).isoformat()
    answer = browser(lead_user).get("/callbacks/figures/", {"by": "station", "csv": "1", "until": until})
    head, *rows = csv.reader(io.StringIO(text(answer).removeprefix("﻿")))
    assert (head[0], head[1]) == ("TV station", "promised")
    assert {row[0]: row[1] for row in rows} == {"'=1+1": "1", "TV1": "2", "TV2": "1"}


def test_given_days_that_are_none_when_figures_are_asked_for_then_it_says_so(lead_user: Any, alice_user: Any) -> None:
    lead = browser(lead_user)
    for query in ({"since": "x"}, {"since": "2026-02-01", "until": "2026-01-01"}, {"by": "colour"}, {"since": "0001-01-01"}):
        answer = part(lead, "/callbacks/figures/", **query)
        assert answer.status_code == 200 and answer.context["lines"] == [] and 'role="alert"' in text(answer), query
    assert browser(alice_user).get("/callbacks/figures/").status_code == 403


def test_given_the_same_days_when_results_are_read_over_rest_then_they_are_those_of_the_page(lead_user: Any, week: None) -> None:
    until = (timezone.localdate() + timedelta(days=1)).isoformat()
    Queue.objects.filter(code="sales").update(name="销售")
    for by in ("day", "queue", "station", "agent"):
        answer = client(lead_user).get("/api/callbacks/results/", {"until": until, "by": by})
        assert answer.status_code == 200, answer.json()
        shown = part(browser(lead_user), "/callbacks/figures/", until=until, by=by).context["lines"]
        named = [f"{row['key']} {row['name']}".strip() for row in answer.json()]
        assert named == [line.key for line in shown] and named, by
        names = ("promised", "reached", "called_in", "unreached", "open", "attempts", "until_called")
        for row, line in zip(answer.json(), shown, strict=True):
            assert [row[name] for name in names] == [*line[1:7], line.median]
            assert list(row["results"].values()) == line.results
    sales = client(lead_user).get("/api/callbacks/results/", {"until": until, "by": "queue"}).json()[0]
    assert (sales["key"], sales["name"], sales["promised"], sales["until_called"]) == ("sales", "销售", 2, 120.0)
    assert {name: count for name, count in sales["results"].items() if count} == {"done": 1, "busy": 1}


def test_given_days_that_are_none_when_results_are_read_over_rest_then_the_field_says_so(lead_user: Any, alice_user: Any) -> None:
    for query, field in (
        ({"since": "x"}, "since"), ({"since": "2026-02-01", "until": "2026-01-01"}, "until"),
        ({"since": "2024-01-01", "until": "2026-01-01"}, "until"), ({"since": "0001-01-01"}, "since"), ({"by": "colour"}, "by"),
        ({"hour": "3"}, "hour"),
    ):  # fmt: skip
        answer = client(lead_user).get("/api/callbacks/results/", query)
        assert answer.status_code == 400 and field in answer.json()["fields"], query
    assert client(alice_user).get("/api/callbacks/results/").status_code == 403


# -- rules ---------------------------------------------------------------------------------------------------------


def test_given_a_queues_rules_when_saved_then_the_core_can_read_them_and_it_is_in_the_log(root: Any) -> None:
    from ccenter.calls.selectors import load_config

    queue = Queue.objects.create(code="sales")
    address = f"/callbacks/rules/queues/{queue.pk}/"
    version = root.get(address).context["version"]
    assert send(root, address, version=version, **RULES).status_code == 204
    rules = load_config().queues["sales"].callbacks
    assert (rules.mode, rules.first, rules.most_attempts, rules.detect, rules.in_turn) == ("preview", "caller", 4, True, False)
    assert rules.retries == {"no_answer": (900.0, 3600.0), "busy": (120.0,), "failed": (60.0, 300.0)}
    assert rules.expire_seconds == 3 * 86400
    assert AuditEntry.objects.get().action == "callback_rules.change"
    assert send(root, address, version=version, **RULES).status_code == 409  # somebody has changed it since


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"most_attempts": "0"}, "most_attempts"),
        ({"no_answer": "soon"}, "no_answer"),
        ({"busy": "-1"}, "busy"),
        ({"busy": "99999999"}, "busy"),
        ({"mode": "loud"}, "mode"),
        ({"caller_id": "110"}, "caller_id"),
        ({"calendar": "nowhere"}, "calendar"),
    ],
)
def test_given_rules_that_make_no_sense_when_saved_then_the_field_says_so_and_nothing_changes(
    root: Any, change: dict[str, str], field: str
) -> None:
    Number.objects.create(number="4001", target={"to": "end"})
    Calendar.objects.create(code="day")
    queue = Queue.objects.create(code="sales")
    address = f"/callbacks/rules/queues/{queue.pk}/"
    answer = send(root, address, version=root.get(address).context["version"], **{**RULES, **change})
    assert answer.status_code == 422 and field in answer.context["form"].errors
    queue.refresh_from_db()
    assert queue.callbacks == {}


def test_given_a_lead_when_rules_are_opened_then_they_see_their_queues_and_change_nothing(lead_user: Any) -> None:
    other = Queue.objects.create(code="vip")
    lead = browser(lead_user)
    mine = Queue.objects.get(code="sales")
    assert [line.row.code for line in part(lead, "/callbacks/rules/").context["lines"]] == ["sales", "service"]
    assert lead.get(f"/callbacks/rules/queues/{mine.pk}/").status_code == 200
    assert lead.get(f"/callbacks/rules/queues/{other.pk}/").status_code == 404
    assert send(lead, f"/callbacks/rules/queues/{mine.pk}/", **RULES).status_code == 403


def test_given_the_form_of_a_queues_rules_when_somebody_asks_it_to_delete_then_the_queue_stays(root: Any) -> None:
    queue = Queue.objects.create(code="sales")
    assert send(root, f"/callbacks/rules/queues/{queue.pk}/", drop="1").status_code == 403
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_given_a_surge_curve_when_written_then_it_is_kept_as_shares_and_a_wrong_one_is_refused(root: Any, trunk: Trunk) -> None:
    fields = {"code": "tv", "name": "TV", "enabled": "on", "position": "0", "hysteresis": "0.05", "every": "0", "lines": "0",
              "exempt_seconds": "1", "flow": "", "trunks": [trunk.pk]}  # fmt: skip
    for curve in ("", "80", "90:10, 80:20", "120:10", "80:200", "a:b"):
        assert send(root, "/callbacks/surges/new/", **fields, curve=curve).status_code == 422, curve
    assert send(root, "/callbacks/surges/new/", **fields, curve="80:20, 90:60，100:100").status_code == 204
    surge = Surge.objects.get()
    assert surge.curve == [[0.8, 0.2], [0.9, 0.6], [1.0, 1.0]] and list(surge.trunks.all()) == [trunk]
    number = Number.objects.create(number="4001", target={"to": "end"})
    answer = send(root, "/callbacks/surges/new/", **{**fields, "code": "n"}, numbers=[number.pk], curve="80:20")
    assert answer.status_code == 422 and "lines" in answer.context["form"].errors
    assert "<polyline" in text(part(root, "/callbacks/surges/picture/", curve="70:30, 95:100"))
    assert "<polyline" not in text(part(root, "/callbacks/surges/picture/", curve="70"))


def test_given_a_surge_when_only_its_trunks_change_then_it_is_saved_and_an_old_form_is_stale(root: Any, trunk: Trunk) -> None:
    surge = Surge.objects.create(code="tv", curve=CURVE, flow="")
    address = f"/callbacks/surges/{surge.pk}/"
    fields = {"code": "tv", "enabled": "on", "position": "0", "hysteresis": "0.05", "every": "0", "lines": "0",
              "exempt_seconds": "1", "flow": "", "curve": "50:20, 75:60, 100:100"}  # fmt: skip
    version = root.get(address).context["version"]
    assert send(root, address, version=version, **fields, trunks=[trunk.pk]).status_code == 204
    assert list(surge.trunks.all()) == [trunk]
    assert AuditEntry.objects.get().changes == {"trunks": [[], [trunk.pk]]}
    assert send(root, address, version=version, **fields).status_code == 409


def test_given_lines_kept_and_who_is_called_back_when_saved_then_the_configuration_has_them(root: Any, trunk: Trunk) -> None:
    address = f"/callbacks/rules/lines/{trunk.pk}/"
    version = root.get(address).context["version"]
    assert send(root, address, version=version, capacity="10", kept="11").status_code == 422
    assert send(root, address, version=version, capacity="12", kept="3").status_code == 204
    trunk.refresh_from_db()
    assert (trunk.capacity, trunk.kept) == (12, 3)
    version = root.get("/callbacks/rules/centre/").context["version"]
    send(root, "/callbacks/rules/centre/", version=version, owes=["asked", "surge"], needs_consent=["survey"], machine_calls="4")
    settings = CentreSettings.objects.get()
    assert (settings.owes, settings.needs_consent, settings.machine_calls) == (["asked", "surge"], ["survey"], 4)


# -- the callback in hand ------------------------------------------------------------------------------------------


def test_given_a_callback_that_is_shown_when_the_seat_asks_then_it_knows_until_when_and_whom(alice: Any, bob: Any) -> None:
    customer("王芳", NUMBER)
    now = timezone.now()
    CallbackEntry.objects.create(
        id="k1", number=NUMBER, source="surge", queue="sales", asked_at=now, state="PRESENTED", offered_to="1001", label="TV1"
    )
    data = {"callback": "k1", "until": now.timestamp() + 20}
    Fact.objects.create(seq=1, at=now, type="CallbackPresented", agent="1001", data=data)
    told = alice.get("/api/desk/callback-in-hand/").json()
    shown = told["callback"]
    assert (shown["id"], shown["customer"]["name"], shown["label"], shown["number"]["text"]) == (
        "k1",
        "王芳",
        "TV1",
        "138****8000",
    )
    assert abs(timezone.datetime.fromisoformat(told["until"]).timestamp() - data["until"]) < 0.001
    assert told["results"] == []
    assert bob.get("/api/desk/callback-in-hand/").json()["callback"] is None


def test_given_a_callback_that_was_called_when_the_seat_asks_then_results_may_be_said_till_it_is_closed(alice: Any) -> None:
    now = timezone.now()
    row = CallbackEntry.objects.create(
        id="k1", number=NUMBER, source="surge", queue="sales", asked_at=now, state="RESULT", by="1001", attempts=2
    )
    CallbackAttempt.objects.create(seq=1, callback="k1", call="c1", agent="1001", attempt=1, at=now, result="busy")
    told = alice.get("/api/desk/callback-in-hand/").json()
    assert [one["result"] for one in told["callback"]["tried"]] == ["busy"]
    assert {one["code"] for one in told["results"]} >= {"done", "no_answer", "wrong_number", "do_not_call"}
    CallbackEntry.objects.filter(pk=row.pk).update(state="CLOSED", closed_at=now)
    assert alice.get("/api/desk/callback-in-hand/").json()["callback"] is None


def test_given_many_surges_and_spans_when_the_view_is_read_then_it_takes_as_many_queries_as_with_few(
    lead_user: Any, trunk: Trunk
) -> None:
    counted = []
    for more in (0, 15):
        now = timezone.now()
        for n in range(more):
            SurgeSpan.objects.create(seq=n, surge="tv", started_at=now, ended_at=now)
            Call.objects.create(id=f"c{n}", direction="in", started_at=now, surge="tv")
            Surge.objects.create(code=f"s{n}", curve=CURVE)
        lead = browser(lead_user)
        part(lead, "/callbacks/surge/")
        with CaptureQueriesContext(connection) as asked:
            part(lead, "/callbacks/surge/")
        counted.append(len(asked))
    assert counted[1] <= counted[0] + 2 <= 20, counted  # trunks and numbers of those there are
