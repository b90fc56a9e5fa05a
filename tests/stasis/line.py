"""The shell without the core: a test says the commands and reads the events, on a real Asterisk."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ccenter.acd import commands, events
from ccenter.acd.commands import Command
from ccenter.stasis import judging
from ccenter.stasis.accounts import Accounts, Desired, seat
from ccenter.stasis.ari import Ari, AriError
from ccenter.stasis.background import Background
from ccenter.stasis.messages import Message
from ccenter.stasis.perform import Performer
from ccenter.stasis.phones import APP as PHONES_APP
from ccenter.stasis.phones import Pages, Phones
from ccenter.stasis.reconcile import reconcile
from ccenter.stasis.translate import RULES, Live, translate
from tests.phones import Caller, Phone
from tests.phones.waiting import Waitable

E = TypeVar("E")
PASSWORD = "a-desk-phone"
PHONES = ("1001", "1002")


def ari_of(stack: dict[str, Any], app: str = "ccenter") -> Ari:
    env = stack["environment"]
    return Ari(env["CC_ARI_URL"], app, env["CC_ARI_USER"], env["CC_ARI_PASSWORD"], env["CC_AMI_USER"], env["CC_AMI_PASSWORD"])


class Line(Waitable):
    """A link to Asterisk. `heard` is every event since the beginning, `raw` every message that Asterisk sent."""

    def __init__(self, stack: dict[str, Any], known: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.stack = stack
        self.node: str = stack["node"]
        self.ari = ari_of(stack)
        self.phones_ari = ari_of(stack, PHONES_APP)
        self.live: Live = {}
        self.phones = Phones()
        self.pages = Pages(self.phones_ari, self.phones, self._emit)
        self.heard: list[events.AnyEvent] = []
        self.raw: list[Message] = []
        self.known = known  # legs the core would know at a connect
        self.links = 0
        self.recordings = Path(stack["state"]) / "recordings"
        self.synced = 0
        self.background = Background(self.recordings, self._sync, self._run)
        self.performer = Performer(self.node, self.ari, self.live, self.background, self._emit)
        self.accounts = Accounts(self.ari, Path(stack["state"]) / "run" / "test.accounts")
        self._taken: set[int] = set()
        self._count = 0
        self._jobs: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.ari.__aenter__()
        await self.phones_ari.__aenter__()
        self.following = asyncio.create_task(self.pages.run())
        self.task = asyncio.create_task(self.ari.listen(self._connected, self._hear, self._lost))
        await self.until(lambda: self.links, 20, "linked")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for leg in list(self.live):
            self.do(commands.HangUp(leg))
        await self.performer.idle()
        await self.until(lambda: not self.live or self.task.done(), 15, "all legs ended")
        await asyncio.gather(*self._jobs)
        self.task.cancel()
        self.following.cancel()
        await asyncio.gather(self.task, self.following, return_exceptions=True)
        for bridge in await self.ari.bridges.list():
            with suppress(AriError):  # one of Asterisk's own
                await self.ari.bridges.destroy(bridge.id)
        assert self.performer.pending == 0, "a command is remembered though it is done"
        self.background.close()
        await self.ari.__aexit__()
        await self.phones_ari.__aexit__()

    def describe(self) -> str:
        return "\n".join(map(repr, self.heard[-30:]))

    # -- what a test says

    def do(self, *batch: Command) -> None:
        self.performer.perform(batch)

    async def done(self, *batch: Command) -> None:
        """Performs them and waits till they are."""
        self.do(*batch)
        async with asyncio.timeout(15):
            await self.performer.idle()

    def fresh(self, kind: str) -> str:
        self._count += 1
        return f"{self.node}-{kind}{id(self) % 100000}{self._count}"

    async def event(self, kind: type[E], timeout: float = 15.0, **fields: object) -> E:
        """The next event of that kind, with these fields, that no call of this method has given yet."""

        def there() -> E | None:
            for number, event in enumerate(self.heard):
                fresh = number not in self._taken and isinstance(event, kind)
                if fresh and all(getattr(event, name) == value for name, value in fields.items()):
                    self._taken.add(number)
                    return event  # type: ignore[return-value]
            return None

        found = await self.until(there, timeout, f"{kind.__name__} {fields}")
        assert found is not None
        return found

    def count(self, kind: type, **fields: object) -> int:
        return sum(isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items()) for e in self.heard)

    async def dial(self, phone: Phone | Caller, endpoint: str, **options: Any) -> tuple[str, Any]:
        """Ring a phone; the leg and the ringing phone's dialog."""
        leg = self.fresh("l")
        self.do(commands.Dial(leg, endpoint, options.pop("caller_id", "13800138000"), options.pop("call", "c1"), **options))
        dialog = await phone.ringing()
        await self.event(events.LegRinging, leg=leg)
        return leg, dialog

    async def talk(self, caller: Caller, phone: Phone) -> tuple[str, Any, str, Any, str]:
        """Caller and phone joined: (caller's leg, its dialog, phone's leg, its dialog, bridge)."""
        call = caller.dial()
        customer = (await self.event(events.CallOffered)).leg
        self.do(commands.Answer(customer))
        agent, seat_dialog = await self.dial(phone, f"PJSIP/{phone.user}")
        await seat_dialog.answer()
        await self.event(events.LegAnswered, leg=agent)
        bridge = self.fresh("b")
        await self.done(commands.MakeBridge(bridge), commands.Join(bridge, (customer, agent)))
        return customer, call, agent, seat_dialog, bridge

    # -- the shell's wiring

    async def _connected(self) -> None:
        await self.ari.applications.filter(*RULES, "ApplicationReplaced")
        await self.performer.open_hold()
        wanted: Desired = {n: seat(n, PASSWORD, "zh") for n in PHONES}
        await self.accounts.push(wanted, (await self.ari.asterisk.getInfo()).status.startup_time)
        found = await reconcile(self.ari, self.node, self.known, self.live, False)
        up = found[-1]
        assert isinstance(up, events.NodeUp)
        self.performer.found(up.legs, up.bridges)
        for event in found:
            self._emit(event)
        self.links += 1
        self.changed()

    def _hear(self, message: Message) -> None:
        self.raw.append(message)
        if job := judging.step(self.ari, message):
            self._jobs.append(asyncio.create_task(job))
        event = translate(message, self.live)
        if event is not None:
            for change in self.phones.ended(event, message):
                self._emit(change)
            self._emit(event)

    def _lost(self) -> None:
        self._emit(events.NodeDown(self.node))

    def _emit(self, event: events.AnyEvent) -> None:
        self.heard.append(event)
        self.performer.noted(event)
        self.changed()

    def _sync(self) -> None:
        self.synced += 1

    def _run(self, kind: str, arguments: dict[str, str]) -> dict[str, str] | None:
        if kind == "broken":
            raise RuntimeError("the database is away")
        return {"name": arguments["number"]} if kind == "caller" else None
