"""The recorder: every fact on record once and in order, whatever stops on the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import OperationalError, connection

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def drain(recorder: Any) -> int:
    total = 0
    while recorder.tail is None or recorder.tail.behind():
        total += recorder.step()
    return total


def write(folder: Path, **options: Any) -> list[Any]:
    from tests.django.centre_day import Day, write_day

    return write_day(folder, Day(**options))


def on_record() -> list[int]:
    from ccenter.calls.models import Fact

    return list(Fact.objects.order_by("seq").values_list("seq", flat=True))


def test_given_a_journal_when_recorded_then_every_fact_is_there_as_it_was_told(tmp_path: Path) -> None:
    from ccenter.calls.models import Fact, RecorderPosition
    from ccenter.calls.recorder import Recorder, restore

    told = write(tmp_path, seed=1, calls=20)
    heard: list[int] = []
    recorder = Recorder(tmp_path, lambda seq, recordings: heard.append(seq))
    assert drain(recorder) == len(told)
    kept = [restore(row) for row in Fact.objects.order_by("seq")]
    assert [msgspec.structs.replace(fact, at=0.0) for fact in kept] == [msgspec.structs.replace(fact, at=0.0) for fact in told]
    assert all(abs(one.at - other.at) < 1e-6 for one, other in zip(kept, told, strict=True))
    assert heard == sorted(heard) and heard[-1] == told[-1].seq
    position = RecorderPosition.objects.get()
    assert (position.seq, position.at) == (told[-1].seq, Fact.objects.latest("seq").at)


def test_given_a_recorder_that_stops_after_a_batch_when_another_goes_on_then_nothing_is_missing_or_double(tmp_path: Path) -> None:
    from ccenter.calls import recorder as module
    from ccenter.calls.models import Call, Fact

    told = write(tmp_path, seed=2, calls=30)
    module_most, module.MOST = module.MOST, 7
    try:
        while len(on_record()) < len(told):
            module.Recorder(tmp_path).step()
    finally:
        module.MOST = module_most
    assert on_record() == [fact.seq for fact in told]
    assert Call.objects.count() == Fact.objects.filter(type="CallStarted").count()


@pytest.mark.slow
def test_given_two_recorders_when_both_run_then_each_fact_is_folded_once(tmp_path: Path) -> None:
    from ccenter.calls import recorder as module
    from ccenter.calls.models import AgentStateSpan, Alarm, CallbackEntry
    from ccenter.calls.recorder import Recorder

    told = write(tmp_path, seed=3, calls=60)
    drain(Recorder(tmp_path))
    spans, owed = AgentStateSpan.objects.count(), sorted(CallbackEntry.objects.values_list("id", "state", "times_asked"))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE calls_fact, calls_call, calls_recorderposition, calls_agentstatespan, calls_callbackentry")
        cursor.execute("TRUNCATE calls_agentstatus, calls_alarm")

    trouble: list[BaseException] = []

    def run() -> None:
        try:
            recorder = Recorder(tmp_path)
            while len(on_record()) < len(told):
                recorder.step()
        except BaseException as error:
            trouble.append(error)
        finally:
            connection.close()

    module_most, module.MOST = module.MOST, 11
    try:
        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        module.MOST = module_most
    assert trouble == []
    assert on_record() == [fact.seq for fact in told]
    assert AgentStateSpan.objects.count() == spans
    assert sorted(CallbackEntry.objects.values_list("id", "state", "times_asked")) == owed
    assert not Alarm.objects.filter(kind="journal").exists()


def test_given_facts_nobody_can_fold_or_store_when_recorded_then_they_are_kept_and_the_stream_goes_on(tmp_path: Path) -> None:
    from ccenter.calls.models import Alarm, Call, Fact
    from ccenter.calls.recorder import Recorder

    tmp_path.mkdir(exist_ok=True)
    facts: list[dict[str, Any]] = [
        {"type": "CallStarted", "call": "c1", "leg": "ast1-1", "direction": "in", "ani": "a\0b", "dnis": "1", "trunk": "t"},
        {"type": "FromTheFuture", "call": "c1", "colour": ["blue"]},
        {"type": "CallEnded", "call": "c1", "outcome": "ANSWERED", "by": "customer", "cause": 2**40, "where": "CONNECTED"},
        {"type": "CallAnswered", "call": 17},
        {"type": "CallAnswered", "call": "c1"},
    ]
    lines = [{"n": n, "at": 1.8e9, "e": None, "f": [{"seq": n, "at": 1.8e9, **fact}]} for n, fact in enumerate(facts, 1)]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    (tmp_path / "000000000001.jsonl").write_bytes(text + b'{"n":6,"at":1.0,"e":null,"f":[{"type":"CallAnswered"}]}\n')
    with (tmp_path / "000000000001.jsonl").open("ab") as file:
        file.write(b'{"n":7,"at":1.0,"e":null,"f":[],"x":"KeyError(7)"}\n')
    drain(Recorder(tmp_path))
    assert on_record() == [1, 2, 3, 4, 5]
    assert Fact.objects.get(seq=2).data == {"colour": ["blue"]}
    call = Call.objects.get()
    assert (call.ani, call.state) == ("ab", "IVR")
    alarms = {(alarm.kind, alarm.subject) for alarm in Alarm.objects.all()}
    assert alarms == {
        ("projection", "FromTheFuture"), ("projection", "CallEnded"), ("projection", "CallAnswered"), ("journal", "damaged"),
        ("core", "raised"),
    }  # fmt: skip
    assert Alarm.objects.get(kind="core").text == "input 7: KeyError(7)"


def test_given_a_journal_that_was_put_back_when_recorded_then_there_is_an_alarm_and_no_fact_is_changed(tmp_path: Path) -> None:
    from ccenter.calls.models import Alarm, Fact
    from ccenter.calls.recorder import Recorder

    told = write(tmp_path / "first", seed=4, calls=10)
    drain(Recorder(tmp_path / "first"))
    before = list(Fact.objects.order_by("seq").values_list("seq", "type"))
    longer = write(tmp_path / "second", seed=5, calls=3)
    assert len(longer) < len(told)
    drain(Recorder(tmp_path / "second"))
    assert list(Fact.objects.order_by("seq").values_list("seq", "type")) == before
    assert {alarm.subject for alarm in Alarm.objects.filter(kind="journal")} == {"shrunk", "repeated"}


class Running:
    """`manage.py recorder` as a process, on a journal of its own and the test's database."""

    def __init__(self, state: Path) -> None:
        self.state = state
        (state / "run").mkdir(parents=True)
        settings = connection.settings_dict
        url = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
        self.environment = {**os.environ, "CC_STATE": str(state), "DATABASE_URL": url}
        self.process = self.begin()

    def begin(self) -> subprocess.Popen[bytes]:
        with (self.state / "log").open("ab") as log:
            command = [sys.executable, "manage.py", "recorder"]
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log, stdout=log)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def running(tmp_path: Path) -> Any:
    process = Running(tmp_path / "state")
    yield process
    if process.process.poll() is None:
        process.end(signal.SIGKILL)


def wait_until(condition: Any, within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_given_the_process_when_it_serves_then_its_heartbeat_says_so_and_it_ends_when_told(running: Any) -> None:
    ready = running.state / "run" / "recorder.ready"
    wait_until(lambda: ready.exists() and ready.read_text() == str(running.process.pid))
    beat = ready.stat().st_mtime
    wait_until(lambda: ready.stat().st_mtime > beat)
    told = write(running.state / "journal", seed=6, calls=10)
    wait_until(lambda: len(on_record()) == len(told))
    assert running.end() == 0


@pytest.mark.slow
def test_given_kill_9_in_full_flow_when_it_comes_again_then_the_record_is_whole(running: Any) -> None:
    told = write(running.state / "journal", seed=7, calls=400)
    for _ in range(3):
        seen = len(on_record())
        wait_until(lambda seen=seen: len(on_record()) > seen or len(on_record()) == len(told))
        running.end(signal.SIGKILL)
        running.process = running.begin()
    wait_until(lambda: len(on_record()) == len(told))
    assert on_record() == [fact.seq for fact in told]


@pytest.mark.slow
def test_given_postgresql_and_valkey_stop_in_full_flow_when_they_are_back_then_the_record_is_whole(running: Any) -> None:
    from ccenter.calls.models import Call, Fact
    from deploy import stack
    from tests.django.centre_day import Day, write_day

    state = Path(os.environ["CC_STATE"])
    told: list[Any] = []
    writer = threading.Thread(target=lambda: told.extend(write_day(running.state / "journal", Day(seed=8, calls=600))))
    writer.start()
    wait_until(lambda: len(on_record()) > 100)
    connection.close()
    stack.stop(state, "valkey")
    stack.restart(state, "postgres")
    wait_until(lambda: len(on_record()) > 1000)
    connection.close()
    stack.stop(state, "postgres")
    with pytest.raises(OperationalError):
        connection.ensure_connection()
    writer.join(60)
    assert running.process.poll() is None
    stack.start(state, "postgres")
    wait_until(lambda: len(on_record()) == len(told), 40)
    stack.start(state, "valkey")
    assert on_record() == [fact.seq for fact in told]
    started = Fact.objects.filter(type="CallStarted").count()
    assert Call.objects.exclude(outcome="").count() == started
    assert running.process.poll() is None


def test_given_no_database_when_the_web_is_asked_then_503_says_so_and_afterwards_all_is_well() -> None:
    from deploy import stack
    from tests.django.people import client, person

    alice, state = client(person("alice", "agent", "1001")), Path(os.environ["CC_STATE"])
    stack.stop(state, "postgres")
    try:
        for answer in (alice.get("/api/seat/"), alice.post("/api/seat/ready/"), alice.get("/api/calls/")):
            assert answer.status_code == 503, (answer.request["PATH_INFO"], answer.json())
            assert answer.json() == {"detail": "The record cannot be read right now. Please try again in a moment."}
        health = alice.get("/api/health/")
        assert (health.status_code, health.json()["status"]) == (503, "away")
    finally:
        stack.start(state, "postgres")
        connection.close()
    assert alice.get("/api/seat/").status_code == 200


@pytest.mark.slow
def test_given_segments_on_record_when_there_is_a_snapshot_then_the_process_deletes_them(running: Any) -> None:
    from ccenter.calls.journal import Journal, segments
    from tests.django.centre_day import Day

    folder = running.state / "journal"
    journal, n = Journal(folder), 0
    for at, event, facts in Day(seed=9, calls=30).entries():
        n += 1
        journal.append(n, at, event, facts)
        if n % 100 == 0:
            journal.snapshot(n, {})
    assert len(segments(folder)) > 3
    wait_until(lambda: len(segments(folder)) == 1)
    assert [entry.n for entry in Journal(folder).load()[1]] == list(range(n - n % 100 + 1, n + 1))
