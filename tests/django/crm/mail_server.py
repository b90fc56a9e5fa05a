"""A mail server for tests: real SMTP on a port of its own. Some addresses are known to it for what it answers:

unknown@… 550, full@… 452 (for now), banned@… 554 after the text.
"""

import email
import email.policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class OnFreePort(Controller):
    def _trigger_server(self) -> None:
        """The port is known once it listens; the first greeting goes there."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Server:
    """`with Server() as server`: `server.taken` is what it took, (envelope sender, recipients, message)."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], EmailMessage]] = []
        self.full = True
        self._controller = OnFreePort(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("full@") and self.full:
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if envelope.rcpt_tos[0].startswith("banned@"):
            return "554 5.7.1 not wanted here"
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        message: Any = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), message))
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._controller.stop()
