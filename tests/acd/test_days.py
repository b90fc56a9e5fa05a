"""Days at random: the state machine of test_promises.py, played with weights instead of by hypothesis.

It goes deeper in less time, and a failure names its seed. CC_DAYS=5000 plays so many days.
"""

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ccenter.acd import events, owing
from ccenter.acd.config import ToAgent, ToCallback, ToEnd, ToFlow, ToMenu, ToNumber, ToQueue, ToVoicemail
from tests.acd.centre import config
from tests.acd.test_promises import Play

STEPS = 150
AGENTS = ["1001", "1002", "1003", "1004"]
NUMBERS = [*config().numbers, "4999"]
THEIRS = ["+8613800000001", "+8613800000002", "+12125550100", "13900000003"]
CAUSES = [0, 16, 17, 19, 20, 21, 26, 31, 38]
CLICKS = [
    events.AnswerCall,
    events.HangUpCall,
    events.HoldCall,
    events.ResumeCall,
    events.CompleteTransfer,
    events.CancelConsult,
    events.JoinAll,
    events.LeaveCall,
    events.PauseRecording,
    events.ResumeRecording,
    events.Reconnect,
    events.StopMonitor,
]
TARGETS = [
    *(ToAgent(agent) for agent in AGENTS * 2),
    *(ToQueue(queue) for queue in ("sales", "support", "all", "none")),
    *(ToNumber("10086"), ToNumber("10086"), ToNumber("bad")),
    *(ToFlow("main"), ToFlow("main", "points"), ToFlow("none")),
    *(ToVoicemail("sales"), ToCallback(), ToMenu(), ToEnd("goodbye")),
]

# rule -> how often on a day of troubles, on a day of much talk, and its arguments
Draw = Callable[[Random], dict[str, Any]]
WEIGHTS: dict[str, tuple[float, float, Draw]] = {
    "somebody_calls": (8, 3, lambda r: {"dnis": r.choice(NUMBERS), "ani": r.choice([*THEIRS, ""]), "last": ""}),
    "a_talk_begins": (
        4,
        8,
        lambda r: {
            "dnis": r.choice(NUMBERS),
            "index": r.randrange(30),
            "then": r.choice(["talk", "consult", "join"]),
            "where": r.choice(TARGETS),
        },
    ),
    "signs_in": (
        2,
        2,
        lambda r: {"agent": r.choice(AGENTS), "ready": r.random() < 0.7, "phone": r.choice(["", "web", "web", "PJSIP/1001"])},
    ),
    "changes_state": (
        6,
        3,
        lambda r: {"agent": r.choice(AGENTS), "kind": r.choice([events.SignOut, events.NotReady] + [events.Ready] * 4)},
    ),
    "clicks": (1, 1, lambda r: {"agent": r.choice(AGENTS), "kind": r.choice(CLICKS)}),
    "a_busy_agent_clicks": (10, 30, lambda r: {"index": r.randrange(30), "kind": r.choice(CLICKS)}),
    "passes_on": (7, 35, lambda r: {"index": r.randrange(30), "where": r.choice(TARGETS), "consulted": r.random() < 0.6}),
    "invites": (6, 25, lambda r: {"index": r.randrange(30), "where": r.choice(TARGETS)}),
    "a_lead_joins": (
        6,
        9,
        lambda r: {
            "agent": r.choice(AGENTS),
            "index": r.randrange(30),
            "kind": r.choice([events.Monitor, events.Monitor, events.Monitor, events.TakeOver]),
            "mode": r.choice(["listen", "whisper", "barge"]),
        },
    ),
    "a_free_lead_joins": (
        10,
        16,
        lambda r: {
            "index": r.randrange(30),
            "kind": r.choice([events.Monitor, events.Monitor, events.Monitor, events.TakeOver]),
            "mode": r.choice(["listen", "whisper", "barge"]),
        },
    ),
    "a_browser_comes_or_goes": (8, 12, lambda r: {"index": r.randrange(30)}),
    "a_lead_forces": (
        2,
        2,
        lambda r: {
            "index": r.randrange(30),
            "where": r.choice(TARGETS),
            "what": r.choice(["ready", "not_ready", "signed_out", "hang_up", "transfer", "transfer"]),
        },
    ),
    "dials": (4, 4, lambda r: {"agent": r.choice(AGENTS), "number": r.choice([*AGENTS, *THEIRS, "10086", "x"])}),
    "dials_by_hand": (2, 2, lambda r: {"agent": r.choice(AGENTS), "number": r.choice([*AGENTS, "10086", "x"])}),
    "helps_out": (
        3,
        3,
        lambda r: {
            "agent": r.choice(AGENTS),
            "index": r.randrange(30),
            "kind": r.choice([events.PickUp, events.TakeWaiting]),
        },
    ),
    "the_switch_is_slow": (7, 7, lambda r: {"steps": r.randint(1, 12)}),
    "the_switch_tells": (15, 15, lambda r: {"index": r.randrange(30)}),
    "a_phone": (
        18,
        36,
        lambda r: {
            "index": r.randrange(30),
            "do": r.choice(["ring", "answer", "answer", "answer", "refuse"]),
            "cause": r.choice(CAUSES),
        },
    ),
    "a_line_ends": (5, 2, lambda r: {"index": r.randrange(30), "cause": r.choice(CAUSES)}),
    "a_key": (8, 8, lambda r: {"index": r.randrange(30), "key": r.choice("0123456789#")}),
    "a_hold_key": (2, 2, lambda r: {"index": r.randrange(30), "held": r.random() < 0.5}),
    "a_prompt_ends": (12, 12, lambda r: {"index": r.randrange(30)}),
    "a_message_ends": (3, 3, lambda r: {"index": r.randrange(30), "seconds": r.choice([0.2, 8.0])}),
    "works_off": (
        6,
        6,
        lambda r: {"agent": r.choice(AGENTS), "index": r.randrange(30), "what": r.choice(["next", "this", "skip", "accept"])},
    ),
    "says_what_came_of_it": (
        4,
        6,
        lambda r: {"index": r.randrange(30), "result": r.choice(owing.RESULTS), "later": r.uniform(-10.0, 600.0)},
    ),
    "a_task_is_due": (
        3,
        3,
        lambda r: {
            "number": r.choice(THEIRS),
            "ident": r.randrange(40),
            "kind": r.choice(["follow_up", "follow_up", "survey", "callback"]),
            "agent": r.choice(["", "1001", "1002"]),
            "flow": r.choice(["", "rating"]),
            "later": r.choice([-60.0, 0.0, 30.0, 500.0]),
            "customer": r.choice(["", "7"]),
        },
    ),
    "the_office_does": (
        2,
        2,
        lambda r: {
            "index": r.randrange(30),
            "number": r.choice(THEIRS),
            "what": r.choice(["close", "bar", "allow", "missed", "missed"]),
        },
    ),
    "an_answer_is_judged": (4, 4, lambda r: {"index": r.randrange(30), "by": r.choice(["human", "machine", "unknown"])}),
    "a_phone_registers": (3, 3, lambda r: {"agent": r.choice(AGENTS), "online": r.random() < 0.8}),
    "the_data_answer": (4, 4, lambda r: {"index": 0, "what": r.choice(["found", "gold", "missing", "failed"])}),
    "the_disk_answers": (4, 4, lambda r: {"failed": r.random() < 0.4}),
    "a_recording_is_checked": (2, 2, lambda r: {"size": r.choice([0, 1000])}),
    "a_command_fails": (
        1,
        1,
        lambda r: {"index": r.randrange(30), "what": r.choice(["Play", "StartRecording", "RecordMessage", "Join"])},
    ),
    "time_passes": (10, 10, lambda r: {"seconds": r.choice([0.0, 0.5, 1.0, 3.0, 7.0, 15.0, 21.0, 40.0, 130.0])}),
    "the_process_is_restored": (1, 1, lambda r: {}),
    "the_link_breaks": (1, 0.4, lambda r: {"lost": r.random() < 0.5, "restarted": r.random() < 0.3, "steps": r.randint(1, 5)}),
    "the_configuration_is_another": (1, 0.4, lambda r: {"steps": r.randint(1, 8)}),
    "something_is_told_twice": (2, 2, lambda r: {"index": r.randrange(200)}),
    "nonsense_is_told": (1, 0.5, lambda r: {"ident": r.choice(["", "ast1-l9999", "c999", "junk"]), "known": r.random() < 0.5}),
}
ONLY_WHEN: dict[str, Callable[[Play], object]] = {
    "the_switch_tells": lambda play: play.c.switch.flight,
    "the_process_is_restored": lambda play: play.c.twin is None,
    "something_is_told_twice": lambda play: play.old,
}


@pytest.mark.parametrize("seed", range(int(os.environ.get("CC_DAYS", "150"))))
def test_given_a_day_at_random_when_it_is_played_then_the_promises_hold_all_day(seed: int) -> None:
    dice, play = Random(seed), Play()
    weights = [WEIGHTS[name][seed % 2] for name in WEIGHTS]
    play.the_day_begins(agents=set(dice.sample(AGENTS, dice.randint(1, 4))))
    for name in dice.choices(list(WEIGHTS), weights, k=STEPS):
        arguments = WEIGHTS[name][2](dice)
        if name not in ONLY_WHEN or ONLY_WHEN[name](play):
            getattr(play, name)(**arguments)
            play.the_promises_hold()
    play.teardown()
