"""A button is enabled exactly when the core would accept the action: what seats are told, against what the handlers do."""

import json
from random import Random
from typing import Any

import pytest

from ccenter.acd import events, facts, requests
from ccenter.acd.config import ToAgent, ToNumber, ToQueue
from ccenter.acd.machine import Acd
from ccenter.acd.situation import WHY_NOT
from tests.acd.centre import Centre, config
from tests.acd.test_days import AGENTS, ONLY_WHEN, WEIGHTS
from tests.acd.test_promises import Play

TARGET = {"unknown_target", "target_busy", "target_signed_out", "bad_number", "no_trunk", "being_called"}
# request -> arguments to try, and the reasons that lie in them
ARGUMENTS: dict[type[events.Request], tuple[list[dict[str, Any]], set[str]]] = {
    events.SignIn: ([{"endpoint": "PJSIP/77"}, {"endpoint": ""}, {"endpoint": "PJSIP/1001"}], {"bad_request", "phone_in_use"}),
    events.NotReady: ([{"reason": "lunch"}], set()),
    events.TransferCall: ([{"target": ToQueue("sales")}, {"target": ToAgent("1002")}, {"target": ToNumber("x")}], TARGET),
    events.ConsultWith: (
        [{"target": ToAgent(agent)} for agent in AGENTS] + [{"target": ToNumber("10086")}, {"target": ToQueue("sales")}],
        TARGET | {"bad_target"},
    ),
    events.InviteParty: (
        [{"target": ToAgent(agent)} for agent in AGENTS] + [{"target": ToNumber("10086")}, {"target": ToQueue("sales")}],
        TARGET | {"bad_target", "conference_full"},
    ),
    events.DialNumber: ([{"number": number} for number in (*AGENTS, "10086", "x")], TARGET),
    events.PickUp: ([], {"no_such_call"}),
    events.TakeWaiting: ([], {"no_such_call"}),
    events.SendKeys: ([{"keys": "1#"}, {"keys": "x"}], {"bad_keys"}),
    events.Monitor: (
        [{"target": agent, "mode": mode} for agent in AGENTS for mode in ("listen", "barge")],
        {"target_not_in_call", "target_signed_out", "unknown_target", "busy"},
    ),
    events.TakeOver: (
        [{"target": agent} for agent in AGENTS],
        {"target_not_in_call", "target_signed_out", "unknown_target", "busy", "internal_call"},
    ),
    events.NextCallback: ([{}], {"no_callback", "no_trunk", "being_called", "outside_hours"}),
    events.DialCallback: ([], {"no_such_callback", "no_trunk", "being_called", "outside_hours"}),
    events.SkipCallback: ([], {"no_such_callback"}),
    events.CallbackResult: ([], {"no_such_callback", "not_called"}),
    events.ForceState: ([{"state": state} for state in ("ready", "not_ready", "signed_out")], {"phone_offline"}),
    events.ForceTransfer: ([{"target": ToQueue("sales")}, {"target": ToNumber("x")}, {"target": ToAgent("1003")}], TARGET),
}
UNCERTAIN = {events.PickUp, events.TakeWaiting, events.ConsultWith, events.InviteParty, events.DialNumber, events.Monitor}
UNCERTAIN |= {events.TakeOver, events.NextCallback, events.DialCallback, events.SkipCallback, events.CallbackResult}
CERTAIN = set(WHY_NOT) - UNCERTAIN  # of these, with what is tried here, one at least must be accepted when the action is allowed


def test_given_every_request_there_is_then_each_has_its_condition_and_its_handler() -> None:
    kinds = set(events.AnyRequest.__args__)
    assert set(WHY_NOT) == kinds == set(requests.HANDLERS)


def whole(acd: Acd) -> str:
    """Its state, without the number that counts facts."""
    return json.dumps({**acd.snapshot(), "seq": 0})


def try_everything(acd: Acd, agent: str, accepted: set[str]) -> None:
    """Each request with each argument on a copy of the core, against what the seat was told."""
    told = acd.world.state.agents[agent].allows
    now = acd.world.now
    original = json.dumps(acd.snapshot())
    copy = Acd.restore(json.loads(original))
    for kind in WHY_NOT:
        tried, may_refuse = ARGUMENTS.get(kind, ([{}], set()))
        if kind in (events.PickUp, events.TakeWaiting):
            tried = [{"call": call} for call in [*acd.world.state.calls, "c0"]]
        if kind in (events.DialCallback, events.SkipCallback):
            tried = [{"callback": ident} for ident in [*acd.world.state.callbacks, "k0"]]
        if kind is events.CallbackResult:
            tried = [{"callback": ident, "result": "done"} for ident in [*acd.world.state.callbacks, "k0"]]
        reasons = []
        for arguments in tried:
            out = copy.handle(kind("r", "test", agent, **arguments), now)
            answer = next(fact for fact in out if isinstance(fact, facts.RequestDone | facts.RequestRefused))
            if isinstance(answer, facts.RequestDone):
                reasons.append("")
                copy = Acd.restore(json.loads(original))
            else:
                reasons.append(answer.reason)
                assert out == [answer], f"{kind.__name__} was refused, and yet something happened"
        if kind.__name__ in told:
            assert set(reasons) <= {""} | may_refuse, f"{agent} was told of {kind.__name__}, but: {reasons}"
            assert kind not in CERTAIN or "" in reasons, f"{agent} was told of {kind.__name__}, but: {reasons}"
            accepted.add(kind.__name__)
        else:
            assert "" not in reasons, f"{agent} was not told of {kind.__name__}"
            assert len(set(reasons)) == 1, f"the same seat is refused {kind.__name__} for several reasons: {reasons}"
    assert whole(copy) == whole(acd), "a refused request left something behind"


def day(seed: int, steps: int, accepted: set[str]) -> None:
    dice, play = Random(seed), Play()
    weights = [WEIGHTS[name][1] for name in WEIGHTS]
    play.the_day_begins(agents=set(AGENTS))
    for at, name in enumerate(dice.choices(list(WEIGHTS), weights, k=steps)):
        if name not in ONLY_WHEN or ONLY_WHEN[name](play):
            getattr(play, name)(**WEIGHTS[name][2](dice))
            play.the_promises_hold()
        if at % 10 == 9 and play.c.acd.world.state.config.agents.keys() == set(AGENTS):
            for agent in AGENTS:
                try_everything(play.c.acd, agent, accepted)


def test_given_days_at_random_when_any_request_is_made_then_it_is_accepted_exactly_when_the_seat_was_told_so() -> None:
    accepted: set[str] = set()
    for seed in range(16):
        day(seed, 120, accepted)
    assert accepted == {kind.__name__ for kind in WHY_NOT}, "some actions were never possible: these days prove little of them"


def test_given_a_seat_then_what_it_was_told_last_is_what_it_may(centre: Centre) -> None:
    """The facts alone say it."""
    centre.sign_in("1001", "1002")
    caller = centre.connected()
    centre.ask(events.HoldCall, "1001")
    centre.ask(events.Monitor, "1002", target="1001")
    centre.hangs_up(caller)
    told = {fact.agent: fact.actions for fact in centre.told(facts.SeatAllows)}
    assert told == {code: requests.allowed(centre.acd.world, centre.acd.world.state.agents[code]) for code in ("1001", "1002")}


FORCE = {"ForceState"}
ALWAYS = {"SignOut", "Ready", "NotReady", "SkipCallback", "CallbackResult", *FORCE}
IN_CALL = {*ALWAYS, "HangUpCall", "ForceHangUp"}
SERVES = {*IN_CALL, "TransferCall", "ConsultWith", "ForceTransfer", "PauseRecording"}
FREE = {*ALWAYS, "NextCallback", "DialCallback", "DialNumber", "PickUp", "TakeWaiting", "Monitor", "TakeOver"}


def may(c: Centre, agent: str = "1001") -> set[str]:
    return set(next((fact.actions for fact in reversed(c.told(facts.SeatAllows)) if fact.agent == agent), ["SignIn"]))


def test_given_the_life_of_a_seat_then_it_is_told_what_it_may_at_each_step(centre: Centre) -> None:
    assert may(centre) == {"SignIn"}
    centre.sign_in("1001")
    assert may(centre) == FREE
    caller = centre.calls_in()
    assert may(centre) == {*IN_CALL, "AnswerCall"}
    centre.answers("1001")
    assert may(centre) == {*SERVES, "HoldCall", "SendKeys"}
    centre.ask(events.PauseRecording, "1001")
    assert may(centre) == {*SERVES, "HoldCall", "SendKeys", "ResumeRecording"} - {"PauseRecording"}
    centre.ask(events.ResumeRecording, "1001")
    centre.ask(events.HoldCall, "1001")
    assert may(centre) == {*SERVES, "ResumeCall"}
    centre.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    consulting = {*SERVES, "CompleteTransfer", "CancelConsult"} - {"ConsultWith"}
    assert may(centre) == consulting
    centre.answers("10086")
    assert may(centre) == {*consulting, "JoinAll"}
    centre.ask(events.JoinAll, "1001")
    assert may(centre) == {*consulting, "LeaveCall", "InviteParty", "SendKeys"}
    centre.hangs_up("10086")
    assert may(centre) == {*SERVES, "HoldCall", "SendKeys"}
    centre.hangs_up(caller)
    assert may(centre) == FREE
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert may(centre) == ALWAYS - {"Ready"}
    centre.ask(events.SignOut, "1001")
    assert may(centre) == {"SignIn"}


def test_given_a_browser_lost_and_back_then_the_seat_is_told_what_it_may_meanwhile(centre: Centre) -> None:
    centre.sign_in_by_browser("1001")
    centre.connected()
    assert may(centre) == {*SERVES, "HoldCall", "SendKeys", "Reconnect"}
    centre.registers("1001", False)
    assert may(centre) == SERVES - {"ConsultWith"}
    centre.registers("1001")
    assert may(centre) == {*SERVES, "Reconnect"} - {"ConsultWith"}
    centre.answers("1001")
    assert may(centre) == {*SERVES, "HoldCall", "SendKeys", "Reconnect"}


def test_given_a_lead_then_the_seat_is_told_what_it_may_while_it_rings_and_while_they_listen(centre: Centre) -> None:
    centre.talking("1004")
    lead = {*IN_CALL, "Monitor", "StopMonitor", "TakeOver"}
    centre.ask(events.Monitor, "1004", target="1001")
    assert may(centre, "1004") == {*lead, "AnswerCall"}
    centre.answers("1004")
    assert may(centre, "1004") == lead
    centre.ask(events.TakeOver, "1004", target="1001")
    assert may(centre, "1004") == {*SERVES, "HoldCall", "SendKeys"}


def test_given_a_snapshot_of_a_version_that_allowed_something_else_when_restored_then_the_seats_are_told_anew(
    centre: Centre,
) -> None:
    centre.sign_in("1001", "1002")
    snapshot = centre.acd.snapshot()
    snapshot["agents"]["1001"]["allows"] = ["Fly"]
    del snapshot["agents"]["1002"]["allows"]
    acd = Acd.restore(snapshot)
    out = acd.handle(events.Ready("r", "test", "1003"), centre.now)
    assert {fact.agent for fact in out if isinstance(fact, facts.SeatAllows)} == {"1001", "1002"}


def test_given_a_seat_taken_out_of_the_centre_when_signed_out_then_it_may_do_nothing_any_more(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.send(events.ConfigChanged(config(agents={code: a for code, a in config().agents.items() if code != "1001"})))
    assert centre.state("1001") == "LOGGED_OUT" and may(centre) == set()
    assert centre.ask(events.SignIn, "1001", endpoint="PJSIP/1001") == "unknown_agent"


@pytest.mark.parametrize("kind", [events.SignIn, events.Ready])
def test_given_a_seat_that_is_not_set_up_any_more_when_it_asks_then_it_is_unknown(
    centre: Centre, kind: type[events.Request]
) -> None:
    more = {"endpoint": "PJSIP/7"} if kind is events.SignIn else {}
    assert centre.ask(kind, "7777", **more) == "unknown_agent"
