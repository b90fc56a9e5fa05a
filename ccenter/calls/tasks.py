"""Work off the path of a call: recordings become compact, and what is too old goes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.db.models import F, Model
from django.db.models.functions import Now
from django.utils import timezone

from ccenter.calls import logins, models
from ccenter.calls.alarms import raise_alarm
from ccenter.calls.audio import NotConverted, convert, peaks

log = logging.getLogger(__name__)

TRIES = 5
SETTLED = timedelta(seconds=20)  # after that the sweep takes what the recorder should have handed over
SWEEP = 500  # recordings at once
CONVERTING = 7001  # the first key of the advisory locks
BATCH = 5000  # rows deleted at once, so that nobody waits for a lock
REQUESTS_KEPT = timedelta(days=30)


class NotInside(Exception):
    """A path that leads out of the recordings folder."""


def _inside(path: str) -> Path:
    """A path on record, in the recordings folder. Raises NotInside."""
    folder = Path(settings.RECORDINGS).resolve()
    found = (folder / path).resolve()
    if not found.is_relative_to(folder) or found == folder:
        raise NotInside(path)
    return found


@contextmanager
def _alone(recording: str) -> Iterator[bool]:
    """Whether nobody else is at this recording for the time of the block: not the row is locked, for the recorder writes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [CONVERTING, recording])
        (got,) = cursor.fetchone()
        try:
            yield got
        finally:
            if got:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [CONVERTING, recording])


@shared_task
def convert_recording(recording: str) -> None:
    """Makes the compact file of a recording; once done, again does nothing. The original goes when the new file is checked.

    The sweep asks for what the recorder asked for already when the workers are behind: then one does it.
    """
    with _alone(recording) as alone:
        if alone:
            _convert(recording)


def _convert(recording: str) -> None:
    row = models.Recording.objects.filter(pk=recording, state="raw", deleted_at=None).first()
    if row is None:
        return
    mine = models.Recording.objects.filter(pk=recording)
    try:
        if row.converted_at is None:
            mine.update(attempts=F("attempts") + 1)
        raw = _inside(row.path)
        if row.converted_at is None:
            file = str(Path(row.path).with_suffix(".opus"))
            made = convert(raw, _inside(file))
            mine.update(
                file=file,
                file_bytes=made.bytes,
                sha256=made.sha256,
                seconds=made.seconds,
                peaks=peaks(raw),
                converted_at=Now(),
                error="",
            )
            models.Alarm.objects.filter(kind="conversion", subject=recording, cleared_at=None).update(cleared_at=Now())
        raw.unlink(missing_ok=True)
        mine.update(raw_deleted_at=Now())
    except (NotConverted, NotInside, OSError) as error:
        log.warning("recording %s: %s", recording, error)
        mine.update(error=str(error)[:500])
        raise_alarm("conversion", recording, str(error)[:500])


@shared_task
def sweep_recordings() -> int:
    """Converts what was missed: while Valkey was away, or when a try failed."""
    left = models.Recording.objects.filter(
        state="raw", converted_at=None, deleted_at=None, attempts__lt=TRIES, ended_at__lt=Now() - SETTLED
    )
    found = list(left.order_by("ended_at").values_list("id", flat=True)[:SWEEP])
    for recording in found:
        convert_recording(recording)
    return len(found)


@shared_task
def keep_retention() -> None:
    """Deletes what is too old: recordings by the setting of the centre, the rest of the record by KEEP_RECORD_DAYS."""
    centre = models.CentreSettings.objects.first() or models.CentreSettings()
    _delete_recordings(timedelta(days=centre.keep_recordings_days))
    _delete(models.Request, "created_at", REQUESTS_KEPT)
    _delete(models.MissedCaller, "told_at", REQUESTS_KEPT)
    _delete(models.LoginAttempt, "at", logins.KNOWN)
    days = timedelta(days=settings.KEEP_RECORD_DAYS)
    if days:
        for model, field in (
            (models.Fact, "at"),
            (models.CallOffer, "at"),
            (models.CallAgent, "at"),
            (models.AgentStateSpan, "ended_at"),
            (models.AgentDay, "day"),
            (models.Monitoring, "started_at"),
            (models.TrunkChannel, "started_at"),
            (models.RefusedCall, "at"),
            (models.CallbackEntry, "closed_at"),
            (models.CallbackAttempt, "at"),
            (models.SurgeSpan, "started_at"),
            (models.SurveyAnswer, "at"),
            (models.Call, "started_at"),
        ):
            _delete(model, field, days)
        _delete(models.Listening, "at", days + timedelta(days=365))


def _delete_recordings(age: timedelta) -> None:
    """Deletes the files; the row stays and says so."""
    for row in models.Recording.objects.filter(started_at__lt=Now() - age, deleted_at=None).iterator():
        for path in filter(None, (row.path, row.file)):
            try:
                _inside(path).unlink(missing_ok=True)
            except (NotInside, OSError) as error:
                raise_alarm("retention", row.id, f"{path} cannot be deleted: {error}"[:500])
        models.Recording.objects.filter(pk=row.pk).update(deleted_at=Now(), peaks=None)
    for message in models.Voicemail.objects.filter(at__lt=Now() - age).iterator():
        file = Path(settings.VOICEMAILS) / f"{message.id}.wav"
        if file.parent == Path(settings.VOICEMAILS):
            file.unlink(missing_ok=True)
        message.delete()


def _delete(model: type[Model], field: str, age: timedelta) -> None:
    """Deletes old rows, a batch at a time."""
    old = model._default_manager.filter(**{f"{field}__lt": timezone.now() - age})
    while True:
        keys = list(old.order_by(field).values_list("pk", flat=True)[:BATCH])
        if not keys:
            return
        model._default_manager.filter(pk__in=keys).delete()
