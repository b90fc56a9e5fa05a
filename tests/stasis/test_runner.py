"""The one way in: core, journal, commands, in this order; and what happens when one of them fails."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
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

    def __init__(self, environment: dict[str, str]) -> None:
        self.state = Path(environment["CC_STATE"])
        self.process = subprocess.Popen(
            [sys.executable, str(REPO / "manage.py"), "cti"],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    async def ready(self, timeout: float = 40) -> float:
        """Seconds of processor time from its start until it serves; a busy machine makes real ones of no use."""
        file = self.state / "run" / "cti.ready"
        async with asyncio.timeout(timeout):
            while not file.exists() or file.read_text() != str(self.process.pid):
                assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
                await asyncio.sleep(0.01)
        used = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit status and its log."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        log = await asyncio.to_thread(self.process.communicate, None, 15)
        return self.process.returncode, log[1]


@pytest.fixture(scope="module")
def centre(stack: dict[str, Any]) -> dict[str, Any]:
    """What the CTI server needs: the contract tests' Asterisk, and tables in the PostgreSQL of tests/conftest.py."""
    environment = {**stack["environment"], "DATABASE_URL": os.environ["DATABASE_URL"]}
    command = [sys.executable, "-m", "deploy.prepare", "migrate"]
    subprocess.run(command, env={**os.environ, **environment}, cwd=REPO, check=True)
    return {"environment": environment, "database_url": environment["DATABASE_URL"]}


@pytest.fixture
async def started(centre: dict[str, Any]) -> AsyncIterator[list[Cti]]:
    made: list[Cti] = []
    yield made
    for cti in made:
        if cti.process.poll() is None:
            await cti.end(signal.SIGKILL)
        elif cti.process.stderr:
            cti.process.stderr.close()


async def test_given_a_second_server_then_it_waits_and_takes_over_when_the_first_is_killed(
    centre: dict[str, Any], started: list[Cti]
) -> None:
    first = Cti(centre["environment"])
    started.append(first)
    await first.ready()
    second = Cti(centre["environment"])
    started.append(second)
    await asyncio.sleep(1.0)
    assert second.process.poll() is None
    first.process.kill()
    assert await second.ready() < 1.0
    status, log = await second.end()
    assert status == 0 and "waiting for it to end" in log


async def test_given_a_snapshot_when_started_then_it_costs_less_than_a_second_and_ends_cleanly(
    centre: dict[str, Any], started: list[Cti]
) -> None:
    started.append(first := Cti(centre["environment"]))
    await first.ready()
    assert (await first.end())[0] == 0
    started.append(again := Cti(centre["environment"]))
    took = await again.ready()
    status, log = await again.end()
    assert status == 0 and "0 inputs replayed" in log
    assert took < 1.0, f"{took:.2f} s"


async def test_given_no_database_when_started_with_a_snapshot_then_it_serves(centre: dict[str, Any], started: list[Cti]) -> None:
    started.append(first := Cti(centre["environment"]))
    await first.ready()
    await first.end(signal.SIGKILL)
    started.append(again := Cti({**centre["environment"], "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}))
    await again.ready()
    status, log = await again.end()
    assert status == 0 and "the database is away" in log


async def test_given_a_changed_configuration_then_the_running_server_takes_it_over(
    centre: dict[str, Any], started: list[Cti]
) -> None:
    started.append(cti := Cti(centre["environment"]))
    await cti.ready()
    connection = psycopg2.connect(centre["database_url"])
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO calls_calendar (code, name) VALUES ('test', '')")
    connection.close()
    folder = cti.state / "journal"
    async with asyncio.timeout(10):
        while not any(b'"ConfigApplied"' in p.read_bytes() for p in folder.glob("0*.jsonl")):
            await asyncio.sleep(0.02)
