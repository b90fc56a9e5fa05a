"""SIP messages and SDP as text: parsed, built, and nothing else. No sockets, no state.

Lenient on purpose: a test wants to see what the server really sent, and to send what no product would.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

COMPACT = {
    "i": "call-id", "f": "from", "t": "to", "v": "via", "m": "contact", "l": "content-length",
    "c": "content-type", "k": "supported", "s": "subject", "e": "content-encoding", "o": "event", "r": "refer-to",
}  # fmt: skip


@dataclass(slots=True)
class Message:
    """A request (method, uri) or a response (status, reason). Header names keep their spelling."""

    method: str = ""
    uri: str = ""
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    source: tuple[str, int] = ("", 0)  # where it came from; empty for what we send
    at: float = 0.0  # when it came, loop.time() seconds

    def get(self, name: str, default: str = "") -> str:
        """First value of the header, compact form or not, any case."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        name = name.lower()
        return [v for k, v in self.headers if COMPACT.get(k.lower(), k.lower()) == name]

    @property
    def cseq(self) -> tuple[int, str]:
        number, _, method = self.get("CSeq").partition(" ")
        return int(number or 0), method.strip()

    @property
    def branch(self) -> str:
        return param(self.get("Via"), "branch")

    @property
    def call_id(self) -> str:
        return self.get("Call-ID")

    @property
    def start(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0" if self.method else f"SIP/2.0 {self.status} {self.reason}"

    def encode(self) -> bytes:
        lines = [self.start, *(f"{k}: {v}" for k, v in self.headers), f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body

    def __str__(self) -> str:
        """What it is, and where the audio goes, in a line."""
        audio = re.search(rb"^m=audio.*?(?=\r|\n|$)", self.body, re.MULTILINE)
        said = [self.start, self.get("CSeq"), self.call_id[:8], self.get("Reason"), audio[0].decode("latin-1") if audio else ""]
        return ", ".join(part for part in said if part)


def parse(data: bytes) -> Message:
    """Read one datagram. Raises ValueError when it is not SIP at all."""
    head, _, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape"))
    start, *lines = text.split("\r\n")
    message = Message(body=body)
    parts = start.split(" ", 2)
    if len(parts) < 3:
        raise ValueError(f"not SIP: {start[:80]!r}")
    if parts[0] == "SIP/2.0":
        message.status, message.reason = int(parts[1]), parts[2]
    elif parts[2] == "SIP/2.0":
        message.method, message.uri = parts[0], parts[1]
    else:
        raise ValueError(f"not SIP: {start[:80]!r}")
    for line in lines:
        name, _, value = line.partition(":")
        if COMPACT.get(name.strip().lower(), name.strip().lower()) != "content-length":
            message.headers.append((name.strip(), value.strip()))
    return message


def param(value: str, name: str) -> str:
    """A header's parameter (`;tag=x`, and those of a challenge), unquoted; empty when it is not there."""
    found = re.search(rf'(?:^|[;,\s]){name}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s>]*))', value, re.IGNORECASE)
    return (found.group(1) if found.group(1) is not None else found.group(2)) if found else ""


def uri_of(value: str) -> str:
    """The URI inside a From, To or Contact."""
    found = re.search(r"<([^>]*)>", value)
    return found.group(1) if found else value.partition(";")[0].strip()


def user_of(value: str) -> str:
    """The user part of a URI or of a header that holds one."""
    found = re.match(r"(?:sips?|tel):([^@;>]*)", uri_of(value))
    return found.group(1) if found else ""


def display_of(value: str) -> str:
    """The display name before `<`, unquoted."""
    name = value.partition("<")[0].strip() if "<" in value else ""
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def token(prefix: str = "") -> str:
    return prefix + secrets.token_hex(8)


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """Value of the Authorization header that answers a digest challenge (MD5 or SHA-256, qop=auth or none)."""
    algorithm = param(challenge, "algorithm") or "MD5"
    realm, nonce = param(challenge, "realm"), param(challenge, "nonce")

    def digest(text: str) -> str:
        name = "sha256" if algorithm.upper() == "SHA-256" else "md5"
        return hashlib.new(name, text.encode()).hexdigest()

    secret, what = digest(f"{user}:{realm}:{password}"), digest(f"{method}:{uri}")
    value = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm={algorithm}'
    if "auth" in param(challenge, "qop").split(","):
        cnonce = token()
        answer = digest(f"{secret}:{nonce}:00000001:{cnonce}:auth:{what}")
        value += f', response="{answer}", qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        value += f', response="{digest(f"{secret}:{nonce}:{what}")}"'
    return value + (f', opaque="{opaque}"' if (opaque := param(challenge, "opaque")) else "")


PCMA = 8
EVENT = 101  # our payload type of telephone-event; the peer's may differ and is honoured
MIRROR = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


def sdp(host: str, port: int, direction: str = "sendrecv", version: int = 1, event: int = EVENT) -> bytes:
    """One PCMA audio stream with telephone-event."""
    return (
        f"v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {PCMA} {event}\r\na=rtpmap:{PCMA} PCMA/8000\r\n"
        f"a=rtpmap:{event} telephone-event/8000\r\na=fmtp:{event} 0-16\r\na=ptime:20\r\na={direction}\r\n"
    ).encode()


@dataclass(slots=True)
class Remote:
    """What the peer's SDP says of its audio."""

    host: str
    port: int
    direction: str
    event: int | None  # payload type of telephone-event
    pcma: bool


def parse_sdp(body: bytes) -> Remote | None:
    """The audio part of an SDP body; None when there is none."""
    text = body.decode("utf-8", "replace").replace("\r\n", "\n")
    audio = re.search(r"^m=audio (\d+) \S+ (.*)$", text, re.MULTILINE)
    if not audio:
        return None
    host = re.findall(r"^c=IN IP4 ([^\s/]+)", text, re.MULTILINE)
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.MULTILINE)
    event = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", text, re.MULTILINE | re.IGNORECASE)
    return Remote(
        host=host[-1] if host else "",
        port=int(audio.group(1)),
        direction=direction.group(1) if direction else "sendrecv",
        event=int(event.group(1)) if event else None,
        pcma=str(PCMA) in audio.group(2).split(),
    )
