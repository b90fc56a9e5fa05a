"""The demo's numbers, called in the core itself: every way through their flows can be spoken and ends somewhere."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from msgspec import structs

from ccenter.acd import commands, events, facts
from ccenter.acd.config import Config, Number, ToFlow
from ccenter.acd.machine import Acd
from ccenter.calls.demo.centre import NUMBERS
from ccenter.calls.flows import rendered_prompts
from ccenter.calls.selectors import load_config

pytestmark = pytest.mark.django_db
START = 1_792_000_000.0  # a Wednesday
FOUND = {
    "level": "vip",
    "points": "120",
    "order": "6001",
    "order_prompt": "order-status-submitted",
    "order_amount": "299.50",
    "customer": "7",
}


@pytest.fixture
def config(settings: Any, tmp_path: Path) -> Config:
    settings.STATE = tmp_path
    call_command("seed", agents=10, customers=10, stdout=io.StringIO())
    return load_config()


class Caller:
    """Plays the switch and the business data for one call, until nothing happens any more or it waits in a queue."""

    def __init__(self, config: Config, number: str, keys: str, found: bool) -> None:
        self.acd = Acd(config)
        self.now = START
        self.keys: Iterator[str] = iter(keys)
        self.found = found
        self.heard: list[tuple[str, str]] = []
        self.facts: list[facts.Fact] = []
        self.perform(self.acd.handle(events.CallOffered("ast1-1.1", "+8613800138000", number, "demo"), self.now))
        for _ in range(60):
            due = self.acd.next_deadline()
            if due is None or due > START + 400:
                break
            self.now = max(self.now, due)
            self.perform(self.acd.advance(self.now))

    def perform(self, out: Any) -> None:
        todo = list(out)
        while todo:
            one = todo.pop(0)
            if isinstance(one, facts.Fact):
                self.facts.append(one)
            else:
                for event in self.answers(one):
                    todo += self.acd.handle(event, self.now)

    def answers(self, command: Any) -> Iterator[events.Event]:
        match command:
            case commands.Play(leg=leg, play=play, sounds=sounds, language=language):
                self.heard += [(language, sound) for sound in sounds]
                self.now += 0.1
                yield events.PlayEnded(leg, play)
                if (key := next(self.keys, "")) and key != " ":
                    yield from (events.KeyPressed(leg, k) for k in ("80000001#" if key == "n" else key))
            case commands.LookUp(call=call, lookup=lookup):
                yield events.LookedUp(call, lookup, self.found, FOUND if self.found else {})
            case commands.Store(token=token):
                yield events.Stored(token)
            case commands.RecordMessage(leg=leg, message=message):
                yield events.MessageRecorded(leg, message, 5.0)
            case commands.HangUp(leg=leg):
                yield events.LegEnded(leg)
            case _:
                pass


WAYS = ("", "1", "2", "3", "9", "0", "nn", "n", " 1", " 2", " 2 n", " 3", " 9nn", " 0", "  1", "  2", "  9nn  1")


def test_given_each_number_and_each_way_through_when_called_then_all_that_is_said_exists(config: Config) -> None:
    sounds = rendered_prompts()
    walked: set[tuple[str, str]] = set()
    for name, keys, found in itertools.product(NUMBERS, WAYS, (True, False)):
        call = Caller(config, NUMBERS[name][0], keys, found)
        assert [fact for fact in call.facts if isinstance(fact, facts.SwitchRefused)] == [], (name, keys)
        assert {sound for _language, sound in call.heard} <= sounds, (name, keys)
        assert {language for language, _sound in call.heard} <= {"en" if name == "english" else "zh"}
        assert [fact for fact in call.facts if isinstance(fact, facts.CallEnded | facts.CallQueued)], (name, keys)
        walked |= {(fact.flow, fact.node) for fact in call.facts if isinstance(fact, facts.FlowStep)}
    taken = structs.replace(
        config, numbers={**config.numbers, "surge": Number("surge", ToFlow("surge"))}
    )  # as the surge attendant does
    for keys, found in itertools.product(("", "1", "1n", "2"), (True, False)):
        call = Caller(taken, "surge", keys, found)
        assert {sound for _language, sound in call.heard} <= sounds, keys
        assert [fact for fact in call.facts if isinstance(fact, facts.CallbackPromised)], keys
        walked |= {(fact.flow, fact.node) for fact in call.facts if isinstance(fact, facts.FlowStep)}
    every = {(flow.code, node) for flow in config.flows.values() for node in flow.nodes}
    # Not here: a hotline that is never closed, a database that is away, and what comes after an agent's service.
    assert {node for _flow, node in every - walked} == {"holiday", "closed", "status-failed", "survey", "rating", "thanks"}
