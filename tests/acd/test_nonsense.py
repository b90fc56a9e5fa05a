"""Events that no switch and no person would send, in any order: the core never raises, and its promises hold all the same.

Unlike in test_promises.py nothing is true here: legs answer that were never dialled, end twice, are in bridges of their own.
"""

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ccenter.acd import events, owing
from ccenter.acd.config import ToAgent, ToCallback, ToEnd, ToFlow, ToMenu, ToNumber, ToQueue, ToVoicemail
from ccenter.acd.machine import Acd
from ccenter.acd.world import Output
from tests.acd import promises
from tests.acd.centre import MONDAY_NOON, config, web, working

JUNK = ["", "x", "ast1-", "ast1-l3", "ast9-l1", "-", "c1", "1001", "'; drop", "中文", "\n", "9" * 500]
REQUESTS = [*events.AnyRequest.__args__, *events.AnyOfficeRequest.__args__]
WORKING = working()
FEWER = config(queues={"all": config().queues["all"]}, flows={}, trunks={}, agents={"1002": config().agents["1002"]})


class Sender:
    """Throws events with dice: ids of what lives, of what has been, and of nothing."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.acd = Acd(WORKING)
        self.now = MONDAY_NOON
        self.seen: list[str] = [*JUNK]

    def pick(self, living: Any) -> str:
        living = list(living)
        return self.dice.choice(living) if living and self.dice.random() < 0.85 else self.dice.choice(self.seen)

    def leg(self) -> str:
        return self.pick(self.acd.legs)

    def living_leg(self) -> str:
        """The switch never gives an id twice, and none of the core's own: only who lives is told of again."""
        return self.dice.choice(list(self.acd.legs) or [f"ast1-3.{self.dice.randrange(10**9)}"])

    def call(self) -> str:
        return self.pick(self.acd.world.state.calls)

    def agent(self) -> str:
        return self.pick(["1001", "1002", "1003", "1004"])

    def endpoint(self) -> str:
        return self.pick([f"PJSIP/100{i}" for i in range(1, 5)] + [web("1001"), web("1002")])

    def of_call(self, name: str) -> str:
        return self.pick([value for call in self.acd.world.state.calls.values() if (value := getattr(call, name))])

    def key(self) -> str:
        return self.dice.choice([*"0123456789*#", "", "12", "x"])

    def target(self) -> Any:
        return self.dice.choice(
            [
                ToAgent(self.agent()),
                ToQueue(self.pick(config().queues)),
                ToNumber(self.pick(["10086", "+861"])),
                ToFlow("main", self.pick(config().flows["main"].nodes)),
                ToFlow(self.pick(["main"])),
                ToVoicemail(self.pick(["sales"])),
                ToCallback(),
                ToMenu(),
                ToEnd(),
                ToEnd("goodbye"),
            ]
        )

    def callback(self) -> str:
        return self.pick([*self.acd.world.state.callbacks])

    def request(self) -> events.AnyEvent:
        kind = self.dice.choice(REQUESTS)
        more = {
            "endpoint": self.endpoint,
            "ready": lambda: self.dice.random() < 0.7,
            "reason": lambda: self.pick(["lunch"]),
            "target": self.agent if kind in (events.Monitor, events.TakeOver) else self.target,
            "mode": lambda: self.pick(["listen", "whisper", "barge"]),
            "state": lambda: self.pick(["ready", "not_ready", "signed_out"]),
            "number": lambda: self.pick(["10086", "1001", "1002", "138"]),
            "call": self.call,
            "callback": self.callback,
            "result": lambda: self.pick(owing.RESULTS),
            "at": lambda: self.dice.choice([None if kind is events.CallbackResult else self.now, self.now + 60, -1.0]),
            "task": lambda: self.pick(["t1", "t2", "t3"]),
            "kind": lambda: self.pick(["callback", "follow_up", "survey"]),
            "flow": lambda: self.pick(["", "", "main"]),
            "customer": lambda: self.pick(["", "7"]),
            "barred": lambda: self.dice.random() < 0.5,
            "keys": lambda: self.pick(["12#"]),
        }
        return kind("r", "x", self.agent(), **{f: more[f]() for f in kind.__struct_fields__ if f in more})  # type: ignore[no-any-return]

    def node_up(self) -> events.AnyEvent:
        legs = [leg for leg in [*self.acd.legs, *JUNK] if self.dice.random() < 0.8]
        bridges = {self.of_call("bridge"): tuple(legs[:2]), "ast1-hold": tuple(legs[2:4]), "ast1-b99": ()}
        states = ["Ring", "Ringing", "Up", "Down", ""]
        return events.NodeUp("ast1", {leg: self.dice.choice(states) for leg in legs}, bridges, self.dice.random() < 0.2)

    def event(self) -> events.AnyEvent | None:
        d = self.dice
        makers: list[Callable[[], events.AnyEvent | None]] = [
            lambda: events.CallOffered(f"ast1-1.{d.randrange(10**6)}", self.pick(["138"]), self.pick(config().numbers), "demo"),
            lambda: events.CallOffered(self.living_leg(), "138", self.pick(config().numbers), self.pick(["demo"])),
            lambda: events.SeatDialled(self.living_leg(), self.endpoint(), self.pick(["10086", "1002"])),
            lambda: events.SeatDialled(f"ast1-2.{d.randrange(10**6)}", self.endpoint(), self.pick(["10086", "1002"])),
            lambda: events.LegRinging(self.leg()),
            lambda: events.LegAnswered(self.leg(), self.pick(["ch"])),
            lambda: events.LegAnswered(self.leg()),
            lambda: events.LegEnded(self.leg(), d.choice([0, 16, 17, 19, 21, 38, -1, 999]), d.choice(["", "no_contact"])),
            lambda: events.LegHeld(self.leg(), d.random() < 0.5),
            lambda: events.KeyPressed(self.leg(), self.key()),
            lambda: events.KeyPressed(self.leg(), self.key()),
            lambda: events.PlayEnded(self.leg(), self.of_call("play")),
            lambda: events.PlayEnded(self.leg(), self.of_call("play")),
            lambda: events.MessageRecorded(self.leg(), self.of_call("message"), d.choice([-1.0, 0.0, 5.0]), d.random() < 0.2),
            lambda: events.PhoneChanged(self.endpoint(), d.random() < 0.6),
            lambda: events.NodeDown(self.pick(["ast1", "ast2"])),
            self.node_up,
            self.node_up,
            lambda: events.CommandFailed(self.pick(["Play", "RecordMessage", "StartRecording", "Dial"]), self.leg(), "no"),
            lambda: events.LookedUp(self.call(), f"q{d.randrange(60)}", d.random() < 0.5, {"level": "gold", "priority": "x"}),
            lambda: events.AnswerJudged(self.leg(), d.choice(["human", "machine", "unknown"])),
            lambda: events.CallerMissed(self.pick(["m1", "m2"]), self.pick(["138", ""]), "4001", "blocked", self.now - 60),
            lambda: events.Stored(self.call(), d.random() < 0.5),
            lambda: events.RecordingChecked(self.call(), self.of_call("recording"), "/x", d.choice([0, 9])),
            lambda: events.ConfigChanged(WORKING if d.random() < 0.8 else FEWER),
            *[self.request] * 10,
            *[lambda: None] * 4,
        ]
        return d.choice(makers)()

    def send(self) -> list[Output]:
        event = self.event()
        self.now += self.dice.choice([-5.0, 0.0, 0.0, 0.3, 2.0, 11.0, 31.0])
        self.seen += [value for name in ("leg", "call", "play") if (value := getattr(event, name, ""))][-20:]
        return self.acd.advance(self.now) if event is None else self.acd.handle(event, self.now)


@pytest.mark.parametrize("seed", range(int(os.environ.get("CC_DAYS", "60"))))
def test_given_events_that_make_no_sense_when_they_come_then_the_core_keeps_its_head(seed: int) -> None:
    sender, out = Sender(seed), []
    for _ in range(250):
        out += sender.send()
        promises.check(sender.acd)
    promises.the_record_is_whole(out, all_over=False)
    Acd.restore(sender.acd.snapshot())
