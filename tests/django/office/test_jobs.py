"""Work in the background: by a real worker over Valkey, watched, stopped, and gone on with after a crash."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

URL = "/api/office/jobs/"
NAME = "branches.add"  # any action will do


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch, media: Path) -> dict[str, Callable[[Any], None]]:
    from ccenter.office import jobs

    found: dict[str, Callable[[Any], None]] = {}
    monkeypatch.setattr(jobs, "_kinds", found)
    return found


def body(answer: Any) -> bytes:
    found = b"".join(answer.streaming_content)
    for close in answer._resource_closers:  # its own close() would end the test's connection as well
        close()
    return found


def begun(client: Any, **options: Any) -> Any:
    """A job in the database, as `start` leaves it before a worker has it."""
    from ccenter.office import jobs

    return jobs.start(client.user, NAME, **options)


def copy_lines(job: Any) -> None:
    """Takes the lines of the upload, all but the empty ones, two at a time."""
    from django.db import transaction

    lines = job.upload.read_text().split("\n")
    job.total(len(lines))
    with job.result("lines.txt") as file:
        while job.place < len(lines):
            chunk = lines[job.place : job.place + 2]
            with transaction.atomic():
                for number, line in enumerate(chunk, job.place + 1):
                    if line:
                        file.write(f"{line}\n".encode())
                        job.report["taken"] = job.report.get("taken", 0) + 1
                    else:
                        job.refuse(number, {"line": line, "formula": "=1+1"}, {"line": ["empty"]})
                job.advance(len(chunk))


@pytest.mark.django_db(transaction=True)
def test_given_an_upload_when_a_worker_has_done_it_then_its_owner_gets_result_and_refused_rows(
    login: Callable[..., Any], kinds: dict[str, Any]
) -> None:
    from celery.contrib.testing.worker import start_worker

    from ccenter.celery import app

    kinds[NAME] = copy_lines
    root, eve = login("root", "admin"), login("eve", "office_admin")
    app.control.purge()  # what tests before have left
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=30):
        job = begun(eve, upload=SimpleUploadedFile("lines.txt", b"a\n\nb\n\nc"))
        address = f"{URL}{job.pk}/"
        for _ in range(600):
            if (seen := eve.get(address).json())["state"] not in ("queued", "running"):
                break
            time.sleep(0.05)
    assert (seen["state"], seen["total"], seen["done"], seen["refused"], seen["report"]) == ("done", 5, 5, 2, {"taken": 3})
    assert (seen["kind"], seen["owner"], seen["result"]) == (NAME, "eve", "lines.txt")
    result = eve.get(f"{address}result/")
    assert (body(result), "lines.txt" in result.headers["Content-Disposition"]) == (b"a\nb\nc\n", True)
    refused = body(eve.get(f"{address}refused/")).decode("utf-8-sig").splitlines()
    assert refused == ["row,line,formula,why not", "2,,'=1+1,line: empty", "4,,'=1+1,line: empty"]
    assert login("mallory", "agent").get(address).status_code == 404
    assert body(root.get(f"{address}result/")) == b"a\nb\nc\n"


@pytest.mark.django_db
def test_given_a_worker_that_died_when_another_goes_on_then_nothing_is_done_twice(
    login: Callable[..., Any], kinds: dict[str, Any]
) -> None:
    from ccenter.office import jobs
    from ccenter.office.models import Job

    class Killed(BaseException):
        pass

    taken: list[int] = []

    def work(job: Any) -> None:
        job.total(6)
        while job.place < 6:
            job.refuse(job.place, {"n": job.place}, ["no"])
            taken.append(job.place)
            job.advance(1)
            if taken == [0, 1]:
                job.refuse(job.place, {"n": "written, not told"}, ["no"])
                job._write_refused()
                raise Killed

    kinds[NAME] = work
    root = login("root", "admin")
    job = begun(root)
    with pytest.raises(Killed):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.place) == (Job.State.RUNNING, 2)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.run, job.done, job.refused, taken) == (Job.State.DONE, 2, 6, 6, list(range(6)))
    lines = body(root.get(f"{URL}{job.pk}/refused/")).decode("utf-8-sig").splitlines()
    assert lines == ["row,n,why not", *(f"{n},{n},no" for n in range(6))]
    jobs.run(job.pk)
    assert taken == list(range(6))


@pytest.mark.django_db(transaction=True)
def test_given_a_job_that_a_worker_has_when_another_is_handed_it_then_it_leaves_it_alone(
    login: Callable[..., Any], kinds: dict[str, Any]
) -> None:
    import threading

    from django.db import connections

    from ccenter.office import jobs

    runs: list[int] = []

    def second(key: int) -> None:
        try:
            jobs.run(key)
        finally:
            connections.close_all()

    def work(job: Any) -> None:
        runs.append(1)
        other = threading.Thread(target=second, args=[job._job.pk])
        other.start()
        other.join(30)

    kinds[NAME] = work
    job = begun(login("root", "admin"))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, runs) == ("done", [1])


@pytest.mark.django_db
def test_given_a_job_under_way_when_cancelled_then_it_stops_at_its_next_step(
    login: Callable[..., Any], kinds: dict[str, Any]
) -> None:
    from ccenter.office import jobs

    root, alice = login("root", "admin"), login("alice", "agent")
    done: list[int] = []

    def work(job: Any) -> None:
        while True:
            job.advance(1)
            done.append(1)
            if len(done) == 3:
                assert alice.post(f"{URL}{job._job.pk}/cancel/").status_code == 404
                assert root.post(f"{URL}{job._job.pk}/cancel/").json()["cancel_asked"] is True

    kinds[NAME] = work
    job = begun(root)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 3)
    again = root.post(f"{URL}{job.pk}/cancel/")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    waiting = begun(root)
    assert root.post(f"{URL}{waiting.pk}/cancel/").json()["state"] == "cancelled"
    jobs.run(waiting.pk)
    assert len(done) == 3


@pytest.mark.django_db
def test_given_a_job_that_cannot_be_done_when_it_ends_then_it_says_why_but_not_what_only_we_should_know(
    login: Callable[..., Any], kinds: dict[str, Any]
) -> None:
    from django.core.exceptions import ValidationError

    from ccenter.office import jobs

    def wrong(job: Any) -> None:
        raise jobs.JobFailed("This is no table.")

    def invalid(job: Any) -> None:
        raise ValidationError({"file": "No column is called number."})

    def broken(job: Any) -> None:
        raise KeyError("13800138000")

    root = login("root", "admin")
    said = []
    for work in (wrong, invalid, broken):
        kinds[NAME] = work
        job = begun(root)
        jobs.run(job.pk)
        job.refresh_from_db()
        said.append((job.state, job.message))
    assert said[:2] == [("failed", "This is no table."), ("failed", "No column is called number.")]
    assert said[2][0] == "failed" and "13800138000" not in said[2][1]
    assert root.get(f"{URL}{job.pk}/result/").status_code == 404


@pytest.mark.django_db
def test_given_who_may_not_when_they_start_then_there_is_no_job(login: Callable[..., Any], kinds: dict[str, Any]) -> None:
    from django.core.exceptions import PermissionDenied, ValidationError

    from ccenter.office import jobs
    from ccenter.office.models import Job

    kinds[NAME] = copy_lines
    with pytest.raises(PermissionDenied):
        begun(login("alice", "agent"))
    with pytest.raises(LookupError):
        jobs.start(login("root", "admin").user, "branches.change")
    huge = SimpleUploadedFile("x.csv", b"")
    huge.size = jobs.LARGEST + 1
    with pytest.raises(ValidationError):
        begun(login("boss", "admin"), upload=huge)
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_given_valkey_away_when_a_job_is_started_then_the_sweep_hands_it_over_later(
    login: Callable[..., Any],
    kinds: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    from kombu.exceptions import OperationalError

    from ccenter.celery import app
    from ccenter.office import tasks

    kinds[NAME] = copy_lines
    sent: list[Any] = []

    def away(*_arguments: Any, **_options: Any) -> None:
        raise OperationalError("no Valkey")

    with monkeypatch.context() as broken, django_capture_on_commit_callbacks(execute=True):
        broken.setattr(app, "send_task", away)
        job = begun(login("root", "admin"))
    monkeypatch.setattr(app, "send_task", lambda name, arguments, **options: sent.append((name, arguments)))
    tasks.sweep_jobs()
    assert sent == [("ccenter.office.tasks.run_job", (job.pk,))]


@pytest.mark.django_db
def test_given_old_jobs_when_tidied_then_they_go_with_their_files(
    login: Callable[..., Any], kinds: dict[str, Any], media: Path
) -> None:
    from django.db.models.functions import Now

    from ccenter.office import jobs, tasks
    from ccenter.office.models import Job

    kinds[NAME] = copy_lines
    root = login("root", "admin")
    old, new = [begun(root, upload=SimpleUploadedFile("x.txt", b"a")) for _ in range(2)]
    for job in (old, new):
        jobs.run(job.pk)
    assert (media / "jobs" / str(old.pk) / "result").exists()
    Job.objects.filter(pk=old.pk).update(ended_at=Now() - jobs.KEPT)
    tasks.tidy()
    assert list(Job.objects.values_list("pk", flat=True)) == [new.pk]
    assert not (media / "jobs" / str(old.pk)).exists()
    assert (media / "jobs" / str(new.pk) / "result").exists()
