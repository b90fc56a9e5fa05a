"""Recordings: from raw samples to a file a browser plays, who may hear it, and when it goes."""

import hashlib
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

pytestmark = pytest.mark.django_db
RATE = 8000


def samples(seconds: float, left: float = 440.0, right: float = 1000.0) -> np.ndarray:
    """A tone on each channel; 0 Hz is silence."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.stack([8000 * np.sin(2 * np.pi * left * t), 8000 * np.sin(2 * np.pi * right * t)], 1).astype("<i2")


def played(file: Path) -> np.ndarray:
    """What a player makes of the file."""
    done = subprocess.run(
        ["opusdec", "--quiet", "--rate", str(RATE), "--no-dither", str(file), "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, "<i2").reshape(-1, 2)


def level(sound: np.ndarray, hertz: float) -> float:
    """The part of a tone in a sound, in dB of its power."""
    spectrum = np.abs(np.fft.rfft(sound.astype(float) * np.hanning(len(sound)))) ** 2
    at = round(hertz * len(sound) / RATE)
    return float(10 * np.log10(spectrum[at - 3 : at + 4].sum() / max(spectrum.sum(), 1e-9) + 1e-12))


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RECORDINGS = tmp_path / "recordings"
    return tmp_path / "recordings"


def keep(folder: Path, ident: str = "ast1-r1", sound: Any = None, **more: Any) -> Any:
    """A recording on record, and its raw file if there is a sound."""
    from ccenter.calls.models import Recording

    path = f"2027/01/15/{ident}.raw"
    if sound is not None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(bytes(sound) if isinstance(sound, bytes) else sound.tobytes())
    options = {"call": "c1", "state": "raw", "path": path, "started_at": timezone.now(), "ended_at": timezone.now(), **more}
    return Recording.objects.create(id=ident, **options)


def test_given_a_raw_file_when_converted_then_it_plays_and_each_speaker_is_on_their_own_channel(folder: Path) -> None:
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder, sound=samples(4.0))
    raw = folder / recording.path
    convert_recording(recording.id)
    recording.refresh_from_db()
    file = folder / recording.file
    assert recording.file == "2027/01/15/ast1-r1.opus" and recording.error == ""
    assert recording.seconds == pytest.approx(4.0, abs=0.02)
    assert (recording.file_bytes, recording.sha256) == (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
    assert file.stat().st_mode & 0o077 == 0
    assert not raw.exists() and recording.raw_deleted_at
    sound = played(file)[RATE // 2 : 3 * RATE]
    assert level(sound[:, 0], 440) > -3 > -50 > level(sound[:, 0], 1000)
    assert level(sound[:, 1], 1000) > -3 > -50 > level(sound[:, 1], 440)


def test_given_one_who_is_silent_when_converted_then_nothing_of_the_other_is_heard_there(folder: Path) -> None:
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder, sound=samples(3.0, right=0.0))
    convert_recording(recording.id)
    recording.refresh_from_db()
    sound = played(folder / recording.file)
    assert np.abs(sound[:, 1]).max() < np.abs(sound[:, 0]).max() / 1000


def test_given_a_recording_when_converted_again_then_nothing_changes(folder: Path) -> None:
    from ccenter.calls.models import Recording
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder, sound=samples(1.0))
    convert_recording(recording.id)
    first = Recording.objects.values().get()
    convert_recording(recording.id)
    convert_recording("no-such-recording")
    assert {**Recording.objects.values().get(), "raw_deleted_at": None} == {**first, "raw_deleted_at": None}


@pytest.mark.django_db(transaction=True)
def test_given_workers_who_are_asked_for_the_same_recording_at_once_then_one_does_it_and_nobody_misses_the_original(
    folder: Path,
) -> None:
    from django.db import connection

    from ccenter.calls.models import Alarm
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder, sound=samples(30.0))
    together = threading.Barrier(4)

    def work(_number: int) -> None:
        try:
            together.wait()
            convert_recording(recording.id)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    recording.refresh_from_db()
    assert (recording.error, recording.attempts, Alarm.objects.count()) == ("", 1, 0)
    assert recording.converted_at and recording.raw_deleted_at and (folder / recording.file).is_file()


def test_given_a_worker_that_died_after_the_file_when_another_comes_then_it_ends_the_work(folder: Path) -> None:
    from ccenter.calls.models import Recording
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder, sound=samples(1.0))
    (folder / "2027/01/15/ast1-r1.opus").write_bytes(b"half a file")
    convert_recording(recording.id)
    recording.refresh_from_db()
    assert recording.converted_at and len(played(folder / recording.file)) > RATE // 2
    (folder / recording.path).write_bytes(b"left behind before it was deleted")
    Recording.objects.update(raw_deleted_at=None)
    convert_recording(recording.id)
    assert not (folder / recording.path).exists()


@pytest.mark.parametrize(
    ("sound", "path", "says"),
    [
        (None, "2027/01/15/gone.raw", "No such file"),
        (b"", "2027/01/15/ast1-r1.raw", "is empty"),
        (b"abc", "2027/01/15/ast1-r1.raw", "is empty"),
        (None, "../../../etc/passwd", "etc/passwd"),
        (None, "/etc/passwd", "etc/passwd"),
        (None, "", ""),
    ],
)
def test_given_no_fit_file_when_converted_then_there_is_an_alarm_and_the_sweep_gives_up_in_the_end(
    folder: Path, sound: Any, path: str, says: str
) -> None:
    from ccenter.calls.models import Alarm, Recording
    from ccenter.calls.tasks import TRIES, convert_recording, sweep_recordings

    keep(folder, sound=sound)
    Recording.objects.update(path=path, ended_at=timezone.now() - timedelta(minutes=5))
    convert_recording("ast1-r1")
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject) == ("conversion", "ast1-r1") and says in alarm.text
    assert Path("/etc/passwd").exists()
    for _ in range(TRIES + 2):
        sweep_recordings()
    assert Alarm.objects.get().count <= TRIES
    assert sweep_recordings() == 0


def test_given_an_alarm_when_the_recording_is_converted_after_all_then_it_is_cleared(folder: Path) -> None:
    from ccenter.calls.models import Alarm
    from ccenter.calls.tasks import convert_recording

    recording = keep(folder)
    convert_recording(recording.id)
    assert Alarm.objects.filter(cleared_at=None).count() == 1
    (folder / recording.path).parent.mkdir(parents=True)
    (folder / recording.path).write_bytes(samples(1.0).tobytes())
    convert_recording(recording.id)
    assert Alarm.objects.filter(cleared_at=None).count() == 0


def test_given_recordings_nobody_handed_over_when_swept_then_they_are_converted_but_not_those_just_ended(folder: Path) -> None:
    from ccenter.calls.models import Recording
    from ccenter.calls.tasks import sweep_recordings

    for ident, age in (("ast1-r1", 60), ("ast1-r2", 0)):
        keep(folder, ident, samples(0.5), ended_at=timezone.now() - timedelta(seconds=age))
    keep(folder, "ast1-r3", state="failed", ended_at=timezone.now() - timedelta(seconds=60))
    assert sweep_recordings() == 1
    assert list(Recording.objects.exclude(converted_at=None).values_list("id", flat=True)) == ["ast1-r1"]


# -- listening -------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(folder: Path) -> Any:
    from ccenter.calls.models import Call, CallAgent
    from ccenter.calls.tasks import convert_recording

    Call.objects.create(id="c1", started_at=timezone.now())
    for seq, (agent, spoke) in enumerate([("1001", True), ("1002", False)]):
        CallAgent.objects.create(call="c1", agent=agent, seq=seq, at=timezone.now(), spoke=spoke)
    recording = keep(folder, sound=samples(2.0))
    convert_recording(recording.id)
    recording.refresh_from_db()
    return recording


async def _whole(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def body(response: Any) -> bytes:
    from asgiref.sync import async_to_sync

    return async_to_sync(_whole)(response)


AUDIO = "/api/recordings/ast1-r1/audio/"


def test_given_who_spoke_or_leads_when_they_listen_then_they_hear_it_and_it_is_on_record(ready: Any, folder: Path) -> None:
    from ccenter.calls.models import Listening
    from tests.django.people import client, person

    whole = (folder / ready.file).read_bytes()
    for name, role, seat in (("alice", "agent", "1001"), ("lead", "lead", ""), ("admin", "admin", "")):
        who = client(person(name, role, seat))
        assert who.get("/api/calls/c1/").json()["recordings"][0]["audio"] == AUDIO
        answer = who.get(AUDIO)
        assert (answer.status_code, answer["Content-Type"], answer["Accept-Ranges"]) == (200, "audio/ogg", "bytes")
        assert body(answer) == whole
        body(who.get(AUDIO, headers={"Range": "bytes=10-"}))
    heard = Listening.objects.values_list("user__username", "recording", "call", "address")
    assert sorted(heard) == [(name, "ast1-r1", "c1", "127.0.0.1") for name in ("admin", "alice", "lead")]


def test_given_who_only_was_rung_or_had_nothing_to_do_with_it_when_they_ask_then_it_is_not_there(ready: Any) -> None:
    from ccenter.calls.models import Listening
    from tests.django.people import client, person

    bob = client(person("bob", "agent", "1002"))
    assert bob.get("/api/calls/c1/").json()["recordings"][0]["audio"] is None
    for who in (bob, client(person("carol", "agent", "1003"))):
        assert who.get(AUDIO).status_code == 404
    assert not Listening.objects.exists()


@pytest.mark.parametrize(
    ("header", "status", "first", "last"),
    [
        ("bytes=0-", 200, 0, None),
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=-50", 206, -50, None),
        ("bytes=100-99999999", 206, 100, None),
        ("bytes=99999999-", 416, 0, 0),
        ("bytes=200-100", 416, 0, 0),
        ("bytes=-", 200, 0, None),
        ("bytes=1-2,5-6", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_given_a_range_when_asked_for_then_just_those_bytes_come(
    ready: Any, folder: Path, header: str, status: int, first: int, last: int | None
) -> None:
    from tests.django.people import client, person

    whole = (folder / ready.file).read_bytes()
    answer = client(person("lead", "admin")).get(AUDIO, headers={"Range": header})
    assert answer.status_code == status
    if status == 416:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"
        return
    wanted = whole[first:last]
    assert body(answer) == wanted and int(answer["Content-Length"]) == len(wanted)
    if status == 206:
        start = first if first >= 0 else len(whole) + first
        assert answer["Content-Range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(whole)}"


# -- voicemail -------------------------------------------------------------------------------------------------


def test_given_messages_when_agents_ask_then_each_hears_their_own_and_their_queues_and_hearing_is_on_record(
    folder: Path, settings: Any
) -> None:
    from ccenter.calls.models import Listening, Voicemail
    from tests.django.people import client, person

    settings.VOICEMAILS = folder
    folder.mkdir()
    for ident, mailbox in (("ast1-m1", "agent:1001"), ("ast1-m2", "sales"), ("ast1-m3", "agent:1002"), ("ast1-m4", "board")):
        Voicemail.objects.create(id=ident, call="c1", mailbox=mailbox, at=timezone.now(), seconds=3.0)
        (folder / f"{ident}.wav").write_bytes(b"RIFF" + ident.encode())
    alice, lead = client(person("alice", "agent", "1001")), client(person("lead", "admin"))

    def ids(who: Any, query: str = "") -> set[str]:
        return {message["id"] for message in who.get(f"/api/voicemails/{query}").json()["results"]}

    assert ids(alice) == {"ast1-m1", "ast1-m2"} and len(ids(lead)) == 4
    assert ids(lead, "?mailbox=board") == {"ast1-m4"}
    for ident, status in (("ast1-m1", 200), ("ast1-m2", 200), ("ast1-m3", 404), ("ast1-m4", 404), ("ast1-m9", 404)):
        assert alice.get(f"/api/voicemails/{ident}/audio/").status_code == status
    assert body(alice.get("/api/voicemails/ast1-m1/audio/", headers={"Range": "bytes=4-"})) == b"ast1-m1"
    assert ids(alice, "?heard=false") == set() and ids(lead, "?heard=true") == {"ast1-m1", "ast1-m2"}
    assert Voicemail.objects.get(pk="ast1-m1").heard_by.username == "alice"
    assert sorted(Listening.objects.values_list("recording", flat=True)) == ["ast1-m1", "ast1-m2"]


# -- retention -------------------------------------------------------------------------------------------------


def test_given_old_and_new_when_retention_runs_then_the_old_goes_and_who_listened_stays(
    ready: Any, folder: Path, settings: Any
) -> None:
    from ccenter.calls.models import Call, CallAgent, CentreSettings, Fact, Listening, Recording, Voicemail
    from ccenter.calls.tasks import keep_retention
    from tests.django.people import client, person

    lead = client(person("lead", "admin"))
    body(lead.get(AUDIO))
    CentreSettings.objects.create(keep_recordings_days=100)
    settings.VOICEMAILS = folder / "voicemail"
    settings.VOICEMAILS.mkdir()
    (settings.VOICEMAILS / "ast1-m1.wav").write_bytes(b"RIFF")
    Voicemail.objects.create(id="ast1-m1", call="c0", mailbox="sales", at=timezone.now() - timedelta(days=101))
    old, older = timezone.now() - timedelta(days=101), timezone.now() - timedelta(days=400)
    keep(folder, "ast1-r2", samples(0.5), started_at=old)
    Recording.objects.filter(pk="ast1-r1").update(started_at=old)
    Call.objects.create(id="c0", started_at=older)
    CallAgent.objects.create(call="c0", agent="1001", seq=1, at=older)
    Fact.objects.create(seq=1, at=older, type="CallStarted", call="c0")
    settings.KEEP_RECORD_DAYS = 0
    keep_retention()
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert Recording.objects.filter(deleted_at=None).count() == 0 == Voicemail.objects.count()
    assert lead.get(AUDIO).status_code == 404
    assert lead.get("/api/calls/c1/").json()["recordings"][0]["state"] == "deleted"
    assert Call.objects.filter(id="c0").exists()
    settings.KEEP_RECORD_DAYS = 365
    keep_retention()
    assert set(Call.objects.values_list("id", flat=True)) == {"c1"}
    assert not Fact.objects.exists() and CallAgent.objects.count() == 2
    assert Listening.objects.count() == 1


def test_given_no_opus_file_when_its_length_is_asked_then_it_says_so(tmp_path: Path) -> None:
    from ccenter.calls.audio import NotConverted, duration

    for text in (b"", b"OggS", b"OpusHead" + b"x" * 40):
        (tmp_path / "x").write_bytes(text)
        with pytest.raises(NotConverted):
            duration(tmp_path / "x")
