"""SIP as bytes, for the measuring party: as little work for each message as will do on the loopback."""

from __future__ import annotations

import re

ALLOW = b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, NOTIFY\r\n"
_COPIED = (b"via:", b"from:", b"call-id:", b"cseq:")  # of a request, into each answer
_DIGITS = re.compile(rb"sip:[^@>]*?(\d{8})@")
_AUDIO = re.compile(rb"^m=audio (\d+) ", re.MULTILINE)


class Text:
    """One message received: its first line taken apart, the headers a call needs, and those an answer repeats."""

    __slots__ = ("about", "body", "call_id", "contact", "copied", "method", "sender", "start", "status", "to")

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        start, *lines = head.split(b"\r\n")
        self.start = start
        self.status = int(start[8:11]) if start.startswith(b"SIP/2.0 ") else 0
        self.method = b"" if self.status else start[: start.find(b" ")]
        self.call_id = self.to = self.contact = self.sender = self.about = b""
        self.copied: list[bytes] = []
        for line in lines:
            name = line[: line.find(b":") + 1].lower()
            if name in _COPIED:
                self.copied.append(line)
                if name == b"call-id:":
                    self.call_id = line[8:].strip()
                elif name == b"cseq:" and self.status:
                    self.method = line[line.rfind(b" ") + 1 :]
                elif name == b"from:":
                    self.sender = line
            elif name == b"to:":
                self.to = line
            elif name == b"contact:":
                self.contact = line[line.find(b"<") + 1 : line.find(b">")]
            elif name == b"x-cc-call:":
                self.about = line[10:].strip()

    @property
    def in_dialog(self) -> bool:
        return b";tag=" in self.to

    @property
    def dialled(self) -> str:
        """Who a request is for: the user part of its address."""
        return self.start[self.start.find(b":") + 1 : self.start.find(b"@")].decode()

    @property
    def who(self) -> int:
        """The last eight digits of the number in From: which call it is. -1 without."""
        found = _DIGITS.search(self.sender)
        return int(found[1]) if found else -1

    @property
    def audio(self) -> int:
        """The port that the SDP asks audio to be sent to; 0 without."""
        found = _AUDIO.search(self.body)
        return int(found[1]) if found else 0


def sdp(port: int, host: str = "127.0.0.1") -> bytes:
    """Audio wanted at that port, A-law."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
    ).encode()


def request(method: str, uri: bytes, headers: bytes, body: bytes = b"") -> bytes:
    start = b"%s %s SIP/2.0\r\n" % (method.encode(), uri)
    return start + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answer(to: Text, line: bytes, tag: bytes = b"", extra: bytes = b"", body: bytes = b"") -> bytes:
    """The response `line` ("200 OK") to a request."""
    target = to.to if not tag or to.in_dialog else to.to + b";tag=" + tag
    head = b"\r\n".join((b"SIP/2.0 " + line, *to.copied, target)) + b"\r\n" + extra
    kind = b"Content-Type: application/sdp\r\n" if body else b""
    return head + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body
