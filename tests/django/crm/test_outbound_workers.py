"""Outbound calls with Celery's own processes over Valkey: killed in the middle, two beats at once, and each asked for once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ccenter.calls.models import Request
from crm.models import OutboundTask
from crm.services import outbound
from tests.django.crm import service

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
WITHIN = 120.0  # seconds; a worker takes some to start on a busy machine
WORKER = ("worker", "--pool", "threads", "--concurrency", "2", "--without-gossip", "--without-mingle")
BEAT = ("beat", "--scheduler", "celery.beat:Scheduler", "--pidfile=")
STUCK = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO "calls_request"%'
"""


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WITHIN
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {WITHIN} s: {what}"
        time.sleep(0.05)
    return value


def database() -> str:
    about = connection.settings_dict
    return f"postgres://{about['USER']}:{about['PASSWORD']}@{about['HOST']}:{about['PORT']}/{about['NAME']}"


@pytest.fixture
def celery() -> Iterator[Callable[[tuple[str, ...]], Any]]:
    """`celery(WORKER)`: the process, over a queue of this test's own; killed afterwards."""
    server = settings.REDIS_URL.rpartition("/")[0] if settings.REDIS_URL.count("/") > 2 else settings.REDIS_URL
    environment = {**os.environ, "DATABASE_URL": database(), "REDIS_URL": f"{server}/9"}
    begun: list[subprocess.Popen[bytes]] = []

    def start(what: tuple[str, ...]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "ccenter.celery", what[0], "--loglevel", "error", *what[1:]]
        begun.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
    for process in begun:
        process.wait()
    end_sessions()


def end_sessions() -> None:
    """Those of processes that were killed: the tables cannot be emptied before they are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = ''"
        )


@contextmanager
def nobody_asks() -> Iterator[None]:
    """Meanwhile no request can be written: whoever tries stands still in the middle of releasing."""
    other = psycopg2.connect(database())
    try:
        other.cursor().execute("LOCK TABLE calls_request IN SHARE MODE")
        yield
    finally:
        other.rollback()
        other.close()


def stuck() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(STUCK)
        return [pid for (pid,) in cursor.fetchall()]


def planned(user: Any, customer: Any) -> OutboundTask:
    return outbound.plan(user, customer, "问候", due_at=timezone.now() + timedelta(seconds=2))


def is_released(task: OutboundTask) -> bool:
    task.refresh_from_db()
    return task.state == "released"


def asked(task: OutboundTask) -> int:
    return Request.objects.filter(action="ReleaseTask", params__task=str(task.callback)).count()


def test_given_a_worker_killed_in_the_middle_of_releasing_when_two_beats_go_on_then_each_call_is_asked_for_once(
    celery: Callable[[tuple[str, ...]], Any],
) -> None:
    alice, who = service.agent("alice", "1001"), service.customer()
    first = planned(alice, who)
    with nobody_asks():
        worker, _beat = celery(WORKER), celery(BEAT)
        until(stuck, "the worker stands still in the middle of releasing")
        worker.kill()
        worker.wait()
    until(lambda: not stuck(), "what it had begun is given up")
    assert (is_released(first), asked(first)) == (False, 0)
    for what in (BEAT, WORKER, WORKER):
        celery(what)
    until(lambda: is_released(first), "another worker releases it")
    second = planned(alice, who)  # beats go on: what they did before is done by then
    until(lambda: is_released(second), "the next one is released")
    assert (asked(first), asked(second)) == (1, 1)
