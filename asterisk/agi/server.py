"""The FastAGI server: what a call asks before the core has it, and what it asks when the core is away.

`agi://.../gatekeeper,DNIS,TRUNK,LINES` sets CC_VERDICT to refuse (the blacklist) or full (LINES of the trunk are in use with this
one, more than it has; the caller is noted for a callback), or ends without a word: the call passes, as it does in doubt.
`agi://.../lastresort,DNIS,TRUNK` notes the caller for a callback and sets CC_KEPT to yes, once it is on disk, or no
(there is no number to call). The dialplan then thanks the caller.
`agi://.../health` is the supervisor's question.

pyst2 speaks the protocol. It was made for one process a call: `Conversation` keeps it to a socket, without its signal
handler and its running commentary. What a caller sent is read, compared and written as JSON, and never put into an
AGI command.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import BinaryIO, TextIO

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # ccenter; our own folder `asterisk` is no package

from gatekeeper import Known
from spool import note

from asterisk.agi import AGI, AGIException, AGIHangup  # type: ignore[attr-defined]  # pyst2's, not ours

log = logging.getLogger("agi")

PATIENCE = 5.0  # seconds for Asterisk's next line
LONGEST_LINE = 8192
MOST_LINES = 200
THREADS = 64  # conversations at a time; one lasts a millisecond


class _Silence(io.StringIO):
    def write(self, _: str) -> int:
        return 0


class _Lines:
    """Asterisk's lines as pyst2 reads them. The end of the call is told by an exception, in whatever way it comes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readline(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line or line.rstrip() == b"HANGUP":
            raise AGIHangup("the caller is gone")
        return line.decode("utf-8", "replace")


class Conversation(AGI):  # type: ignore[misc]
    """One call's conversation. `env` holds what Asterisk told of the call."""

    def __init__(self, reader: BinaryIO, writer: TextIO) -> None:
        # not the inherited one: it installs a signal handler, which only the main thread may
        self.stdin = _Lines(reader)
        self.stdout = writer
        self.stderr = _Silence()
        self._got_sighup = False
        self.env: dict[str, str] = {}
        for _ in range(MOST_LINES):
            line = self.stdin.readline().strip()
            if not line:
                return
            key, _, value = line.partition(":")
            self.env[key.strip()] = value.strip()
        raise AGIException("too many lines")

    def argument(self, number: int) -> str:
        """The script's argument, counted from 1; "" when there is none."""
        return self.env.get(f"agi_arg_{number}", "")

    @property
    def caller(self) -> str:
        """The caller's number as Asterisk has it; "" when withheld."""
        number = self.env.get("agi_callerid", "")
        return "" if number == "unknown" else number


class Server:
    """Listens on the loopback. Its threads stand ready and take connections by themselves: a call waits for none."""

    def __init__(self, port: int, known: Known, spool: Path) -> None:
        self.known = known
        self.spool = spool
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)

    def serve(self) -> None:
        """Serves for ever."""
        for _ in range(THREADS - 1):
            threading.Thread(target=self._take, daemon=True).start()
        self._take()

    def _take(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            try:
                with connection:
                    self._converse(connection)
            except (AGIException, OSError, ValueError) as error:
                log.info("conversation broken off: %s", error)
            except Exception:
                log.exception("the call goes on without an answer")

    def _converse(self, connection: socket.socket) -> None:
        """Reads what the call is, and runs the script it asks for."""
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as reader, connection.makefile("w", encoding="utf-8") as writer:
            call = Conversation(reader, writer)
            script = call.env.get("agi_network_script", "").partition("?")[0]
            if script == "gatekeeper":
                self.gatekeeper(call)
            elif script == "lastresort":
                self.lastresort(call)
            elif script == "health":
                writer.write("200 result=0\n")
            else:
                log.warning("no script of that name; the call goes on")

    def gatekeeper(self, call: Conversation) -> None:
        """Refuses who is on the blacklist, and whom no line is left for."""
        if self.known.refuses(call.caller):
            call.set_variable("CC_VERDICT", "refuse")
            note(self.spool, "refused", durable=False, reason="blacklist", **_about(call))
        elif self.known.is_full(call.argument(2), call.argument(3)):
            about = _about(call)
            language = self.known.language(about["dnis"]) or about["language"]
            note(self.spool, "blocked", durable=True, reason="no_line", **{**about, "language": language})
            call.set_variable("CC_VERDICT", "full")

    def lastresort(self, call: Conversation) -> None:
        """Notes who called, durably, before it is said; and has it said in the language of the called number."""
        about = _about(call)
        language = self.known.language(about["dnis"]) or about["language"]
        kept = any(character.isdecimal() for character in call.caller)
        if kept:
            identity = note(self.spool, "callbacks", durable=True, **{**about, "language": language})
            log.info("callback %s noted", identity)
        if language != about["language"]:
            call.set_variable("CHANNEL(language)", language)
        call.set_variable("CC_KEPT", "yes" if kept else "no")


def _about(call: Conversation) -> dict[str, str]:
    return {
        "number": call.caller[:64],
        "dnis": call.argument(1)[:64],
        "trunk": call.argument(2)[:40],
        "language": call.env.get("agi_language", "")[:10],
        "call": call.env.get("agi_uniqueid", "")[:40],
    }


def main() -> None:
    """Serves until it is killed; everything comes from the environment (CC_STATE, CC_AGI_PORT, DATABASE_URL)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    state = Path(os.environ["CC_STATE"])
    spool = state / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    known = Known(os.environ["DATABASE_URL"], state / "run" / "known.json")
    known.start()
    Server(int(os.environ["CC_AGI_PORT"]), known, spool).serve()


if __name__ == "__main__":
    main()
