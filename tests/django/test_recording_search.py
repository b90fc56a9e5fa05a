"""Recordings: found by any field, drawn as two waveforms, each listening told to leads; in a fixed number of queries."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from tests.django.test_recordings import RATE, body, folder, keep, samples  # noqa: F401 - folder is a fixture

pytestmark = pytest.mark.django_db


def client(name: str, role: str, seat: str = "") -> Any:
    from tests.django.people import client as client_of
    from tests.django.people import person

    return client_of(person(name, role, seat))


def called(which: int, /, *agents: str, spoke: bool = True, age: int = 0, **more: Any) -> None:
    """Call c<which> with its recording r<which>; `age` in days."""
    from ccenter.calls.models import Call, CallAgent, Recording

    at = timezone.now() - timedelta(days=age, seconds=which)
    call = Call.objects.create(id=f"c{which}", started_at=at, ended_at=at, **more)
    for agent in agents:
        CallAgent.objects.create(call=call.id, agent=agent, seq=which, at=at, spoke=spoke)
    options = {"state": "raw", "converted_at": at, "file": f"r{which}.opus", "seconds": 60.0}
    Recording.objects.create(id=f"r{which}", call=call.id, started_at=at, **options)


@pytest.fixture
def record(db: None) -> None:
    from ccenter.calls.models import Queue

    client("alice", "agent", "1001")
    client("bob", "agent", "1002")
    Queue.objects.filter(code="sales").update(name="订购")
    wang = {"number": "+8613800138000", "ani": "13800138000", "city": "北京市", "name": "Wang", "customer": "77123"}
    called(1, "1001", queue="sales", label="TV1", answered_by="1001", **wang)
    called(2, "1002", number="+8657187654321", ani="057187654321", queue="service", answered_by="1002", dnis="4002", age=3)
    called(3, "1001", "1002", direction="out", dnis="13911112222", number="+8613911112222", answered_by="1001", age=10)
    called(4, "1002", spoke=False, number="+8613800138000", queue="sales", outcome="ABANDONED")


@pytest.fixture
def lead(record: None) -> Any:
    return client("lead", "lead")


SEARCHES: list[tuple[dict[str, str], set[str]]] = [
    ({}, {"r1", "r2", "r3", "r4"}),
    ({"q": ""}, {"r1", "r2", "r3", "r4"}),
    ({"q": "Alice"}, {"r1", "r3"}),
    ({"q": "1002"}, {"r2", "r3"}),
    ({"q": "订购"}, {"r1", "r4"}),
    ({"q": "tv1"}, {"r1"}),
    ({"q": "北京"}, {"r1"}),
    ({"q": "8765"}, {"r2"}),
    ({"q": "0571-87654321"}, {"r2"}),
    ({"q": "4002"}, {"r2"}),
    ({"q": "c3"}, {"r3"}),
    ({"q": "alice 1391"}, {"r3"}),
    ({"q": "wang"}, {"r1"}),
    ({"q": "77123"}, {"r1"}),
    ({"q": "7712"}, set()),
    ({"q": "alice 8765"}, set()),
    ({"q": "%"}, set()),
    ({"agent": "1001", "direction": "in"}, {"r1"}),
    ({"queue": "sales"}, {"r1", "r4"}),
    ({"number": "138 0013 8000"}, {"r1", "r4"}),
    ({"call": "c2"}, {"r2"}),
]


@pytest.mark.parametrize(("query", "found"), SEARCHES, ids=[str(query) for query, _ in SEARCHES])
def test_given_a_record_when_searched_then_each_field_finds(lead: Any, query: dict[str, str], found: set[str]) -> None:
    page = lead.get("/api/recordings/", query).json()
    assert {row["id"] for row in page["results"]} == found
    assert (page["page"], page["next"]) == (1, None)


def test_given_days_when_searched_then_the_last_day_is_in_it_and_wrong_days_are_named(lead: Any) -> None:
    today = timezone.localdate()

    def ids(first: Any, last: Any) -> set[str]:
        return {row["id"] for row in lead.get("/api/recordings/", {"from": first, "to": last}).json()["results"]}

    assert ids(today - timedelta(days=5), today - timedelta(days=2)) == {"r2"}
    assert ids((timezone.now() - timedelta(days=11)).isoformat(), today) == {"r1", "r2", "r3", "r4"}
    for field, text in (("from", "yesterday"), ("to", "2026-02-30"), ("page", "0"), ("direction", "up")):
        answer = lead.get("/api/recordings/", {field: text})
        assert (answer.status_code, list(answer.json())) == (400, [field])


def test_given_a_found_recording_when_shown_then_it_tells_of_its_call(lead: Any) -> None:
    rows = {row["id"]: row for row in lead.get("/api/recordings/").json()["results"]}
    one = rows["r1"]
    assert (one["number"]["text"], one["city"], one["label"], one["state"]) == ("13800138000", "北京市", "TV1", "ready")
    assert (one["queue"], one["agents"]) == ({"code": "sales", "name": "订购"}, [{"number": "1001", "name": "Alice"}])
    assert one["audio"] == "/api/recordings/r1/audio/" and one["listened"] == 0
    assert [agent["name"] for agent in rows["r3"]["agents"]] == ["Alice", "Bob"]


def test_given_more_than_a_page_when_searched_then_pages_follow_and_the_queries_stay_the_same(lead: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for first, last in ((10, 14), (14, 120)):
        for number in range(first, last):
            called(number, "1001", queue=f"q{number}", age=20)
        with CaptureQueriesContext(connection) as counted:
            page = lead.get("/api/recordings/").json()
        counts.append(len(counted))
    assert len(page["results"]) == 50 and page["next"] == 2
    rest = (
        lead.get("/api/recordings/", {"page": 2}).json()["results"] + lead.get("/api/recordings/", {"page": 3}).json()["results"]
    )
    ids = [row["id"] for row in page["results"] + rest]
    assert len(ids) == len(set(ids)) == 114
    assert counts[0] == counts[1] <= 12


def test_given_a_recording_when_converted_then_its_waveforms_show_who_spoke_when(folder: Path) -> None:  # noqa: F811
    from ccenter.calls.models import Call, Recording
    from ccenter.calls.tasks import convert_recording

    boss = client("boss", "admin")
    Call.objects.create(id="c1", started_at=timezone.now())
    sound = np.concatenate([samples(2.0, right=0.0), samples(2.0, left=0.0)])
    recording = keep(folder, sound=sound)
    assert boss.get("/api/recordings/ast1-r1/peaks/").status_code == 404
    convert_recording(recording.id)
    peaks = boss.get("/api/recordings/ast1-r1/peaks/").json()
    customer, agent = np.array(peaks["customer"]), np.array(peaks["agent"])
    assert len(customer) == len(agent) == 1000 and peaks["seconds"] == pytest.approx(4.0, abs=0.05)
    loud = 8000 / 32768
    assert np.allclose(customer[:490], loud, atol=0.02) and np.all(customer[510:] == 0.0)
    assert np.allclose(agent[510:], loud, atol=0.02) and np.all(agent[:490] == 0.0)
    Recording.objects.update(deleted_at=timezone.now())
    assert boss.get("/api/recordings/ast1-r1/peaks/").status_code == 404


@pytest.mark.parametrize(("frames", "length"), [(1, 1), (999, 999), (1001, 501), (8000, 1000)])
def test_given_any_length_when_measured_then_there_are_at_most_a_thousand_peaks_a_side(
    tmp_path: Path, frames: int, length: int
) -> None:
    from ccenter.calls.audio import peaks, peaks_of

    (tmp_path / "x.raw").write_bytes(np.full((frames, 2), -32768, "<i2").tobytes() + b"xx")
    customer, agent = peaks_of(peaks(tmp_path / "x.raw"))
    assert customer == agent == [1.0] * length


def test_given_listenings_when_the_lead_asks_then_they_are_named_and_looking_is_not_listening(
    folder: Path,  # noqa: F811
    record: None,
    lead: Any,
) -> None:
    from django.contrib.auth.models import User

    from tests.django.people import client as client_of

    folder.mkdir()
    (folder / "r1.opus").write_bytes(b"OggS" * 100)
    where = "/api/recordings/r1/listenings/"
    lead.get("/api/recordings/")
    assert lead.get(where).json() == {"listenings": []}
    alice = client_of(User.objects.get(username="alice"))
    body(alice.get("/api/recordings/r1/audio/"))
    (heard,) = lead.get(where).json()["listenings"]
    assert (heard["user"], heard["name"], heard["address"]) == ("alice", "1001 Alice", "127.0.0.1")
    assert lead.get("/api/recordings/", {"call": "c1"}).json()["results"][0]["listened"] == 1
