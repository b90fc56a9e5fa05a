"""SIPp for load: many callers and many desk phones in a process each. The scenarios are in tests/asterisk/sipp.

with tempfile.TemporaryDirectory() as folder, Agents(Path(folder), sip, logins, ring_ms=500, echo=True) as agents:
    with Callers(Path(folder), sip, "4008001001", rate=10, calls=200, talk_ms=3000) as callers:
        callers.wait(60)
        assert callers.stats().failed == 0
"""

import contextlib
import csv
import itertools
import math
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SCENARIOS = Path(__file__).parent.parent / "asterisk" / "sipp"
FOREVER = 24 * 3600 * 1000  # ms
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stats:
    """SIPp's counters so far. Agents count every OPTIONS as a call too."""

    created: int
    current: int
    successful: int
    failed: int
    retransmissions: int
    why: Mapping[str, int]  # failures by SIPp's name for them


class Sipp:
    """One SIPp process. Files (scenario, log, counters) go to `folder`. `with` starts and kills it."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        scenario: str,
        *,
        values: Mapping[str, Any] | None = None,
        rows: Iterable[str] | None = None,
        options: Iterable[str] = (),
        port: int = 0,
        media: str = "none",
    ) -> None:
        """`values` fill in @NAMES@ of the scenario; `rows` are the lines of its CSV, used in turn.

        media: "none", "echo" (what comes goes back) or "tone" (440 Hz, one RTP stream a call).
        """
        self.folder = folder / f"{scenario}-{next(_numbers)}"
        self.folder.mkdir(parents=True)
        self.port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        playing = f'<exec rtp_stream="{_tone_file(self.folder)},-1,8,PCMA/8000"/>' if media == "tone" else ""
        filled = {
            "MEDIA": playing or '<log message="-"/>',
            "PORT_KEYWORD": "rtpstream_audio_port" if playing else "media_port",
            **(values or {}),
        }
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        for name, value in filled.items():
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "scenario.xml").write_text(text)
        self.command = [
            "sipp", f"{server[0]}:{server[1]}", "-sf", "scenario.xml", "-i", "127.0.0.1", "-p", str(self.port),
            "-mi", "127.0.0.1", "-mp", str(_media_port(media)), "-nostdin", "-trace_stat", "-stf", "stat.csv", "-fd", "1",
            "-trace_err", "-error_file", "errors.log", "-trace_rtt", "-rtt_freq", "1", *options,
        ]  # fmt: skip
        if media == "echo":
            self.command.append("-rtp_echo")
        if rows is not None:
            (self.folder / "rows.csv").write_text("\n".join(["SEQUENTIAL", *rows]) + "\n")
            self.command += ["-inf", "rows.csv"]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        with (self.folder / "screen.log").open("wb") as screen:
            self._process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=subprocess.STDOUT,
                env={**os.environ, "TERM": "dumb"},
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def drain(self) -> None:
        """No new calls; it ends when the last is over."""
        if self.running:
            os.kill(self.pid, signal.SIGUSR1)

    def wait(self, timeout: float) -> Stats:
        """Wait till all calls are done. TimeoutError, or RuntimeError with what SIPp said when it broke down."""
        assert self._process
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"sipp not done after {timeout} s: {self.stats()}") from None
        if code not in (0, 1, 99):  # 1: a call failed; 99: ended without a call
            raise RuntimeError(f"sipp ended with {code}: {self.said()}")
        return self.stats()

    def stop(self) -> None:
        """End it now, whatever runs."""
        if self._process and self.running:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def said(self) -> str:
        """The end of its error log and screen."""
        texts = [path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log") if path.stat().st_size]
        return "\n".join(texts)

    def stats(self) -> Stats:
        """The counters, at most a second old while it runs."""
        path = self.folder / "stat.csv"
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter=";")) if path.exists() else []
        last = rows[-1] if rows and rows[-1].get("CurrentCall") else (rows[-2] if len(rows) > 1 else {})

        def number(name: str) -> int:
            return int(last.get(name) or 0)

        return Stats(
            created=number("TotalCallCreated"),
            current=number("CurrentCall"),
            successful=number("SuccessfulCall(C)"),
            failed=number("FailedCall(C)"),
            retransmissions=number("Retransmissions(C)"),
            why={k[6:-3]: int(v) for k, v in last.items() if k and k.startswith("Failed") and k.endswith("(C)") and v != "0"
                 and k != "FailedCall(C)"},
        )  # fmt: skip

    def wait_stats(self, condition: Any, timeout: float) -> Stats:
        """Wait till `condition(stats)` holds. TimeoutError."""
        deadline = time.monotonic() + timeout
        while not condition(stats := self.stats()):
            if time.monotonic() > deadline or not self.running:
                raise TimeoutError(f"{stats}\n{self.said()}")
            time.sleep(0.1)
        return stats

    def times(self, timer: int) -> list[float]:
        """All response times of a timer of the scenario so far, ms."""
        found = []
        for path in self.folder.glob("*_rtt.csv"):
            for row in csv.reader(path.read_text().splitlines(), delimiter=";"):
                if len(row) == 3 and row[2] == str(timer):
                    found.append(float(row[1]))
        return found


class Callers(Sipp):
    """Calls to `number`: `rate` a second, at most `limit` at once, `calls` in all (None: until stopped)."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        *,
        rate: float = 1.0,
        limit: int = 1000,
        calls: int | None = None,
        talk_ms: int = FOREVER,
        give_up_ms: int = FOREVER,
        media: str = "none",
        anis: Iterable[str] | None = None,
        port: int = 0,
    ) -> None:
        rows = list(anis or (f"138{n:08}" for n in range(1, min(calls or 10_000, 10_000) + 1)))
        per, whole = (1000, rate) if rate == int(rate) else (10_000, rate * 10)
        options = ["-s", number, "-r", str(math.ceil(whole)), "-rp", str(per), "-l", str(limit)]
        options += ["-m", str(calls)] if calls else []
        values = {"TALK_MS": talk_ms, "GIVE_UP_MS": give_up_ms}
        super().__init__(folder, server, "callers", values=values, rows=rows, options=options, media=media, port=port)


class Agents(Sipp):
    """Desk phones of `logins` (extension, sip_password), registered, each ringing `ring_ms` and then answering.

    `unregister` takes them away again; stopping just lets them fall silent.
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        logins: Iterable[Mapping[str, Any]],
        *,
        ring_ms: int = 200,
        talk_ms: int = FOREVER,
        media: str = "none",
        port: int = 0,
    ) -> None:
        values = {"RING_MS": max(ring_ms, 1), "TALK_MS": talk_ms}
        super().__init__(folder, server, "agents", values=values, media=media, port=port)
        self._base, self._server = folder, server
        self._rows = [f"{x['extension']};[authentication username={x['extension']} password={x['sip_password']}]" for x in logins]

    def start(self) -> Self:
        # First, and from the same port: a switch that looks through NAT takes the sender's address for the phone's.
        self._register(3600)
        return super().start()

    def unregister(self) -> None:
        """Stop, and take the phones away."""
        self.stop()
        self._register(0)

    def _register(self, expires: int) -> None:
        values = {"CONTACT_PORT": self.port, "EXPIRES": expires}
        count = len(self._rows)
        options = ["-m", str(count), "-r", "200", "-l", "50"]
        with Sipp(self._base, self._server, "register", values=values, rows=self._rows, options=options, port=self.port) as sipp:
            stats = sipp.wait(30 + count / 20)
            if stats.successful != count:
                raise RuntimeError(f"only {stats.successful} of {count} phones registered: {sipp.said()}")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _media_port(media: str) -> int:
    """Where SIPp's audio begins. With a stream a call it takes port after port, so above what the system hands out."""
    if media != "tone":
        return _free_port()
    for first in random.sample(range(61000, 65000, 500), 8):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(first, first + 500, 50):
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sock.bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no free ports for SIPp's audio between 61000 and 65000")


def _tone_file(folder: Path) -> Path:
    from .sound import tone_bytes

    path = folder / "tone.alaw"
    path.write_bytes(tone_bytes(440, 10))
    return path
