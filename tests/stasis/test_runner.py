"""The one way in: core, journal, commands, in this order; and what happens when one of them fails."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from msgspec import json

from ccenter.acd import commands, events
from ccenter.acd.config import Config
from ccenter.acd.machine import Acd
from ccenter.calls.journal import Journal
from ccenter.stasis.recovery import recover
from ccenter.stasis.runner import Clock, Options, Runner
from deploy.layout import REPO


class Heard:
    """Stands where the performer stands, and writes down what it gets and what was on disk then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[tuple[Any, int]] = []

    def noted(self, event: Any) -> None:
        pass

    def perform(self, batch: Any) -> None:
        lines = sum(len(p.read_bytes().splitlines()) for p in self.folder.glob("*.jsonl"))
        self.done += [(command, lines) for command in batch]


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[Runner]:
    options = Options(tmp_path, tmp_path / "journal", tmp_path, "", "ast1", "", "", "", "", "", lambda kind, given: None)
    runner = Runner(options)
    runner._loop = asyncio.get_running_loop()
    runner.acd = Acd(Config())
    runner.journal = Journal(options.journal)
    runner.journal.snapshot(0, runner.acd.snapshot())
    runner._clock = Clock(0.0)
    runner.performer = Heard(options.journal)  # type: ignore[assignment]
    yield runner
    if runner._timer:
        runner._timer.cancel()
    runner.journal.close()


OFFERED = events.CallOffered("ast1-1.0", "", "4001", "demo")


async def test_given_an_event_then_it_is_on_disk_before_its_commands_go_out(runner: Runner) -> None:
    runner.feed(OFFERED)
    assert [(type(c), lines) for c, lines in runner.performer.done] == [(commands.HangUp, 1)]  # type: ignore[attr-defined]


async def test_given_a_full_disk_then_calls_go_on_and_everything_is_written_when_there_is_room(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    append = runner.journal.append

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner.journal, "append", full)
    runner.feed(OFFERED)
    runner.feed(events.LegEnded("ast1-1.0"))
    assert runner.performer.done and "No space left" in caplog.text  # type: ignore[attr-defined]
    monkeypatch.setattr(runner.journal, "append", append)
    runner.feed(events.PhoneChanged("PJSIP/1", True))
    assert recover(Journal(runner.journal.folder)).replayed == 3


async def test_given_an_event_the_core_cannot_take_then_it_is_marked_passed_over_and_the_next_is_taken(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handle = Acd.handle

    def broken(self: Acd, event: Any, now: float) -> Any:
        if isinstance(event, events.KeyPressed):
            raise ZeroDivisionError("a mistake of ours")
        return handle(self, event, now)

    monkeypatch.setattr(Acd, "handle", broken)
    runner.feed(events.KeyPressed("ast1-1.0", "5"))
    runner.feed(OFFERED)
    assert "passed over" in caplog.text
    [path] = runner.journal.folder.glob("0*.jsonl")
    marked, plain = (json.decode(line) for line in path.read_bytes().splitlines())
    assert "a mistake of ours" in marked["x"] and marked["f"] == [] and "x" not in plain
    found = recover(Journal(runner.journal.folder))
    assert found.whole and found.replayed == 2


def test_given_a_clock_set_back_then_time_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(0.0)
    before = clock()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock() >= before
    assert Clock(before + 100)() >= before + 100


# -- the process ------------------------------------------------------------------------------------------------


class Cti:
    """`manage.py cti` as a child process."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.state = Path(environment["CC_STATE"])
        self.log = log
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, str(REPO / "manage.py"), "cti"], env={**os.environ, **environment}, stderr=file
            )

    async def ready(self) -> None:
        """Until it serves."""
        file = self.state / "run" / "cti.ready"
        await self._until(lambda: file.exists() and file.read_text() == str(self.process.pid))

    async def says(self, text: str) -> None:
        """Until its log has this text."""
        await self._until(lambda: text in self.log.read_text())

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not condition():
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.01)

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit status and its log."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        await asyncio.to_thread(self.process.wait, 15)
        return self.process.returncode, self.log.read_text()


@pytest.fixture(scope="module")
def centre(stack: dict[str, Any]) -> dict[str, Any]:
    """What the CTI server needs: the contract tests' Asterisk, and tables in the PostgreSQL of tests/conftest.py."""
    environment = {**stack["environment"], "DATABASE_URL": os.environ["DATABASE_URL"]}
    command = [sys.executable, "-m", "deploy.prepare", "migrate"]
    subprocess.run(command, env={**os.environ, **environment}, cwd=REPO, check=True)
    return {"environment": environment, "database_url": environment["DATABASE_URL"]}


@pytest.fixture
async def cti(centre: dict[str, Any], tmp_path: Path) -> AsyncIterator[Callable[..., Cti]]:
    """`cti()` starts one, `cti(NAME=value)` with other settings; what still runs at the end is killed."""
    made: list[Cti] = []

    def start(**settings: str) -> Cti:
        made.append(Cti({**centre["environment"], **settings}, tmp_path / f"cti-{len(made)}.log"))
        return made[-1]

    yield start
    for one in made:
        await one.end(signal.SIGKILL)


async def test_given_a_second_server_then_it_waits_and_takes_over_when_the_first_is_killed(cti: Callable[..., Cti]) -> None:
    first = cti()
    await first.ready()
    second = cti()
    await second.says("waiting for it to end")
    first.process.kill()
    await second.ready()
    assert (await second.end())[0] == 0


async def test_given_a_snapshot_when_started_then_nothing_is_replayed_and_it_ends_cleanly(cti: Callable[..., Cti]) -> None:
    first = cti()
    await first.ready()
    assert (await first.end())[0] == 0
    again = cti()
    await again.ready()
    status, log = await again.end()
    assert status == 0 and "0 inputs replayed" in log


def test_given_callers_who_wait_when_it_starts_then_djangos_models_are_not_loaded_first(centre: dict[str, Any]) -> None:
    late = ("django.apps", "django.db", "celery", "rest_framework", "psycopg2")
    look = f"import sys, ccenter.stasis.start; print([name for name in {late} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", look], env={**os.environ, **centre["environment"]}, cwd=REPO, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


async def test_given_no_database_when_started_with_a_snapshot_then_it_serves(cti: Callable[..., Cti]) -> None:
    first = cti()
    await first.ready()
    await first.end(signal.SIGKILL)
    again = cti(DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")
    await again.ready()
    await again.says("the database is away")
    assert (await again.end())[0] == 0


async def test_given_a_changed_configuration_then_the_running_server_takes_it_over(
    centre: dict[str, Any], cti: Callable[..., Cti]
) -> None:
    running, code = cti(), f"new-{time.time_ns()}"
    await running.ready()
    connection = psycopg2.connect(centre["database_url"])
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO calls_calendar (code, name) VALUES (%s, '')", [code])
    connection.close()
    folder = running.state / "journal"
    async with asyncio.timeout(40):
        while not any(code.encode() in p.read_bytes() for p in folder.glob("0*.jsonl")):
            await asyncio.sleep(0.02)
