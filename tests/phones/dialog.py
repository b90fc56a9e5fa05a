"""One call as a party sees it: from INVITE to BYE, both directions."""

import asyncio
import random
import re
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from .media import Media
from .message import MIRROR, Message, display_of, param, parse_sdp, sdp, token, uri_of, user_of
from .transport import Question
from .waiting import Waitable

if TYPE_CHECKING:
    from .agent import UserAgent

SDP = ("Content-Type", "application/sdp")


class State(StrEnum):
    CALLING = "calling"  # INVITE sent or come, nothing more
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Dialog(Waitable):
    """A call of one party. Times are `loop.time()` seconds; None until it happened.

    `status`: the final status of the INVITE. `ended_by`: "us" or "them". `cause`: Q.850 cause of their BYE or CANCEL.
    """

    def __init__(self, ua: "UserAgent", invite: Message, incoming: bool) -> None:
        super().__init__()
        self.ua, self.invite, self.incoming = ua, invite, incoming
        self.call_id = invite.call_id
        self.state = State.CALLING
        self.status: int | None = None
        self.refusal: Message | None = None
        self.ended_by = ""
        self.cause: int | None = None
        self.asked_at = invite.at or ua.loop.time()  # INVITE sent, or come
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.info_digits = ""  # keys heard by SIP INFO
        self.reinvites = 0  # re-INVITEs and UPDATEs the server sent
        self.media = Media(ua.host, ua.tone, ua.with_media)
        self.media.context = self._story
        self.local_tag, self.remote_tag = token(), ""
        self._local, self._remote = invite.get("From"), invite.get("To")
        self._target = invite.uri
        self._route: list[str] = []
        self._cseq = invite.cseq[0]
        self._version = 1
        self._question: Question | None = None  # our INVITE that is pending
        self._pending: Message | None = None  # their INVITE that is pending
        self._cancelling = False
        if incoming:
            self._local, self._remote = invite.get("To"), invite.get("From")
            self.remote_tag = param(self._remote, "tag")
            self._target = uri_of(invite.get("Contact"))
            self._route = invite.get_all("Record-Route")
            self._cseq = random.randrange(1, 10000)
            self._pending = invite

    # -- what a test reads ----------------------------------------------------------------------------------

    @property
    def answered(self) -> bool:
        return self.answered_at is not None

    @property
    def ended(self) -> bool:
        return self.state is State.ENDED

    @property
    def caller_id(self) -> str:
        """User part of the From of an incoming call."""
        return user_of(self.invite.get("From"))

    @property
    def caller_name(self) -> str:
        return display_of(self.invite.get("From"))

    def header(self, name: str) -> str:
        """A header of the INVITE (X-CC-Call, Alert-Info ...); empty when missing."""
        return self.invite.get(name)

    def __repr__(self) -> str:
        way = "from" if self.incoming else "to"
        other = self.caller_id if self.incoming else user_of(self._remote)
        return f"<{self.ua.name}: call {way} {other}, {self.state}, status {self.status}, ended by {self.ended_by!r}>"

    def describe(self) -> str:
        return self.media.describe()

    def _story(self) -> str:
        return f"{self!r}\n{self.ua.transport.dump()}"

    # -- waiting --------------------------------------------------------------------------------------------

    async def wait_ringing(self, timeout: float = 15.0) -> "Dialog":
        await self._reached(lambda: self.ringing_at is not None or self.answered, timeout, "ringing")
        return self

    async def wait_answered(self, timeout: float = 15.0) -> "Dialog":
        await self._reached(lambda: self.answered, timeout, "answered")
        return self

    async def wait_ended(self, timeout: float = 15.0) -> "Dialog":
        await self.until(lambda: self.ended, timeout, "call ended")
        return self

    async def _reached(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        await self.until(lambda: condition() or self.ended, timeout, what)
        assert condition(), f"the call ended before it was {what}\n{self.describe()}"

    async def wait_digits(self, digits: str, timeout: float = 15.0) -> None:
        """Wait till exactly these keys were heard, by RFC 4733 or INFO."""
        await self.media.until(lambda: digits in (self.media.digits, self.info_digits), timeout, f"keys {digits!r} heard")

    async def hears(self, hz: float, timeout: float = 20.0) -> None:
        await self.media.hears(hz, timeout)

    async def hears_not(self, hz: float, packets: int = 25, timeout: float = 20.0) -> None:
        await self.media.hears_not(hz, packets, timeout)

    async def hears_sound(self, timeout: float = 20.0) -> None:
        await self.media.hears_sound(timeout)

    async def hears_silence(self, packets: int = 25, timeout: float = 20.0) -> None:
        await self.media.hears_silence(packets, timeout)

    # -- what a test does -----------------------------------------------------------------------------------

    def ring(self) -> None:
        """180 to an incoming call."""
        if self._pending and self.state is State.CALLING:
            self.ua.transport.respond(self._pending, 180, "Ringing", self.local_tag, headers=[self.ua.contact])
            self._to(State.RINGING)

    async def answer(self, timeout: float = 15.0) -> "Dialog":
        """200 to an incoming call; returns when the server has acknowledged it."""
        self.answer_now()
        return await self.wait_answered(timeout)

    def answer_now(self) -> None:
        """Send the 200 and go on; `answered` is true from the ACK on. Nothing happens when the call is over."""
        if not self._pending or self.status or self.ended:
            return
        self.status = 200
        remote = parse_sdp(self._pending.body)
        if remote:
            self.media.connect(remote)
        body = self.ua.session(self, remote)
        headers = [self.ua.contact, SDP]
        self.ua.transport.respond(self._pending, 200, "OK", self.local_tag, headers=headers, body=body)

    def refuse(self, status: int = 486, reason: str = "Busy Here") -> None:
        """A final refusal to an incoming call."""
        if self._pending and not self.status and not self.ended:
            self.status = status
            self.ua.transport.respond(self._pending, status, reason, self.local_tag)
            self._end("us")

    async def hangup(self, timeout: float = 15.0) -> "Dialog":
        """End the call whatever its state: BYE, CANCEL, or 603 to a ringing incoming call."""
        self.hangup_now()
        return await self.wait_ended(timeout)

    def hangup_now(self) -> None:
        """Send what ends the call and go on: for races."""
        if self.ended:
            return
        if self.incoming and not self.status:
            self.refuse(603, "Decline")
        elif self.status == 200:
            question = self.ua.transport.ask(self.request("BYE"))
            question.final.add_done_callback(lambda _: self._end("us"))
            self.media.close()
        elif not self._cancelling:
            self._cancelling = True
            self._cancel()

    def abandon(self) -> None:
        """Forget an outgoing call that nobody has said anything to, as CANCEL would not be allowed yet."""
        if self._question and not self._question.provisional and not self.ended:
            self._question.stop()
            self._end("us")

    def _cancel(self) -> None:
        # RFC 3261, 9.1: not before a provisional response
        if self._question and self._question.provisional:
            self.ua.transport.cancel(self._question)

    async def hold(self, mute: bool = True) -> None:
        """Re-INVITE sendonly; the microphone is off, as on a desk phone. `mute=False`: the tone goes on (music of the
        phone's own), which Asterisk passes on."""
        self.media.muted = mute
        await self._reinvite("sendonly")

    async def resume(self) -> None:
        self.media.muted = False
        await self._reinvite("sendrecv")

    async def dtmf(self, digits: str, info: bool = False, press_ms: int = 100, pause_ms: int = 100) -> None:
        """Press keys: RFC 4733 telephone-events, or SIP INFO (application/dtmf-relay)."""
        if not info:
            await self.media.dtmf(digits, press_ms, pause_ms)
            return
        for digit in digits:
            body = f"Signal={digit}\r\nDuration={press_ms}\r\n".encode()
            request = self.request("INFO", [("Content-Type", "application/dtmf-relay")], body)
            await self.ua.transport.ask(request).final

    async def refer(self, target: str) -> int:
        """Blind transfer by the phone itself (REFER); returns the status."""
        request = self.request("REFER", [("Refer-To", f"<{target}>"), self.ua.contact])
        return (await self.ua.transport.ask(request).final).status

    # -- requests inside the dialog -------------------------------------------------------------------------

    def request(
        self, method: str, headers: list[tuple[str, str]] | None = None, body: bytes = b"", cseq: int | None = None
    ) -> Message:
        """A request of this dialog with the next CSeq (not yet sent)."""
        if cseq is None:
            self._cseq += 1
            cseq = self._cseq
        return Message(
            method,
            self._target,
            headers=[
                *(("Route", r) for r in self._route),
                ("From", _tagged(self._local, self.local_tag)),
                ("To", _tagged(self._remote, self.remote_tag)),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
                ("User-Agent", "ccenter-tests"),
                *(headers or []),
            ],
            body=body,
        )

    async def _reinvite(self, direction: str) -> None:
        def heard(response: Message) -> None:
            # at once: a re-INVITE of the server may be right behind
            if response.status == 200 and (remote := parse_sdp(response.body)) and not self.ended:
                self.media.connect(remote, direction if direction != "sendrecv" else None)
            self._acknowledge(response)

        for _ in range(10):
            self._version += 1
            body = sdp(self.ua.host, self.media.port, direction, self._version)
            request = self.request("INVITE", [self.ua.contact, SDP], body)
            self._question = self.ua.transport.ask(request, heard)
            final = await self._question.final
            self._question = None
            if final.status == 200:
                return
            if final.status != 491:  # both asked at once: RFC 3261, 14.1 wants a random pause
                break
            await asyncio.sleep(random.uniform(0.01, 0.2))
        raise AssertionError(f"re-INVITE {direction} got {final.status}\n{self.describe()}")

    def _acknowledge(self, response: Message) -> None:
        if 200 <= response.status < 300:
            self._target = uri_of(response.get("Contact")) or self._target
            self.ua.transport.tell(self.request("ACK", cseq=response.cseq[0]))

    # -- what the server does -------------------------------------------------------------------------------

    def call(self) -> None:
        """Send our INVITE."""
        self._question = self.ua.transport.ask(self.invite, self._on_invite_response)

    def _on_invite_response(self, response: Message) -> None:
        if tag := param(response.get("To"), "tag"):
            self.remote_tag = tag
        if response.status < 200:
            self._provisional(response)
            return
        if self.ended and response.status < 300:
            self._acknowledge(response)  # our ACK was lost
            return
        retry = self.ua.transport.challenge(response, self.invite, self.ua.user, self.ua.password)
        if retry and not self.status:
            self._cseq += 1
            kept = [(k, v) for k, v in self.invite.headers if k not in ("Via", "Max-Forwards", "CSeq")]
            headers = [*kept, ("CSeq", f"{self._cseq} INVITE"), retry]
            self.invite = Message("INVITE", self.invite.uri, headers=headers, body=self.invite.body)
            self.call()
            return
        first, self.status = self.status is None, response.status
        if response.status >= 300:
            self.refusal = response
            self._end("us" if self._cancelling else "them")
            return
        self._remote = response.get("To")
        self._route = response.get_all("Record-Route")[::-1]
        if first and self.ua.cancel_on_answer and self._question:
            self.ua.transport.cancel(self._question)
            self._cancelling = True
        self._acknowledge(response)
        if first:
            if remote := parse_sdp(response.body):
                self.media.connect(remote)
            self.answered_at = response.at
            self._to(State.ANSWERED)
            if self._cancelling:
                self.hangup_now()

    def _provisional(self, response: Message) -> None:
        if remote := parse_sdp(response.body):
            self.media.connect(remote)
        if response.status in (180, 183) and self.state is State.CALLING:
            self._to(State.RINGING, response.at)
        if self._cancelling:
            self._cancel()

    def on_request(self, request: Message) -> None:
        """A request of the server inside this dialog."""
        handler = getattr(self, f"_on_{request.method.lower()}", None)
        if handler:
            handler(request)
        else:
            self.ua.transport.respond(request, 405, "Method Not Allowed")

    def _ok(self, request: Message, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> None:
        self.ua.transport.respond(request, 200, "OK", self.local_tag, headers=headers, body=body)

    def _on_ack(self, request: Message) -> None:
        if self.status == 200 and not self.answered and not self.ended:
            if remote := parse_sdp(request.body):
                self.media.connect(remote)
            self.answered_at = request.at
            self._to(State.ANSWERED)

    def _on_invite(self, request: Message) -> None:
        if self._question and not self._question.final.done():
            self.ua.transport.respond(request, 491, "Request Pending")
            return
        self.reinvites += 1
        self._target = uri_of(request.get("Contact")) or self._target
        self._offer(request)

    def _on_update(self, request: Message) -> None:
        self.reinvites += 1
        self._offer(request)

    def _offer(self, request: Message) -> None:
        remote = parse_sdp(request.body)
        if remote:
            self.media.connect(remote)
        if request.method == "UPDATE" and not remote:
            self._ok(request, [self.ua.contact])
            return
        self._version += 1
        body = sdp(self.ua.host, self.media.port, MIRROR[remote.direction] if remote else "sendrecv", self._version)
        self._ok(request, [self.ua.contact, SDP], body)
        self.changed()

    def _on_bye(self, request: Message) -> None:
        self._ok(request)
        self._end("them", request)

    def on_cancel(self, request: Message) -> None:
        """CANCEL of the pending INVITE. With `answer_on_cancel` our 200 crosses it and wins."""
        if self.ua.answer_on_cancel:
            self.answer_now()
        self._ok(request)
        if self._pending and not self.status:
            self.status = 487
            self.ua.transport.respond(self._pending, 487, "Request Terminated", self.local_tag)
            self._end("them", request)

    def _on_info(self, request: Message) -> None:
        self._ok(request)
        if found := re.search(rb"Signal\s*=\s*([0-9A-D*#])", request.body):
            self.info_digits += found.group(1).decode()
            self.media.changed()

    def _on_notify(self, request: Message) -> None:
        self._ok(request)
        self.ua.told(request.get("Event"), self)

    def _on_options(self, request: Message) -> None:
        self._ok(request)

    # -- state ----------------------------------------------------------------------------------------------

    def _to(self, state: State, at: float = 0.0) -> None:
        self.state = state
        if state is State.RINGING:
            self.ringing_at = at or self.ua.loop.time()
        self.changed()
        self.ua.changed()

    def _end(self, by: str, request: Message | None = None) -> None:
        if self.ended:
            return
        self.ended_by = by
        self.ended_at = request.at if request else self.ua.loop.time()
        if request and (cause := param(request.get("Reason"), "cause")):
            self.cause = int(cause)
        self.media.close()
        self._to(State.ENDED)


def _tagged(value: str, tag: str) -> str:
    return value if param(value, "tag") or not tag else f"{value};tag={tag}"
