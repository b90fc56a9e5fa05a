"""The process that keeps a stack's parts running: `python -m deploy.supervisor STATE [PART ...]`, started by `up`.

A part is started when all it needs is up. A part that dies is started again at once; when it keeps dying, with growing
pauses. Requests come as one JSON line over the Unix socket STATE/run/control and are answered by one.
The supervisor's end is the parts' end: it stops them in order, and were it killed, the kernel ends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from deploy import layout as layouts
from deploy import parts as registry
from deploy.layout import Layout, StackError, write_private
from deploy.parts import Part

STEADY = 10.0  # seconds a part must live for its next death to count as the first
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the first, second, ... start after a death
CHECK_EVERY = 0.04  # seconds, while a part starts
LOOK_EVERY = 2.0  # seconds, once it serves
WATCH = 8.0  # seconds a watched part may be dumb
GIVE_UP_AFTER = 4  # deaths before a part ever served: `up` gives up then
LOG_LIMIT = 20_000_000  # bytes; a larger log is put aside at the part's next start


class Keeper:
    """Keeps one part in the state that is wanted."""

    def __init__(self, part: Part, supervisor: Supervisor) -> None:
        self.part = part
        self.supervisor = supervisor
        self.wanted = True
        self.state = "waiting"  # waiting, starting, up, pausing, stopped, done
        self.pid: int | None = None
        self.restarts = 0
        self.deaths = 0  # in a row
        self.paused = 0.0  # seconds waited before its last start
        self.since = time.time()  # noqa: TID251
        self.last_exit: int | None = None
        self.healthy = False
        self.ever_up = False
        self.trouble = ""  # what last went wrong
        self._wake = asyncio.Event()

    def report(self) -> dict[str, Any]:
        """The part's line in `status`."""
        return {
            "state": self.state,
            "healthy": self.healthy,
            "pid": self.pid,
            "restarts": self.restarts,
            "deaths": self.deaths,
            "paused": self.paused,
            "since": round(self.since, 3),
            "last_exit": self.last_exit,
            "trouble": self.trouble,
        }

    def want(self, wanted: bool) -> None:
        """Asks for the part to run or to be stopped."""
        self.wanted = wanted
        self.deaths = 0
        if not wanted and self.pid is not None:
            self._signal(self.part.stop_signal)
        self._wake.set()

    def _enter(self, state: str) -> None:
        self.state = state
        self.since = time.time()  # noqa: TID251
        self.healthy = state in ("up", "done")
        if self.healthy:
            self.ever_up = True
        self.supervisor.changed()

    def _complain(self, trouble: str) -> None:
        self.trouble = trouble
        self.supervisor.say(f"{self.part.name}: {trouble}")

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.pid is not None:
                os.kill(self.pid, number)

    async def keep(self) -> None:
        """Runs for the supervisor's life."""
        await self.supervisor.until(lambda: all(self.supervisor.serves(name) for name in self.part.needs))
        while not self.supervisor.stopping:
            self._wake.clear()
            if not self.wanted:
                self._enter("stopped")
                await self._wake.wait()
                continue
            lived = await self._run_once()
            if self.state == "done":
                return
            if self.supervisor.stopping or not self.wanted:
                continue
            self.deaths = 1 if lived > STEADY else self.deaths + 1
            self.restarts += 1
            self.paused = PAUSES[min(self.deaths, len(PAUSES)) - 1]
            self._enter("pausing")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.paused)
        self._enter("stopped")

    async def _run_once(self) -> float:
        """One life of the process; returns its length in seconds."""
        born = time.monotonic()
        try:
            process = await self._spawn()
        except OSError as error:
            self._complain(str(error))
            return 0.0
        self.pid = process.pid
        self._enter("starting")
        if not self.wanted:  # asked to stop while it was being started
            self._signal(self.part.stop_signal)
        watcher = asyncio.create_task(self._watch(process.pid)) if self.part.ready else None
        killer: asyncio.Task[None] | None = None
        exited = asyncio.create_task(process.wait())
        while not exited.done():
            wake = asyncio.create_task(self._wake.wait())
            await asyncio.wait({exited, wake}, return_when=asyncio.FIRST_COMPLETED)
            wake.cancel()
            self._wake.clear()
            if not self.wanted and killer is None:
                killer = asyncio.create_task(self._kill_late())
        for task in (watcher, killer):
            if task:
                task.cancel()
        self.last_exit = exited.result()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it left behind
        self.pid = None
        if self.part.once and self.last_exit == 0:
            self._enter("done")
        elif self.wanted and not self.supervisor.stopping:
            self._complain(f"ended with status {self.last_exit}")
        return time.monotonic() - born

    async def _spawn(self) -> asyncio.subprocess.Process:
        layout = self.supervisor.layout
        path = layout.log / f"{self.part.name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layouts.REPO,
                env=self.supervisor.environment(self.part),
                start_new_session=True,
                preexec_fn=self._before_exec,
            )

    def _before_exec(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, self.part.nice)
            Path("/proc/self/autogroup").write_text(str(self.part.nice))  # where there is this, it counts between sessions
        self.part.before_exec()

    async def _kill_late(self) -> None:
        """A task that is broken off comes again (Celery acknowledges late), so nobody waits long for the workers."""
        await asyncio.sleep(self.part.stop_within)
        self._signal(signal.SIGKILL)

    async def _watch(self, pid: int) -> None:
        """Asks the part whether it serves, often until it does, now and then afterwards."""
        begun = good = time.monotonic()
        while True:
            now = time.monotonic()
            if await self._serves(pid):
                good = now
                if self.state == "starting":
                    self._enter("up")
                elif not self.healthy:
                    self.healthy = True
                    self.supervisor.changed()
            elif self.state == "starting" and now - begun > self.part.start_within:
                self._complain(f"does not serve within {self.part.start_within:.0f} s")
                self.deaths = GIVE_UP_AFTER
                self._signal(signal.SIGKILL)
                return
            elif self.state == "up":
                if self.healthy:
                    self.healthy = False
                    self.supervisor.changed()
                if self.part.watched and now - good > WATCH:
                    self._complain("alive but silent, killed")
                    self._signal(signal.SIGKILL)
                    return
            await asyncio.sleep(CHECK_EVERY if self.state == "starting" else LOOK_EVERY)

    async def _serves(self, pid: int) -> bool:
        assert self.part.ready
        try:
            return await asyncio.wait_for(self.part.ready(pid), 3)
        except (OSError, TimeoutError):
            return False


class Supervisor:
    """All keepers of one stack, and the socket they are commanded through."""

    def __init__(self, layout: Layout, chosen: tuple[str, ...]) -> None:
        self.layout = layout
        self.stopping = False
        self.trouble: str | None = None
        self._change = asyncio.Event()
        parts = registry.build(layout, chosen)
        self.keepers = {part.name: Keeper(part, self) for part in parts}

    def environment(self, part: Part) -> dict[str, str]:
        """A part's environment. CC_STACK marks all that belongs to this stack, for the sweep at the end."""
        return {**os.environ, **self.layout.environment(), "CC_STACK": str(self.layout.state), "CC_PART": part.name}

    def serves(self, name: str) -> bool:
        """Whether a part is up or has done its work; a part not chosen needs no waiting for."""
        return name not in self.keepers or self.keepers[name].ever_up

    def say(self, line: str) -> None:
        """A line in the supervisor's own log."""
        print(time.strftime("%F %T"), line, flush=True)

    def changed(self) -> None:
        """Somebody's state is another: wakes those who wait, and writes STATE/run/status.json."""
        self._change.set()
        self._change = asyncio.Event()
        write_private(self.layout.run / "status.json", json.dumps(self.report()))

    async def until(self, condition: Any) -> None:
        """Waits until `condition()` holds or the stack stops."""
        while not condition() and not self.stopping:
            await self._change.wait()

    def report(self) -> dict[str, Any]:
        """What `status` prints."""
        parts = {name: keeper.report() for name, keeper in self.keepers.items()}
        failed = [name for name, keeper in self.keepers.items() if not keeper.ever_up and keeper.deaths >= GIVE_UP_AFTER]
        return {
            "state": str(self.layout.state),
            "base": self.layout.base,
            "supervisor": os.getpid(),
            "healthy": all(keeper.healthy for keeper in self.keepers.values()),
            "failed": failed,
            "parts": parts,
        }

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: {"do": "status" | "stop" | "start" | "restart" | "down", "part": name}."""
        try:
            request = json.loads(await reader.readline())
            reply = await self._obey(request["do"], request.get("part"))
        except (KeyError, ValueError) as error:
            reply = {"error": f"bad request: {error}"}
        with contextlib.suppress(OSError):
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _obey(self, what: str, name: str | None) -> dict[str, Any]:
        if what == "down":
            asyncio.get_running_loop().call_soon(self.stop)
        elif what != "status":
            if name not in self.keepers:
                return {"error": f"no part {name}: there are {', '.join(self.keepers)}"}
            keeper = self.keepers[name]
            if what in ("stop", "restart"):
                keeper.want(False)
                await self.until(lambda: keeper.state in ("stopped", "done"))
            if what in ("start", "restart"):
                keeper.want(True)
                await self.until(lambda: keeper.state in ("up", "done"))
        return self.report()

    def stop(self) -> None:
        """Begins the end: parts that need others first, the servers they need last."""
        if not self.stopping:
            self.stopping = True
            self.changed()
            self._end = asyncio.create_task(self._stop_all())

    async def _stop_all(self) -> None:
        servers = [keeper for name, keeper in self.keepers.items() if name in ("postgres", "valkey")]
        others = [keeper for keeper in self.keepers.values() if keeper not in servers]
        for group in (others, servers):
            for keeper in group:
                keeper.want(False)
            await asyncio.gather(*(self._gone(keeper) for keeper in group))

    async def _gone(self, keeper: Keeper) -> None:
        while keeper.pid is not None:
            await self._change.wait()

    async def run(self) -> None:
        """Until told to stop, by request or by signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        self.layout.control.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self.answer, self.layout.control)
        self.layout.control.chmod(0o600)
        self.changed()
        await asyncio.gather(*(keeper.keep() for keeper in self.keepers.values()))
        await self.until(lambda: self.stopping)
        await self._end
        server.close()


def main(arguments: list[str]) -> int:
    """Supervises the stack of arguments[0]; further arguments name the parts, none means all.

    Goes to the background at once: who started it waits for the stack through the socket, not for this process.
    """
    if os.fork():
        return 0
    os.setsid()
    layout = layouts.load(Path(arguments[0]))
    lock = (layout.run / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another supervisor holds this state")
        return 1
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # two sockets a call leg

    async def supervise() -> None:
        await Supervisor(layout, tuple(arguments[1:])).run()

    try:
        asyncio.run(supervise())
    except StackError as error:
        write_private(layout.run / "trouble", str(error))
        return 1
    finally:
        layout.control.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
