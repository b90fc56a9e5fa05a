"""SIP over one UDP socket: what is sent again, until when, and which answer belongs to which question (RFC 3261, 17)."""

import asyncio
import contextlib
import itertools
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from .clock import SO_TIMESTAMPNS, arrival
from .message import Message, authorization, param, parse, token

T1, T2, GIVE_UP = 0.5, 4.0, 32.0  # seconds
SHOWN = 30  # messages under a failed test
KEPT = 4000  # transactions remembered, in each direction


class Question:
    """A request of ours and its answers. `final` resolves to the final response; to a made-up 408 after 32 s."""

    def __init__(self, transport: "Transport", request: Message, heard: Callable[[Message], None] | None) -> None:
        self.request = request
        self.final: asyncio.Future[Message] = transport.loop.create_future()
        self.provisional = False
        self._transport, self._heard = transport, heard
        self._wait, self._ends = T1, transport.loop.time() + GIVE_UP
        self._ack: Message | None = None
        transport.send(request)
        self._timer = transport.loop.call_later(T1, self._again)

    def _again(self) -> None:
        invite = self.request.method == "INVITE"
        if self.final.done() or (invite and self.provisional):
            return
        if self._transport.loop.time() > self._ends:
            self.answered(Message(status=408, reason="No answer at all"))
            return
        self._transport.send(self.request)
        self._wait = self._wait * 2 if invite else min(self._wait * 2, T2)
        self._timer = self._transport.loop.call_later(self._wait, self._again)

    def answered(self, response: Message) -> None:
        """A response came, for the first time or again."""
        if response.status < 200:
            self.provisional = True
        elif self.request.method == "INVITE" and response.status >= 300 and response.headers:
            keep = [(k, v) for k, v in self.request.headers if k in ("Via", "From", "Call-ID", "Max-Forwards", "Route")]
            number = self.request.cseq[0]
            ack = [*keep, ("To", response.get("To")), ("CSeq", f"{number} ACK")]
            self._transport.send(Message("ACK", self.request.uri, headers=ack))
        if self._heard:
            self._heard(response)
        if response.status >= 200 and not self.final.done():
            self._timer.cancel()
            self.final.set_result(response)

    def stop(self) -> None:
        self._timer.cancel()
        if not self.final.done():
            self.final.set_result(Message(status=408, reason="Closed"))


class Transport:
    """The socket of one party. Gives requests to `on_request`; `unplugged` hears and says nothing."""

    def __init__(self, server: tuple[str, int], on_request: Callable[[Message], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.server = server
        self.on_request = on_request
        self.unplugged = False
        self.trace: deque[tuple[float, str, Message]] = deque(maxlen=400)
        self.garbage: deque[bytes] = deque(maxlen=20)
        self.address = ("", 0)
        self._udp: socket.socket | None = None
        self._questions: dict[tuple[str, str], Question] = {}
        self._answers: dict[tuple[str, str], Message] = {}
        self._unacknowledged: dict[str, asyncio.TimerHandle] = {}  # by Call-ID: final answers to INVITE

    def open(self, host: str, port: int) -> None:
        """Bind; port 0 takes a free one. OSError when it is taken."""
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setblocking(False)
        self._udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._udp.bind((host, port))
        self.address = self._udp.getsockname()
        self.loop.add_reader(self._udp, self._readable)

    def close(self) -> None:
        for question in self._questions.values():
            question.stop()
        for timer in self._unacknowledged.values():
            timer.cancel()
        if self._udp:
            self.loop.remove_reader(self._udp)
            self._udp.close()
            self._udp = None

    # -- out ------------------------------------------------------------------------------------------------

    def send(self, message: Message, to: tuple[str, int] | None = None) -> None:
        if not self.unplugged:
            self.trace.append((self.loop.time(), ">", message))
            self.send_raw(message.encode(), to)

    def send_raw(self, data: bytes, to: tuple[str, int] | None = None) -> None:
        """Any bytes, as they are (torture and garbage)."""
        if self._udp:
            # nobody there (ICMP) or a full buffer: what matters is sent again
            with contextlib.suppress(OSError):
                self._udp.sendto(data, to or self.server)

    def ask(self, request: Message, heard: Callable[[Message], None] | None = None) -> Question:
        """Send a request in a new transaction. `heard` gets every response, repeated ones too."""
        branch = self._stamp(request)
        question = self._questions[branch, request.method] = Question(self, request, heard)
        _forget_old(self._questions)
        return question

    def tell(self, request: Message) -> None:
        """Send a request that gets no response, once: the ACK of a 2xx."""
        self._stamp(request)
        self.send(request)

    def _stamp(self, request: Message) -> str:
        branch = token("z9hG4bK")
        via = f"SIP/2.0/UDP {self.address[0]}:{self.address[1]};branch={branch};rport"
        request.headers = [("Via", via), ("Max-Forwards", "70"), *request.headers]
        return branch

    def cancel(self, question: Question) -> Question:
        """CANCEL a pending INVITE: same branch, same CSeq number."""
        asked = question.request
        keep = ("Via", "Max-Forwards", "From", "To", "Call-ID", "Route")
        headers = [(k, v) for k, v in asked.headers if k in keep]
        headers.append(("CSeq", f"{asked.cseq[0]} CANCEL"))
        cancel = Question(self, Message("CANCEL", asked.uri, headers=headers), None)
        self._questions[asked.branch, "CANCEL"] = cancel
        return cancel

    def challenge(self, response: Message, request: Message, user: str, password: str) -> tuple[str, str] | None:
        """The header that answers a 401 or 407; None when there is nothing (more) to answer."""
        name = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}.get(response.status, "")
        offers = [v for v in response.get_all(name) if (param(v, "algorithm") or "MD5").upper() in ("MD5", "SHA-256")]
        reply = "Authorization" if response.status == 401 else "Proxy-Authorization"
        if not name or not password or not offers or request.get(reply):
            return None
        best = max(offers, key=lambda v: param(v, "algorithm").upper() == "SHA-256")
        return reply, authorization(best, request.method, request.uri, user, password)

    def respond(
        self,
        request: Message,
        status: int,
        reason: str,
        tag: str = "",
        *,
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> Message:
        """Answer a request; finals to INVITE are repeated until the ACK."""
        copied = [(k, v) for n in ("Via", "Record-Route", "From") for k, v in ((n, v) for v in request.get_all(n))]
        to = request.get("To")
        if tag and not param(to, "tag"):
            to += f";tag={tag}"
        copied += [("To", to), ("Call-ID", request.call_id), ("CSeq", request.get("CSeq"))]
        response = Message(status=status, reason=reason, headers=copied + (headers or []), body=body)
        self._answers[request.branch, request.method] = response
        _forget_old(self._answers)
        self.send(response, request.source)
        if request.method == "INVITE" and status >= 200:
            self._repeat(request, response, T1, self.loop.time() + GIVE_UP)
        return response

    def _repeat(self, request: Message, response: Message, wait: float, ends: float) -> None:
        def again() -> None:
            if self.loop.time() < ends:
                self.send(response, request.source)
                self._repeat(request, response, min(wait * 2, T2), ends)

        self._unacknowledged[request.call_id] = self.loop.call_later(wait, again)

    # -- in -------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        for _ in range(64):
            if not self._udp:
                return
            try:
                data, extra, _, address = self._udp.recvmsg(65535, 64)
            except BlockingIOError:
                return
            except OSError:  # nobody at the server's port (ICMP): asked again later
                continue
            self._received(data, address, arrival(extra, self.loop))

    def _received(self, data: bytes, address: tuple[str, int], at: float) -> None:
        if self.unplugged or not data.strip():
            return
        try:
            message = parse(data)
        except ValueError:
            self.garbage.append(data)
            return
        message.source, message.at = address, at
        self.trace.append((at, "<", message))
        if message.status:
            question = self._questions.get((message.branch, message.cseq[1]))
            if question:
                question.answered(message)
            return
        if message.method == "ACK":
            timer = self._unacknowledged.pop(message.call_id, None)
            if timer:
                timer.cancel()
        elif seen := self._answers.get((message.branch, message.method)):
            self.send(seen, address)
            return
        self.on_request(message)

    def dump(self) -> str:
        """The last messages in and out, a line each, for a failed test."""
        start = self.trace[0][0] if self.trace else 0.0
        return "\n".join(f"{t - start:8.3f} {way} {m}" for t, way, m in list(self.trace)[-SHOWN:])


def _forget_old(transactions: dict[tuple[str, str], Any]) -> None:
    if len(transactions) > KEPT:
        for key in list(itertools.islice(transactions, KEPT // 2)):
            del transactions[key]
