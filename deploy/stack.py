"""The local stack: `python -m deploy.stack up|down|status|logs|stop|start|restart --state DIR --ports BASE`.

PostgreSQL, Valkey, Asterisk and the parts of the call centre, all on 127.0.0.1, with everything they keep in one
folder. Stacks in different folders with different ports run side by side. The functions of the same names are for
tests and the benchmarks.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy import layout as layouts
from deploy.layout import NODE, REPO, Layout, StackError, write_private

START_WITHIN = 300  # seconds for everything, the first run's seed included
DOWN_WITHIN = 40
LEAST_DISK = 500_000_000  # bytes
PORTS = 2100

Say = Callable[[str], None]


def _quiet(_: str) -> None:
    pass


def up(state: Path, base: int = 8000, agents: int = 0, only: tuple[str, ...] | None = None, say: Say = _quiet) -> dict[str, Any]:
    """Starts the stack and returns when all of it serves, with what stack.json holds.

    `only` names the parts to start, None means all. A stack that runs already is left as it is. Raises StackError,
    one line that says what to do, and leaves nothing running then.
    """
    layout = Layout(Path(state).resolve(), base, agents)
    layout.make_folders()
    ours = not _locked(layout)
    if ours:
        _check_machine(layout, only)
        layouts.save(layout)
    elif (running := layouts.load(layout.state)) != layout:
        held = f"a stack with ports from {running.base} and {running.agents} seats runs in {layout.state}"
        raise StackError(f"{held}: take it down first")
    try:
        if ours:
            _spawn_supervisor(layout, only or ())
        _wait_healthy(layout, say)
    except BaseException:  # Ctrl-C too: nothing half-started
        if ours:
            down(layout.state)
        raise
    described = describe(layout)
    write_private(layout.stack_json, json.dumps(described, indent=1, ensure_ascii=False) + "\n")
    return described


def down(state: Path) -> None:
    """Stops everything of the stack in `state`; returns when no process of it is left. Without one it does nothing."""
    state = Path(state).resolve()
    with contextlib.suppress(StackError):  # its folder was removed: its processes may be there all the same
        layout = layouts.load(state)
        deadline = time.monotonic() + DOWN_WITHIN
        while _locked(layout) and time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):  # just started, it may not listen yet
                _ask(layout, {"do": "down"})
            time.sleep(0.02)
    for attempt in (signal.SIGTERM, signal.SIGKILL):
        if not (left := processes(state)):
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, attempt)
        deadline = time.monotonic() + 5
        while processes(state) and time.monotonic() < deadline:
            time.sleep(0.02)
    if left := processes(state):
        raise StackError(f"processes {left} do not end: look at them with `ps -fp {','.join(map(str, left))}`")


def status(state: Path) -> dict[str, Any]:
    """How each part is: {"healthy": bool, "parts": {name: {"state", "healthy", "pid", "restarts", ...}}}."""
    layout = layouts.load(Path(state).resolve())
    try:
        return _ask(layout, {"do": "status"})
    except OSError:
        return {"state": str(layout.state), "base": layout.base, "healthy": False, "failed": [], "parts": {}}


def stop(state: Path, name: str) -> None:
    """Stops one part and keeps it stopped; returns when its process is gone."""
    _command(state, "stop", name)


def start(state: Path, name: str) -> None:
    """Starts one stopped part; returns when it serves."""
    _command(state, "start", name)


def restart(state: Path, name: str) -> None:
    """Stops and starts one part; returns when it serves again."""
    _command(state, "restart", name)


def kill(state: Path, name: str, sig: int = signal.SIGKILL) -> int:
    """Sends `sig` to one part's process, as an accident would, and returns its pid; the supervisor isn't told."""
    pid = status(state)["parts"].get(name, {}).get("pid")
    if pid is None:
        raise StackError(f"{name} is not running")
    os.kill(pid, sig)
    return int(pid)


def wait_up(state: Path, name: str, not_pid: int = 0, within: float = 60) -> int:
    """Waits until a part serves, with another pid than `not_pid`; returns its pid."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        part = status(state)["parts"].get(name, {})
        if part.get("state") == "up" and part.get("healthy") and part["pid"] != not_pid:
            return int(part["pid"])
        time.sleep(0.02)
    raise StackError(f"{name} does not serve within {within:.0f} s: see `python -m deploy.stack logs {name}`")


def processes(state: Path) -> list[int]:
    """The pids of all processes of the stack in `state`: those that carry its mark in their environment."""
    mark = f"CC_STACK={Path(state).resolve()}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return sorted(found)


def describe(layout: Layout) -> dict[str, Any]:
    """What stack.json holds: every address and login."""
    seed = layout.state / "seed.json"
    people: dict[str, Any] = json.loads(seed.read_text()) if seed.exists() else {"logins": [], "numbers": {}}
    passwords = layout.passwords
    return {
        "state": str(layout.state),
        "base": layout.base,
        "node": NODE,
        "web": f"http://127.0.0.1:{layout.web_port}",
        "sip": {"host": "127.0.0.1", "port": layout.sip_port},
        "ari": {"url": layout.ari_url, "user": "ccenter", "password": passwords["ari"]},
        "ami": {"url": f"{layout.ari_url}/arawman", "user": "ccenter", "password": passwords["ami"]},
        "ami_bench": {"url": f"{layout.ari_url}/arawman", "user": "bench", "password": passwords["bench"]},
        "agi": {"host": "127.0.0.1", "port": layout.agi_port},
        "database_url": layout.database_url,
        "redis_url": layout.redis_url,
        "environment": layout.environment(),
        "logins": people["logins"],
        "numbers": people["numbers"],
    }


def _command(state: Path, what: str, name: str) -> None:
    layout = layouts.load(Path(state).resolve())
    try:
        answer = _ask(layout, {"do": what, "part": name})
    except OSError:
        raise StackError(f"the stack in {layout.state} is not running") from None
    if "error" in answer:
        raise StackError(answer["error"])


def _ask(layout: Layout, request: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(str(layout.control))
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer


def _locked(layout: Layout) -> bool:
    """Whether a supervisor lives: it holds the lock file as long as it does."""
    with (layout.run / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _check_machine(layout: Layout, only: tuple[str, ...] | None) -> None:
    if left := processes(layout.state):
        raise StackError(f"processes {left} of an earlier stack are left: `python -m deploy.stack down --state {layout.state}`")
    if (free := shutil.disk_usage(layout.state).free) < LEAST_DISK:
        room = f"make {LEAST_DISK // 1_000_000} MB room or choose another --state"
        raise StackError(f"only {free // 1_000_000} MB free at {layout.state}: {room}")
    check_ports(layout)
    if only is None or "asterisk" in only:
        from deploy import asterisk

        asterisk.find()


def check_ports(layout: Layout) -> None:
    """Raises StackError when a port the stack wants is taken, or its range impossible."""
    if not 1024 <= layout.base <= 65536 - PORTS:
        raise StackError(f"--ports must lie between 1024 and {65536 - PORTS}: the stack takes {PORTS} ports from there")
    tcp = range(layout.base, layout.base + 7)
    for kind, ports in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, (layout.sip_port, *layout.rtp_ports))):
        for port in ports:
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    name = "TCP" if kind == socket.SOCK_STREAM else "UDP"
                    raise StackError(
                        f"{name} port {port} is taken: stop what uses it or choose another range with --ports"
                    ) from None


def _spawn_supervisor(layout: Layout, only: tuple[str, ...]) -> None:
    (layout.run / "trouble").unlink(missing_ok=True)
    for stale in layout.run.glob("*.ready"):
        stale.unlink()
    environment = {**os.environ, "CC_STACK": str(layout.state), "PYTHONUNBUFFERED": "1"}
    with (layout.log / "supervisor.log").open("ab") as log:
        subprocess.run(
            [sys.executable, "-m", "deploy.supervisor", str(layout.state), *only],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=REPO,
            env=environment,
            start_new_session=True,  # Ctrl-C is for `up`, which then takes everything down in order
            check=True,
        )


def _wait_healthy(layout: Layout, say: Say) -> None:
    begun = time.monotonic()
    told: set[str] = set()
    while True:
        elapsed = time.monotonic() - begun
        try:
            report = _ask(layout, {"do": "status"})
        except (OSError, ValueError):
            if elapsed > 1 and not _locked(layout):
                trouble = layout.run / "trouble"
                said = trouble.read_text() if trouble.exists() else last_line(layout, "supervisor")
                raise StackError(said) from None
            report = {"healthy": False, "failed": [], "parts": {}}
        for name, part in report["parts"].items():
            if part["healthy"] and name not in told:
                told.add(name)
                say(f"{elapsed:5.1f} s  {name} is up")
        if report["healthy"]:
            return
        if report["failed"]:
            name = report["failed"][0]
            why = f"{report['parts'][name]['trouble']}; {last_line(layout, name)}"
            raise StackError(f"{name} does not start: {why} (see {layout.log / name}.log)")
        if elapsed > START_WITHIN:
            waiting = [name for name, part in report["parts"].items() if not part["healthy"]]
            raise StackError(f"{', '.join(waiting)} not up after {START_WITHIN} s: see the logs in {layout.log}")
        time.sleep(0.03)


def last_line(layout: Layout, name: str) -> str:
    """The last line a part wrote to its log."""
    path = layout.log / f"{name}.log"
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "it said nothing"


def _show_logs(layout: Layout, name: str | None, follow: bool) -> None:
    files = [layout.log / f"{name}.log"] if name else sorted(layout.log.glob("*.log"))
    if missing := [file for file in files if not file.exists()]:
        raise StackError(f"no log {missing[0].stem}: there are {', '.join(f.stem for f in layout.log.glob('*.log'))}")
    command = ["tail", "-n", "100" if name else "10", *(["-F"] if follow else []), *map(str, files)]
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, check=False)


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit status is 0 when what was asked for holds."""
    parser = argparse.ArgumentParser(prog="python -m deploy.stack", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status", "logs", "stop", "start", "restart"])
    parser.add_argument("part", nargs="?", help="one part, for logs, stop, start and restart")
    parser.add_argument("--state", type=Path, default=REPO / ".stack", help="folder of the stack (default .stack)")
    parser.add_argument("--ports", type=int, default=8000, metavar="BASE", help="first of 2,100 ports (default 8000)")
    parser.add_argument("--agents", type=int, default=0, help="desk-phone seats to make")
    parser.add_argument("--only", help="start only these parts, with commas between")
    parser.add_argument("-f", "--follow", action="store_true", help="logs: go on showing")
    given = parser.parse_args(arguments)
    state = given.state.resolve()
    try:
        if given.action == "up":
            only = tuple(given.only.split(",")) if given.only else None
            described = up(state, given.ports, given.agents, only, say=lambda line: print(line, file=sys.stderr))
            print(json.dumps(described, indent=1, ensure_ascii=False))
        elif given.action == "down":
            down(state)
        elif given.action == "status":
            report = status(state)
            print(json.dumps(report, indent=1))
            return 0 if report["healthy"] else 1
        elif given.action == "logs":
            _show_logs(layouts.load(state), given.part, given.follow)
        elif given.part is None:
            parser.error(f"{given.action} needs the name of a part")
        else:
            _command(state, given.action, given.part)
    except StackError as error:
        print(f"ccenter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ccenter: broken off, nothing is running", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
