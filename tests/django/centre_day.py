"""A day in a small centre, played through the real core against a switch of dice: facts of every kind for the tests."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from uuid import UUID

from ccenter.acd import commands, config, events
from ccenter.acd.facts import Fact
from ccenter.acd.machine import Acd
from ccenter.calls.journal import Journal

MORNING = 1_800_000_000.0


def small_centre(agents: int = 6) -> config.Config:
    """A menu before two queues, a trunk, and agents 1001, 1002 ... who serve both."""
    codes = [str(1001 + i) for i in range(agents)]
    menu = config.MenuNode(prompts=("welcome",), choices={"1": "sales", "2": "service", "9": "message"}, timeout=3.0)
    nodes: dict[str, config.AnyNode] = {
        "start": menu,
        "sales": config.GoNode(config.ToQueue("sales")),
        "service": config.GoNode(config.ToQueue("service")),
        "message": config.GoNode(config.ToVoicemail("agent:1001")),
    }
    keys: dict[str, config.AnyTarget] = {"1": config.ToCallback(), "2": config.ToMenu()}
    return config.Config(
        queues={
            "sales": config.Queue("sales", wrap_up_seconds=5.0, keys=keys, ring_seconds=8.0),
            "service": config.Queue(
                "service", wrap_up_seconds=0.0, max_wait=60.0, on_timeout=config.ToNumber("057188880000"), strategy="ring_all"
            ),
        },
        agents={code: config.AgentConfig(code, queues=("sales", "service")) for code in codes},
        flows={"main": config.Flow("main", "start", nodes)},
        numbers={
            "4001": config.Number("4001", config.ToFlow("main"), label="TV1"),
            "4002": config.Number("4002", config.ToQueue("sales")),
        },
        trunks={"demo": config.Trunk("demo", capacity=60)},
    )


@dataclass
class Day:
    """Plays `calls` inputs of callers. Same seed, same day. `entries` yields each input of the core with its facts."""

    seed: int = 1
    agents: int = 6
    calls: int = 30
    gap: float = 3.0  # mean seconds between calls
    wild: bool = True  # transfers, holds, lost phones ...; else every call is answered and ends by itself
    now: float = MORNING
    acd: Acd = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.acd = Acd(small_centre(self.agents))
        self.due: list[tuple[float, int, object]] = []
        self.tick = count()
        self.requests = count(1)

    def later(self, seconds: float, event: object) -> None:
        heappush(self.due, (self.now + seconds, next(self.tick), event))

    def ask(self, kind: type[events.Request], agent: str, **more: object) -> None:
        ident = str(UUID(int=next(self.requests) + self.seed * 10**9))
        self.later(0.0, kind(request=ident, by="alice", agent=agent, **more))  # type: ignore[arg-type]

    def entries(self) -> Iterator[tuple[float, events.AnyEvent | None, list[Fact]]]:
        for code in self.acd.config.agents:
            self.ask(events.SignIn, code, endpoint=f"PJSIP/{code}", ready=True)
        at = 0.0
        for number in range(self.calls):
            at += self.dice.expovariate(1 / self.gap)
            ani = self.dice.choice(["13800138000", "057187654321", "", "+8613911112222", f"1370000{number:04}"])
            self.later(at, events.CallOffered(f"ast1-{number}.0", ani, self.dice.choice(["4001", "4002"]), "demo"))
            self.later(at + self.dice.uniform(20.0, 200.0), events.LegEnded(f"ast1-{number}.0"))  # patience has an end
        while self.due or self.acd.next_deadline() is not None:
            deadline = self.acd.next_deadline()
            if self.due and (deadline is None or self.due[0][0] <= deadline):
                self.now, _, event = heappop(self.due)
                out = self.acd.handle(event, self.now)  # type: ignore[arg-type]
            else:
                assert deadline is not None
                event, self.now = None, deadline
                out = self.acd.advance(self.now)
            facts = [one for one in out if isinstance(one, Fact)]
            for one in out:
                if not isinstance(one, Fact):
                    self.obey(one)
            yield self.now, event, facts  # type: ignore[misc]
            if self.wild and self.dice.random() < 0.2:
                self.meddle()

    def obey(self, command: object) -> None:
        """What the switch would tell after a command."""
        dice = self.dice
        match command:
            case commands.Play(leg=leg, play=play):
                self.later(0.5, events.PlayEnded(leg, play))
                if play and dice.random() < 0.7:
                    self.later(1.0, events.KeyPressed(leg, dice.choice("11299" if self.wild else "1")))
            case commands.Dial(leg=leg):
                self.later(0.1, events.LegRinging(leg))
                if not self.wild or dice.random() < 0.75:
                    self.later(dice.uniform(0.5, 4.0), events.LegAnswered(leg, f"PJSIP/x-{leg}"))
                    self.later(dice.uniform(5.0, 40.0), events.LegEnded(leg))
                else:
                    self.later(dice.uniform(1.0, 30.0), events.LegEnded(leg, dice.choice([17, 16, 21, 27])))
            case commands.HangUp(leg=leg):
                self.later(0.05, events.LegEnded(leg))
            case commands.RecordMessage(leg=leg, message=message):
                self.later(4.0, events.MessageRecorded(leg, message, 3.9))
            case commands.CheckRecording(call=call, recording=recording):
                size = 0 if self.wild and dice.random() < 0.2 else 32000
                self.later(0.1, events.RecordingChecked(call, recording, f"{recording}.raw", size))
            case commands.Store(token=token):
                self.later(0.01, events.Stored(token))

    def meddle(self) -> None:
        """Somebody does something at any moment."""
        dice, agent = self.dice, self.dice.choice(list(self.acd.config.agents))
        other = dice.choice(list(self.acd.config.agents))
        target = dice.choice([config.ToAgent(other), config.ToQueue("service"), config.ToNumber("13900000000")])
        plain = [
            events.HoldCall,
            events.ResumeCall,
            events.CompleteTransfer,
            events.CancelConsult,
            events.JoinAll,
            events.LeaveCall,
        ]
        plain += [events.HangUpCall, events.PauseRecording, events.ResumeRecording, events.Ready]
        match dice.randrange(9):
            case 0:
                self.ask(events.TransferCall, agent, target=target)
            case 1:
                self.ask(dice.choice([events.ConsultWith, events.InviteParty]), agent, target=target)
            case 2:
                self.ask(events.DialNumber, agent, number=dice.choice([other, "13711112222"]))
            case 3:
                self.ask(events.NotReady, agent, reason="break")
                self.later(5.0, events.Ready(str(UUID(int=next(self.requests) + self.seed * 10**9)), "alice", agent))
            case 4:
                self.later(0.0, events.PhoneChanged(f"PJSIP/{agent}", False))
                self.later(3.0, events.PhoneChanged(f"PJSIP/{agent}", True))
            case _:
                self.ask(dice.choice(plain), agent)


def write_day(folder: Path, day: Day) -> list[Fact]:
    """Writes the day's journal; the facts in it."""
    journal = Journal(folder)
    told: list[Fact] = []
    for n, (at, event, facts) in enumerate(day.entries(), 1):
        journal.append(n, at, event, facts)
        told += facts
    journal.close()
    return told
