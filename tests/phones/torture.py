"""Bad input at the SIP port: the messages of RFC 4475 and seeded garbage, sent as a hostile or broken peer would."""

import asyncio
import contextlib
import random
import re
import socket
from collections.abc import Iterator

from . import rfc4475
from .message import Message, parse

MESSAGES: dict[str, bytes] = {
    name: (text.encode() if isinstance(text, str) else text).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    for group in (rfc4475.VALID, rfc4475.INVALID, rfc4475.MEANING)
    for name, text in group.items()
}


def returning(data: bytes) -> bytes:
    """The message with `rport` in its topmost Via, so that what it is answered comes back to the sender."""
    return re.sub(rb"(?im)^((?:via|v)[ \t]*:[^\r,]*)", rb"\1;rport", data, count=1)


def garbage(seed: int, count: int) -> Iterator[bytes]:
    """Datagrams that are nearly SIP, hardly SIP or not SIP at all; the same for the same seed."""
    dice = random.Random(seed)
    known = list(MESSAGES.values())
    for _ in range(count):
        data = bytearray(dice.choice(known))
        match dice.randrange(8):
            case 0:  # noise
                data = bytearray(dice.randbytes(dice.randrange(1, 1400)))
            case 1:  # bits turned over
                for _ in range(dice.randrange(1, 20)):
                    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            case 2:  # cut off
                del data[dice.randrange(1, len(data)) :]
            case 3:  # a piece twice
                start = dice.randrange(len(data))
                data[start:start] = data[start : start + dice.randrange(1, 300)]
            case 4:  # lines in another order
                lines = bytes(data).split(b"\r\n")
                dice.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
            case 5:  # NULs and line ends where none belong
                for _ in range(dice.randrange(1, 10)):
                    data[dice.randrange(len(data))] = dice.choice(b'\0\r\n\t ;<>"%')
            case 6:  # endless header
                data[data.find(b"\r\n") + 2 : 0] = b"X-" + b"a" * dice.randrange(1000, 30000) + b": b\r\n"
            case _:  # a shell's and a database's favourites as a number
                evil = dice.choice([b"$(reboot)", b"';DROP TABLE calls;--", b"../../etc/passwd", b"%0d%0aX: 1", b"${SHELL(id)}"])
                data = data.replace(b"user@", evil + b"@")
        yield bytes(data)


class Tormentor:
    """Sends bad messages from one socket and keeps the answers; ends every call that comes to life by them.

    `answers`: Call-ID of the message -> final statuses, as they came.
    """

    def __init__(self, server: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.server = server
        self.answers: dict[str, list[int]] = {}
        self._invites: dict[str, bytes] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def send(self, data: bytes) -> None:
        """One datagram; too long ones are dropped by the system and nothing happens."""
        data = returning(data)
        with contextlib.suppress(ValueError):
            message = parse(data)
            if message.method == "INVITE":
                self._invites[message.call_id] = data
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self.server)

    def _readable(self) -> None:
        while True:
            try:
                answer = parse(self._socket.recv(65535))
            except BlockingIOError:
                return
            except (ValueError, OSError):
                continue
            if answer.status >= 200:
                self.answers.setdefault(answer.call_id, []).append(answer.status)
            invite = self._invites.get(answer.call_id)
            if invite and answer.cseq[1] == "INVITE":
                self._end(parse(invite), answer)

    def _end(self, invite: Message, answer: Message) -> None:
        """CANCEL what rings, acknowledge what is refused, hang up what is answered."""
        number = answer.cseq[0]
        headers = [(k, v) for k, v in answer.headers if k.lower() in ("from", "to", "call-id")]
        via = ("Via", answer.get("Via"))  # as they understood it

        def say(method: str, sequence: int, to: str = "") -> None:
            shown = [(k, to if k.lower() == "to" and to else v) for k, v in headers]
            request = Message(method, invite.uri, headers=[via, *shown, ("CSeq", f"{sequence} {method}")])
            with contextlib.suppress(OSError):
                self._socket.sendto(request.encode(), self.server)

        if answer.status < 200:
            say("CANCEL", number, invite.get("To"))
        else:
            say("ACK", number)
            if answer.status < 300:
                say("BYE", number + 1)
