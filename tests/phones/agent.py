"""The parties of a test: a desk phone that registers, and a caller out in the telephone network."""

import asyncio
import re
from collections import deque
from enum import StrEnum
from types import TracebackType
from typing import Self

from .dialog import SDP, Dialog, State
from .message import MIRROR, Message, Remote, param, sdp, token, uri_of
from .sound import next_tone
from .transport import Transport
from .waiting import Waitable


class Policy(StrEnum):
    """What a party does with an incoming call."""

    RING = "ring"  # 180, then whatever the test does; for ever if it does nothing
    ANSWER = "answer"  # 180, then 200 after `answer_after` seconds (0: 200 at once, no ringing)
    BUSY = "busy"  # 486
    REJECT = "reject"  # 603
    IGNORE = "ignore"  # not even 100


REFUSALS = {Policy.BUSY: (486, "Busy Here"), Policy.REJECT: (603, "Decline")}


class UserAgent(Waitable):
    """A SIP party on its own UDP port, made inside a running event loop. `close`, or the end of `async with`, hangs up.

    answer_on_cancel: our 200 crosses the server's CANCEL. cancel_on_answer: our CANCEL crosses the server's 200.
    honour_auto_answer: Alert-Info or Call-Info may answer. honour_talk: NOTIFY `Event: talk` may answer.
    """

    transports: type[Transport] = Transport

    def __init__(
        self,
        user: str,
        password: str,
        server: tuple[str, int],
        *,
        name: str = "",
        tone: int | None = None,
        media: bool = True,
        policy: Policy = Policy.RING,
        answer_after: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__()
        self.user, self.password, self.server, self.name = user, password, server, name or user
        self.tone = next_tone() if tone is None else tone
        self.with_media, self.policy, self.answer_after = media, policy, answer_after
        self.host = host
        self.answer_on_cancel = self.cancel_on_answer = False
        self.honour_auto_answer = False
        self.honour_talk = True
        self.dialogs: list[Dialog] = []  # every call there was, oldest first
        self._by_id: dict[str, Dialog] = {}
        self._incoming: deque[Dialog] = deque()  # not yet taken by `ringing`
        self.events: list[str] = []  # Event of every NOTIFY
        self.registered = False
        self.registered_at = 0.0  # the last 200 to a REGISTER, loop.time()
        self._register_id, self._register_cseq = token(), 0
        self._keeper: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.loop = asyncio.get_running_loop()
        self.transport = self.transports(server, self._on_request)
        self.transport.open(host, port)
        shown = user if re.fullmatch(r"[\w+.-]{1,40}", user, re.ASCII) else "caller"
        self.contact = ("Contact", f"<sip:{shown}@{host}:{self.transport.address[1]}>")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up, unregister and close. An unplugged party just disappears."""
        for timer in self._timers:
            timer.cancel()
        if self._keeper:
            self._keeper.cancel()
        live = [d for d in self.dialogs if not d.ended]
        if not self.transport.unplugged:
            for dialog in live:
                dialog.abandon()
                dialog.hangup_now()
            try:
                async with asyncio.timeout(10):
                    for dialog in live:
                        await dialog.wait_ended(10)
                    if self.registered:
                        await self.unregister()
            except (TimeoutError, AssertionError):
                pass
        for dialog in self.dialogs:
            dialog.media.close()
        self.transport.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} at port {self.transport.address[1]}, {len(self.dialogs)} calls>"

    def describe(self) -> str:
        return f"{self!r}\n{self.transport.dump()}"

    # -- registration ---------------------------------------------------------------------------------------

    async def register(self, expires: int = 3600, patience: float = 32.0) -> int:
        """REGISTER with digest; returns the final status (200, 401 wrong password, 408 no answer for `patience` s)."""
        extra: list[tuple[str, str]] = []
        for _ in range(2):
            self._register_cseq += 1
            address = f"<sip:{self.user}@{self.server[0]}:{self.server[1]}>"
            headers = [
                ("From", f"{address};tag={token()}"),
                ("To", address),
                ("Call-ID", self._register_id),
                ("CSeq", f"{self._register_cseq} REGISTER"),
                self.contact,
                ("Expires", str(expires)),
                *extra,
            ]
            request = Message("REGISTER", f"sip:{self.server[0]}:{self.server[1]}", headers=headers)
            question = self.transport.ask(request)
            impatience = self.loop.call_later(patience, question.stop)
            response = await question.final
            impatience.cancel()
            retry = self.transport.challenge(response, request, self.user, self.password)
            if not retry:
                break
            extra = [retry]
        self.registered = response.status == 200 and expires > 0
        self.registered_at = response.at or self.registered_at
        self.changed()
        return response.status

    async def unregister(self) -> int:
        return await self.register(expires=0)

    def keep_registered(self, every: float = 1.0) -> None:
        """Register again every so many seconds, as a phone does that notices its server has restarted."""

        async def keep() -> None:
            while True:
                await self.register(patience=1.0)
                await asyncio.sleep(every)

        self._keeper = asyncio.create_task(keep())

    def unplug(self) -> None:
        """Out goes the cable: nothing is answered or sent any more, no RTP either, and nobody is told."""
        self._plug(False)

    def replug(self, forget: bool = False) -> None:
        """The cable is back. `forget`: it was the power; calls of before are unknown (481)."""
        self._plug(True)
        if forget:
            self._by_id.clear()
            for dialog in self.dialogs:
                dialog.media.close()

    def _plug(self, plugged: bool) -> None:
        self.transport.unplugged = not plugged
        for dialog in self.dialogs:
            dialog.media.unplugged = not plugged

    # -- calls ----------------------------------------------------------------------------------------------

    async def ringing(self, timeout: float = 15.0) -> Dialog:
        """The next incoming call not yet taken by a call of this method, whatever the policy does with it."""
        await self.until(lambda: self._incoming, timeout, f"{self.name} rings")
        return self._incoming.popleft()

    def missed(self) -> list[Dialog]:
        """The incoming calls no call of `ringing` took; they are taken now."""
        calls = list(self._incoming)
        self._incoming.clear()
        return calls

    def call(
        self,
        number: str,
        *,
        from_header: str | None = None,
        headers: list[tuple[str, str]] | None = None,
        uri: str | None = None,
    ) -> Dialog:
        """Send an INVITE and return at once. `from_header` (without tag) and `headers` go out as they are."""
        host, port = self.server
        uri = uri or f"sip:{number}@{host}:{port}"
        own = from_header if from_header is not None else f"<sip:{self.user}@{host}>"
        tag = token()
        invite = Message(
            "INVITE",
            uri,
            headers=[
                ("From", f"{own};tag={tag}"),
                ("To", f"<{uri}>"),
                ("Call-ID", f"{token()}@tests"),
                ("CSeq", "1 INVITE"),
                self.contact,
                ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, UPDATE"),
                ("User-Agent", "ccenter-tests"),
                *(headers or []),
                SDP,
            ],
        )
        dialog = Dialog(self, invite, incoming=False)
        dialog.local_tag = tag
        invite.body = sdp(self.host, dialog.media.port)
        self._add(dialog)
        dialog.call()
        return dialog

    def _add(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog)
        self._by_id[dialog.call_id] = dialog

    def session(self, dialog: Dialog, remote: Remote | None) -> bytes:
        """The SDP that answers an offer."""
        return sdp(self.host, dialog.media.port, MIRROR[remote.direction] if remote else "sendrecv")

    # -- what the server asks -------------------------------------------------------------------------------

    def _on_request(self, request: Message) -> None:
        dialog = self._by_id.get(request.call_id)
        if request.method == "CANCEL" and dialog and dialog.incoming:
            dialog.on_cancel(request)
        elif dialog and (param(request.get("To"), "tag") or request.method == "ACK"):
            if dialog.ended and request.method not in ("ACK", "BYE"):
                self.transport.respond(request, 481, "Call/Transaction Does Not Exist")
            else:
                dialog.on_request(request)
        elif request.method == "INVITE":
            self._on_call(request)
        elif request.method in ("OPTIONS", "NOTIFY", "MESSAGE"):
            allow = [("Allow", "INVITE, ACK, BYE, CANCEL, NOTIFY, OPTIONS")]
            self.transport.respond(request, 200, "OK", token(), headers=allow)
            if request.method == "NOTIFY":
                self.told(request.get("Event"), None)
        elif request.method != "ACK":
            self.transport.respond(request, 481, "Call/Transaction Does Not Exist", token())

    def _on_call(self, request: Message) -> None:
        if self.policy is Policy.IGNORE:
            return
        dialog = Dialog(self, request, incoming=True)
        self._add(dialog)
        self._incoming.append(dialog)
        self.transport.respond(request, 100, "Trying")
        auto = self.honour_auto_answer and wants_auto_answer(request)
        if not auto and self.policy in REFUSALS:
            dialog.refuse(*REFUSALS[self.policy])
        elif auto or (self.policy is Policy.ANSWER and not self.answer_after):
            dialog.answer_now()
        else:
            dialog.ring()
            if self.policy is Policy.ANSWER:
                self._timers.append(self.loop.call_later(self.answer_after, dialog.answer_now))
        self.changed()

    def told(self, event: str, dialog: Dialog | None) -> None:
        """A NOTIFY came: `talk` answers the ringing call (or resumes), `hold` holds."""
        self.events.append(event)
        if self.honour_talk:
            live = [d for d in self.dialogs if not d.ended]
            dialog = dialog or next(iter(sorted(live, key=lambda d: d.state is not State.RINGING)), None)
            if dialog and event == "talk" and not dialog.answered:
                dialog.answer_now()
            elif dialog and dialog.answered and event in ("talk", "hold"):
                self._task = self.loop.create_task(dialog.hold() if event == "hold" else dialog.resume())
        self.changed()


def wants_auto_answer(invite: Message) -> bool:
    """Alert-Info `auto-answer` / `alert-autoanswer` or Call-Info `answer-after=0`, as phones understand them."""
    alert = " ".join(invite.get_all("Alert-Info")).lower()
    info = " ".join(invite.get_all("Call-Info")).lower().replace(" ", "")
    return "auto-answer" in alert or "autoanswer" in alert or "answer-after=0" in info


class Phone(UserAgent):
    """A desk phone: `extension` and password as in stack.json's logins, `server` the SIP address."""

    @property
    def extension(self) -> str:
        return self.user


class Caller(UserAgent):
    """A caller on the trunk's far side: says who it is (`ani`) and dials a public number (`dnis`).

    It takes calls too, so it also plays the person whom the centre rings over the trunk (give it a fixed `port`).
    """

    def __init__(
        self,
        server: tuple[str, int],
        ani: str = "13800138000",
        dnis: str = "",
        *,
        display: str = "",
        user: str = "",
        password: str = "",
        name: str = "",
        tone: int | None = None,
        media: bool = True,
        policy: Policy = Policy.RING,
        answer_after: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(
            user or ani, password, server, name=name or ani, tone=tone, media=media, policy=policy,
            answer_after=answer_after, host=host, port=port,
        )  # fmt: skip
        self.ani, self.dnis, self.display = ani, dnis, display

    def dial(self, dnis: str = "", **options: object) -> Dialog:
        """Call the number given, or this caller's own `dnis`; options as for `call`."""
        shown = f'"{self.display}" ' if self.display else ""
        options.setdefault("from_header", f"{shown}<sip:{self.ani}@{self.host}>")
        return self.call(dnis or self.dnis, **options)  # type: ignore[arg-type]

    def dial_raw(self, from_header: str, headers: list[tuple[str, str]] | None = None, dnis: str = "") -> Dialog:
        """A call whose From (without tag) and extra headers are sent byte for byte: anonymous, empty, hostile."""
        return self.dial(dnis, from_header=from_header, headers=headers)


__all__ = ["Caller", "Dialog", "Phone", "Policy", "State", "UserAgent", "uri_of"]
