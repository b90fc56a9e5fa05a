"""Work in the background: who asks for it watches it, stops it, and gets its files.

    @jobs.kind("customers.import")            # the name of an action: who may start it has that right
    def run(job: Progress) -> None:
        job.total(count(job.upload))
        for rows in chunks(job.upload, job.place):        # 0, or where a worker that died had come to
            with transaction.atomic():
                for number, row in rows:
                    if errors := ...: job.refuse(number, row, errors)
                job.advance(len(rows))                    # committed with the rows: nothing is done twice; raises Cancelled

Kinds are registered when the app starts (AppConfig.ready imports their module). Files lie in MEDIA_ROOT/jobs/<id>, a month.
A result is written anew by whoever goes on with the job: an export begins from its start.
"""

import csv
import io
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import Error, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from ccenter.celery import app
from ccenter.office import rights
from ccenter.office.errors import Conflict
from ccenter.office.models import Job

log = logging.getLogger(__name__)

LOCKS = 0x0FF1CE  # the first half of the advisory locks' keys
KEPT = timedelta(days=30)
LARGEST = 200 * 2**20  # bytes of an upload


class Cancelled(Exception):
    """The owner does not want it any more, or another worker has taken the job over."""


class JobFailed(Exception):
    """It cannot be done; the text is for the owner."""


Work = Callable[["Progress"], None]
_kinds: dict[str, Work] = {}


def kind(name: str) -> Callable[[Work], Work]:
    """Registers the function that does the jobs of this kind."""

    def registered(work: Work) -> Work:
        _kinds[name] = work
        return work

    return registered


def kinds() -> list[str]:
    """The names of all kinds of jobs."""
    return sorted(_kinds)


def start(user: Any, name: str, params: Mapping[str, Any] | None = None, upload: File | None = None) -> Job:
    """A job, begun once this transaction is committed. Raises PermissionDenied, ValidationError for a file too large."""
    rights.require(user, name)
    if name not in _kinds:
        raise LookupError(f"no such kind of job: {name}")
    if upload is not None and (upload.size or 0) > LARGEST:
        raise ValidationError({"file": _("The file is too large.")})
    job = Job.objects.create(owner=user, kind=name, params=dict(params or {}), language=translation.get_language() or "")
    if upload is not None:
        job.upload = f"upload{Path(upload.name or '').suffix.lower()[:8]}"
        with (_made(job) / job.upload).open("xb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        job.save(update_fields=["upload"])
    key = job.pk
    transaction.on_commit(lambda: hand_over(key))
    return job


def hand_over(key: int) -> None:
    """To the workers; when Valkey is away, the sweep will."""
    with suppress(OperationalError):
        app.send_task("ccenter.office.tasks.run_job", (key,), retry=False)


def cancel(user: Any, job: Job) -> Job:
    """One that waits ends at once, one under way at its next step. Raises PermissionDenied, Conflict when it has ended."""
    rights.require(user, "jobs.cancel", job)
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.state not in Job.OPEN:
            raise Conflict(_("This job has ended."))
        row.cancel_asked = True
        if row.state == Job.State.QUEUED:
            row.state, row.ended_at = Job.State.CANCELLED, Now()
        row.save(update_fields=["cancel_asked", "state", "ended_at"])
    row.refresh_from_db()
    return row


def folder(job: Job) -> Path:
    return Path(settings.MEDIA_ROOT) / "jobs" / str(job.pk)


def _made(job: Job) -> Path:
    found = folder(job)
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


class Progress:
    """What the work of a job reads and tells. All that is told is written with `advance`, in the transaction around it."""

    def __init__(self, job: Job) -> None:
        self._job, self._run = job, job.run
        self._lines: list[bytes] = []
        self._refused = 0
        self.user: Any = job.owner
        self.params: dict[str, Any] = job.params
        self.place: int = job.place
        self.report: dict[str, Any] = job.report  # what the kind has to say: {"added": 10, "changed": 2}; change it in place

    @property
    def upload(self) -> Path:
        return folder(self._job) / self._job.upload

    def total(self, rows: int) -> None:
        self._update(total=rows)

    def check(self) -> None:
        """Raises Cancelled when it is wanted no more."""
        self.advance(0)

    def advance(self, rows: int, place: int | None = None) -> None:
        """`rows` more are done, those refused among them. `place`: where to go on after a crash; without it, `rows` further.

        Raises Cancelled.
        """
        self.place = self.place + rows if place is None else place
        size = self._write_refused()
        more = {"done": F("done") + rows, "refused": F("refused") + self._refused}
        self._update(**more, refused_size=size, place=self.place, report=self.report)
        self._refused = 0

    def refuse(self, number: int, row: Mapping[str, Any], reasons: Sequence[str] | Mapping[str, Sequence[str]]) -> None:
        """A row that could not be taken, and why: for the file of refused rows, told with the next `advance`."""
        if isinstance(reasons, Mapping):
            texts = [f"{field}: {' '.join(map(str, why))}" for field, why in reasons.items()]
        else:
            texts = [str(why) for why in reasons]
        if not self._job.refused_size and not self._lines:
            self._lines.append(b"\xef\xbb\xbf" + _csv([_("row"), *row, _("why not")]))
        self._lines.append(_csv([number, *row.values(), "; ".join(texts)]))
        self._refused += 1

    @contextmanager
    def result(self, name: str) -> Iterator[IO[bytes]]:
        """The file the owner gets, under this name; there once the block has ended well."""
        path = _made(self._job) / "result"
        with path.with_suffix(".part").open("wb") as file:
            yield file
        path.with_suffix(".part").rename(path)
        self._update(result=name)

    def _write_refused(self) -> int:
        """Appends to the file as far as it is told of: what a worker wrote before it died is written over."""
        if self._lines:
            path = _made(self._job) / "refused.csv"
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.truncate(self._job.refused_size)
                file.seek(0, io.SEEK_END)
                file.write(b"".join(self._lines))
                self._job.refused_size = file.tell()
            self._lines.clear()
        return self._job.refused_size

    def _update(self, **values: Any) -> None:
        mine = Job.objects.filter(pk=self._job.pk, run=self._run, state=Job.State.RUNNING, cancel_asked=False)
        if not mine.update(**values):
            raise Cancelled


def _csv(cells: Sequence[Any]) -> bytes:
    """A line for a spreadsheet, in which no cell is a formula."""
    line = io.StringIO()
    texts = ["" if cell is None else str(cell) for cell in cells]
    csv.writer(line).writerow([f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text for text in texts])
    return line.getvalue().encode()


# -- in the worker ---------------------------------------------------------------------------------------------


def run(key: int) -> None:
    """Does a job, or goes on with one whose worker died; does nothing while another worker has it."""
    with _only_here(key) as mine:
        if not mine:
            return
        job = Job.objects.select_related("owner").filter(pk=key, state__in=Job.OPEN).first()
        if job is None:
            return
        Job.objects.filter(pk=key).update(state=Job.State.RUNNING, run=F("run") + 1, started_at=job.started_at or Now())
        job.refresh_from_db(fields=["run", "state", "started_at"])
        with translation.override(job.language or settings.LANGUAGE_CODE):
            _end(job, *_work(job))


def _work(job: Job) -> tuple[str, str]:
    """The state it ends in, and why."""
    try:
        progress = Progress(job)
        _kinds[job.kind](progress)
        progress.check()
    except Cancelled:
        return Job.State.CANCELLED, ""
    except JobFailed as error:
        return Job.State.FAILED, str(error)[:500]
    except ValidationError as error:
        return Job.State.FAILED, " ".join(error.messages)[:500]
    except Exception:
        log.exception("job %s (%s)", job.pk, job.kind)
        return Job.State.FAILED, _("Something went wrong; the administrators find more in the log.")
    return Job.State.DONE, ""


def _end(job: Job, state: str, message: str) -> None:
    mine = Job.objects.filter(pk=job.pk, run=job.run, state=Job.State.RUNNING)
    mine.update(state=state, message=message, ended_at=Now())


@contextmanager
def _only_here(key: int) -> Iterator[bool]:
    """Whether this process has the job now; the lock goes with the connection, so a dead worker holds none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, key])
        got = cursor.fetchone()[0]
    try:
        yield got
    finally:
        if got:
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, key])


def remove_old() -> int:
    """Jobs that ended long ago, with their files."""
    old = list(Job.objects.filter(ended_at__lt=Now() - KEPT).order_by("pk")[:1000])
    for job in old:
        shutil.rmtree(folder(job), ignore_errors=True)
        job.delete()
    return len(old)
