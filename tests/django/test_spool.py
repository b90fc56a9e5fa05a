"""The spool: what was noted while nobody else could, taken in once."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.django_db
AT = 1_800_000_000.25


def note(folder: Path, kind: str, number: str = "13800138000", ident: str = "", **more: Any) -> str:
    """A line as asterisk/agi/spool.py writes it."""
    ident = ident or str(uuid.uuid4())
    fields = {"at": AT, "dnis": "4001", "trunk": "demo", "language": "zh", "call": "ast1-1.5", **more}
    with (folder / f"{kind}.jsonl").open("a") as file:
        file.write(json.dumps({"id": ident, "number": number, **fields}) + "\n")
    return ident


def take_in(folder: Path) -> int:
    from ccenter.calls.spool import Spool

    spool = Spool(folder)
    return spool.take_in() + spool.take_in()


def test_given_notes_of_the_real_agi_server_when_taken_in_then_each_is_a_call_with_its_outcome(tmp_path: Path) -> None:
    import sys

    from ccenter.calls.models import Call, MissedCaller, RefusedCall

    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "asterisk" / "agi"))
    try:
        import spool as agi
    finally:
        sys.path.pop(0)
    about = {"dnis": "4001", "trunk": "demo", "language": "zh", "call": "ast1-1.5"}
    kept = agi.note(tmp_path, "callbacks", durable=True, number="057187654321", **about)
    refused = agi.note(tmp_path, "refused", durable=False, number="13911112222", reason="blacklist", **about)
    assert take_in(tmp_path) == 2
    owed, blocked = Call.objects.get(id=f"s-{kept}"), Call.objects.get(id=f"s-{refused}")
    assert (owed.outcome, owed.number, owed.city, owed.state) == ("CALLBACK", "+8657187654321", "杭州市", "ENDED")
    assert (blocked.outcome, blocked.note, blocked.trunk) == ("BLOCKED", "blacklist", "demo")
    missed = MissedCaller.objects.get()
    assert (str(missed.id), missed.number, missed.source) == (kept, "+8657187654321", "last_resort")
    assert (missed.dnis, missed.language, missed.at.timestamp(), missed.told_at) == (
        "4001",
        "zh",
        owed.started_at.timestamp(),
        None,
    )
    assert str(RefusedCall.objects.get().id) == refused
    assert list(tmp_path.iterdir()) == []


def test_given_a_file_being_written_when_taken_then_it_is_read_a_turn_later_and_no_line_is_lost(tmp_path: Path) -> None:
    from ccenter.calls.models import Call
    from ccenter.calls.spool import Spool

    spool = Spool(tmp_path)
    first = note(tmp_path, "refused")
    writer = (tmp_path / "refused.jsonl").open("a")
    assert spool.take_in() == 0
    writer.write(json.dumps({"id": str(uuid.uuid4()), "at": AT, "number": "13900000000"}) + "\n")
    writer.close()
    third = note(tmp_path, "refused")
    assert spool.take_in() == 2
    assert spool.take_in() == 1
    assert {f"s-{first}", f"s-{third}"} < set(Call.objects.values_list("id", flat=True))


def test_given_a_note_twice_or_a_caller_who_rang_twice_when_taken_in_then_nothing_is_double(tmp_path: Path) -> None:
    from ccenter.calls.models import Call, MissedCaller

    ident = note(tmp_path, "callbacks")
    note(tmp_path, "callbacks", ident=ident)
    note(tmp_path, "callbacks", "+86 138 0013 8000")
    assert take_in(tmp_path) == 2
    note(tmp_path, "callbacks", ident=ident)
    assert take_in(tmp_path) == 0
    assert Call.objects.count() == 2
    assert list(MissedCaller.objects.values_list("number", flat=True)) == ["+8613800138000"] * 2


def test_given_a_caller_for_whom_no_line_was_free_when_taken_in_then_they_are_blocked_and_the_core_is_to_hear_of_them(
    tmp_path: Path,
) -> None:
    from ccenter.calls.models import Call, MissedCaller, RefusedCall

    ident = note(tmp_path, "blocked", reason="no_line", language="en")
    assert take_in(tmp_path) == 1
    call, missed = Call.objects.get(), MissedCaller.objects.get()
    assert (call.outcome, call.note, call.callback) == ("BLOCKED", "no_line", False)
    assert (str(missed.id), missed.source, missed.language) == (ident, "blocked", "en")
    assert RefusedCall.objects.get().reason == "no_line"


def test_given_the_dialplans_own_lines_when_taken_in_then_they_count_once_too(tmp_path: Path) -> None:
    from ccenter.calls.models import Call, MissedCaller

    for _ in range(2):
        (tmp_path / "lastresort.csv").write_text("1800000000,13800138000,4001,demo,ast1-1.7,en\n\nbroken\n")
        take_in(tmp_path)
    call = Call.objects.get()
    assert (call.outcome, call.leg, call.language, call.number) == ("CALLBACK", "ast1-1.7", "en", "+8613800138000")
    assert MissedCaller.objects.get().number == "+8613800138000"


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe\n",
        b'{"id": "7", "at": 1}',
        b'{"at": 1.0, "number": "1"}',
        b"[]",
        b'{"id": 1, "at": "x"}',
        b"null",
        b'{"id": "5f0c2c3a-7f0c-4d4e-9d0a-2b1f0c9d8e7f", "at": 1e18}',
        b'{"id": "5f0c2c3a-7f0c-4d4e-9d0a-2b1f0c9d8e7f", "at": 1e300}',
    ],
)
def test_given_a_line_that_is_no_note_when_taken_in_then_there_is_an_alarm_and_the_rest_comes_in(
    tmp_path: Path, line: bytes
) -> None:
    from ccenter.calls.models import Alarm, Call

    (tmp_path / "callbacks.jsonl").write_bytes(line + b"\n")
    note(tmp_path, "callbacks")
    assert take_in(tmp_path) == 1
    assert Alarm.objects.get().kind == "spool"
    assert Call.objects.count() == 1


def test_given_a_note_the_database_refuses_among_hundreds_then_only_that_one_is_missing_and_there_is_an_alarm(
    tmp_path: Path,
) -> None:
    from django.db import connection

    from ccenter.calls.models import Alarm, Call, MissedCaller

    with connection.cursor() as cursor:  # undone with the test
        cursor.execute("ALTER TABLE calls_call ADD CONSTRAINT no_such CHECK (dnis <> 'refused')")
    for n in range(450):
        note(tmp_path, "blocked", f"138{n:08}", reason="no_line", dnis="refused" if n == 230 else "4001")
    assert take_in(tmp_path) == 449
    assert Call.objects.filter(outcome="BLOCKED").count() == MissedCaller.objects.count() == 449
    assert Alarm.objects.get().kind == "spool"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", ["", "anonymous", "x" * 64, "'; DROP TABLE calls_call; --", "\0", "中文"])
def test_given_any_number_when_taken_in_then_the_call_is_on_record_and_only_real_numbers_are_owed_a_call(
    tmp_path: Path, number: str
) -> None:
    from ccenter.calls.models import Call, MissedCaller

    note(tmp_path, "callbacks", number)
    assert take_in(tmp_path) == 1
    assert Call.objects.get().outcome == "CALLBACK"
    assert not MissedCaller.objects.exists()


def test_given_no_spool_when_taken_in_then_nothing_happens(tmp_path: Path) -> None:
    assert take_in(tmp_path / "none") == 0
