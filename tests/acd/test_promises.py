"""The promises hold whatever happens: agents, callers, switch and clock play in any order, and links and processes die.

The switch is played truthfully (a leg rings, then answers; a prompt ends once), but what it reports may cross and overtake.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ccenter.acd import events, owing
from ccenter.acd.agent import AgentState
from ccenter.acd.config import ToAgent, ToCallback, ToEnd, ToFlow, ToMenu, ToNumber, ToQueue, ToVoicemail
from ccenter.acd.handling import FREE
from tests.acd import promises
from tests.acd.centre import Centre, config, web, working

AGENTS = st.sampled_from(["1001", "1002", "1003", "1004"])
NUMBERS = st.sampled_from([*config().numbers, "4999"])
ANI = st.sampled_from(["+8613800000001", "+8613800000002", "+12125550100", ""])
THEIRS = st.sampled_from(["+8613800000001", "+8613800000002", "+12125550100", "13900000003"])
CAUSES = st.sampled_from([0, 16, 17, 19, 20, 21, 26, 31, 38])
SOMEONE = st.integers(0, 30)  # an index into whatever there is
TARGETS = st.one_of(
    AGENTS.map(ToAgent),
    st.sampled_from(
        [
            ToQueue("sales"),
            ToQueue("empty"),
            ToQueue("none"),
            ToNumber("10086"),
            ToNumber("bad number"),
            ToFlow("main"),
            ToFlow("main", "points"),
            ToFlow("none"),
            ToVoicemail("sales"),
            ToCallback(),
            ToMenu(),
            ToEnd("goodbye"),
        ]
    ),
)
MODES = st.sampled_from(["listen", "whisper", "barge"])
PLAIN = st.sampled_from(
    [
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
)
WORKING = working()
FEWER = working(
    queues={code: queue for code, queue in WORKING.queues.items() if code not in ("few", "sales")},
    agents={code: agent for code, agent in WORKING.agents.items() if code != "1003"},
    flows={},
    trunks={},
    surges={},
)


class Play(RuleBasedStateMachine):
    """One centre with four agents."""

    def __init__(self) -> None:
        super().__init__()
        self.c = Centre(WORKING, careful=False)
        self.requests = 0
        self.slow = 0  # for so many steps what the switch reports stays in flight, and may cross
        self.dark = 0  # for so many steps there is no link
        self.fewer = 0  # for so many steps there are fewer queues and agents
        self.restarted = False
        self.old: list[events.AnyEvent] = []  # delivered; each may come again, too late

    @initialize(agents=st.sets(AGENTS, min_size=1))
    def the_day_begins(self, agents: set[str]) -> None:
        self.c.sign_in(*(agent for agent in sorted(agents) if agent in ("1001", "1004")))
        self.c.sign_in_by_browser(*(agent for agent in sorted(agents) if agent in ("1002", "1003")))

    def ask(self, kind: type[events.Request], agent: str, **more: Any) -> None:
        self.requests += 1
        self.c.feed(kind(f"q{self.requests}", "test", agent, **more))

    def some(self, things: Any, index: int) -> Any:
        things = list(things)
        return things[index % len(things)] if things else None

    # -- people ------------------------------------------------------------------------------------------------

    @rule(dnis=NUMBERS, ani=ANI, last=st.sampled_from(["", "1001"]))
    def somebody_calls(self, dnis: str, ani: str, last: str) -> None:
        if self.c.switch.linked:
            leg = self.c.switch.comes_in()
            self.c.switch.report(events.CallOffered(leg, ani, dnis, "demo", f"PJSIP/{leg}"))

    @rule(agent=AGENTS, ready=st.booleans(), phone=st.sampled_from(["", "web", "PJSIP/1001", "PJSIP/139@trunk-demo"]))
    def signs_in(self, agent: str, ready: bool, phone: str) -> None:
        self.ask(events.SignIn, agent, endpoint=web(agent) if phone == "web" else phone or f"PJSIP/{agent}", ready=ready)

    @rule(agent=AGENTS, kind=st.sampled_from([events.SignOut, events.Ready, events.Ready, events.NotReady]))
    def changes_state(self, agent: str, kind: type[events.Request]) -> None:
        self.ask(kind, agent, **({"reason": "lunch"} if kind is events.NotReady else {}))

    @rule(agent=AGENTS, kind=PLAIN)
    def clicks(self, agent: str, kind: type[events.Request]) -> None:
        self.ask(kind, agent)

    @rule(index=SOMEONE, kind=PLAIN)
    def a_busy_agent_clicks(self, index: int, kind: type[events.Request]) -> None:
        agent = self.some(self.busy(), index)
        if agent:
            self.ask(kind, agent)

    def busy(self) -> list[str]:
        agents = self.c.acd.world.state.agents.values()
        return [a.code for a in agents if a.state in (AgentState.TALKING, AgentState.RESERVED)]

    @rule(index=SOMEONE, where=TARGETS, consulted=st.booleans())
    def passes_on(self, index: int, where: Any, consulted: bool) -> None:
        agent = self.some(self.busy(), index)
        if agent:
            self.ask(events.ConsultWith if consulted else events.TransferCall, agent, target=where)

    @rule(index=SOMEONE, where=TARGETS)
    def invites(self, index: int, where: Any) -> None:
        calls = self.c.acd.world.state.calls.values()
        agent = self.some((call.agent for call in calls if call.agent and (call.guests or call.party)), index)
        if agent:
            self.ask(events.InviteParty, agent, target=where)

    @rule(agent=AGENTS, index=SOMEONE, kind=st.sampled_from([events.Monitor, events.Monitor, events.TakeOver]), mode=MODES)
    def a_lead_joins(self, agent: str, index: int, kind: type[events.Request], mode: str) -> None:
        watch = self.c.acd.world.state.watches.get(agent)
        target = watch.agent if watch is not None and index % 4 else self.some(self.busy(), index) or agent
        self.ask(kind, agent, target=target, **({"mode": mode} if kind is events.Monitor else {}))

    @rule(index=SOMEONE, kind=st.sampled_from([events.Monitor, events.Monitor, events.TakeOver]), mode=MODES)
    def a_free_lead_joins(self, index: int, kind: type[events.Request], mode: str) -> None:
        free = [a.code for a in self.c.acd.world.state.agents.values() if a.state in FREE and a.online]
        lead = self.some(free, index)
        if lead:
            self.a_lead_joins(lead, index, kind, mode)

    @rule(index=SOMEONE, where=TARGETS, what=st.sampled_from(["ready", "not_ready", "signed_out", "hang_up", "transfer"]))
    def a_lead_forces(self, index: int, where: Any, what: str) -> None:
        agent = self.some(self.busy(), index) or "1001"
        if what == "hang_up":
            self.ask(events.ForceHangUp, agent)
        elif what == "transfer":
            self.ask(events.ForceTransfer, agent, target=where)
        else:
            self.ask(events.ForceState, agent, state=what, reason="forced")

    @rule(agent=AGENTS, number=st.one_of(AGENTS, THEIRS, st.sampled_from(["10086", "x"])))
    def dials(self, agent: str, number: str) -> None:
        self.ask(events.DialNumber, agent, number=number)

    @rule(agent=AGENTS, number=st.one_of(AGENTS, THEIRS, st.sampled_from(["10086", "x"])))
    def dials_by_hand(self, agent: str, number: str) -> None:
        if self.c.switch.linked:
            leg = self.c.switch.comes_in()
            self.c.switch.report(events.SeatDialled(leg, f"PJSIP/{agent}", number, f"PJSIP/{leg}"))

    @rule(agent=AGENTS, index=SOMEONE, kind=st.sampled_from([events.PickUp, events.TakeWaiting]))
    def helps_out(self, agent: str, index: int, kind: type[events.Request]) -> None:
        call = self.some(self.c.acd.world.state.calls, index) or "c0"
        self.ask(kind, agent, call=call)

    @rule(index=SOMEONE, dnis=NUMBERS, then=st.sampled_from(["talk", "consult", "join"]), where=TARGETS)
    def a_talk_begins(self, index: int, dnis: str, then: str, where: Any) -> None:
        """A short way to where much can happen."""
        switch, before = self.c.switch, set(self.c.switch.channels)
        self.somebody_calls(dnis, "+8613800000004", "")
        for step in ("talk", "consult", "join"):
            self.the_switch_tells_all()
            for leg in set(switch.channels) - before:
                if switch.channels[leg].state == "dialling":
                    switch.answers(leg)
            self.the_switch_tells_all()
            if step == then:
                return
            for agent in self.busy():
                if step == "talk":
                    self.ask(events.ConsultWith, agent, target=where)
                else:
                    self.ask(events.JoinAll, agent)

    # -- callbacks ---------------------------------------------------------------------------------------------

    @rule(agent=AGENTS, index=SOMEONE, what=st.sampled_from(["next", "this", "skip", "accept"]))
    def works_off(self, agent: str, index: int, what: str) -> None:
        world = self.c.acd.world
        if what == "next":
            self.ask(events.NextCallback, agent)
        elif what == "this":
            self.ask(events.DialCallback, agent, callback=self.some(world.state.callbacks, index) or "k0")
        elif agent := self.some(world.presented, index):
            kind = events.SkipCallback if what == "skip" else events.DialCallback
            self.ask(kind, agent, callback=world.presented[agent])

    @rule(index=SOMEONE, result=st.sampled_from(owing.RESULTS), later=st.floats(-10.0, 600.0))
    def says_what_came_of_it(self, index: int, result: str, later: float) -> None:
        open_ones = self.c.acd.world.state.callbacks.values()
        entry = self.some([e for e in open_ones if e.by] or open_ones, index)
        if entry is not None:
            at = self.c.now + later if result == "later" else None
            self.ask(events.CallbackResult, entry.by or "1001", callback=entry.id, result=result, at=at)

    @rule(
        number=THEIRS,
        ident=st.integers(0, 40),
        kind=st.sampled_from(["follow_up", "follow_up", "survey", "callback"]),
        agent=st.sampled_from(["", "1001", "1002"]),
        flow=st.sampled_from(["", "rating"]),
        later=st.sampled_from([-60.0, 0.0, 30.0, 500.0]),
        customer=st.sampled_from(["", "7"]),
    )
    def a_task_is_due(self, number: str, ident: int, later: float, **more: Any) -> None:
        at = self.c.now + later
        self.requests += 1
        task = {"task": f"t{ident}", "number": number, "at": at, "queue": "sales", "consent": True, **more}
        self.c.feed(events.ReleaseTask(f"q{self.requests}", "office", **task))

    @rule(index=SOMEONE, number=THEIRS, what=st.sampled_from(["close", "bar", "allow", "missed", "withdraw"]))
    def the_office_does(self, index: int, number: str, what: str) -> None:
        if what == "withdraw":
            self.ask(events.WithdrawConsent, "", callback=self.some(self.c.acd.world.state.callbacks, index) or "k0")
        elif what == "close":
            self.ask(
                events.CloseCallback, "", callback=self.some(self.c.acd.world.state.callbacks, index) or "k0", reason="cancelled"
            )
        elif what == "missed":
            self.c.feed(events.CallerMissed(f"m{index}", number, "4001", "blocked", self.c.now - 30.0))
        else:
            self.ask(events.BarNumber, "", number=number, barred=what == "bar")

    @rule(index=SOMEONE, by=st.sampled_from(["human", "machine", "unknown"]))
    def an_answer_is_judged(self, index: int, by: Any) -> None:
        calls = [call for call in self.c.acd.world.state.calls.values() if f"judge:{call.id}" in self.c.acd.world.state.timers]
        call = self.some(calls or self.c.acd.world.state.calls.values(), index)
        if call is not None:
            self.c.switch.report(events.AnswerJudged(call.customer, by))

    # -- the switch --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.c.switch.flight)
    @rule(index=SOMEONE)
    def the_switch_tells(self, index: int) -> None:
        self.tell(index)

    def tell(self, index: int) -> None:
        flight = self.c.switch.flight
        leg = getattr(flight[index % len(flight)], "leg", "")
        births = [e for e in flight if isinstance(e, events.CallOffered | events.SeatDialled) and e.leg == leg]
        event = births[0] if births else flight[index % len(flight)]  # of a leg, its coming is told first
        self.c.deliver(flight.index(event))
        self.old.append(event)

    @rule(steps=st.integers(1, 12))
    def the_switch_is_slow(self, steps: int) -> None:
        self.slow = steps

    def the_switch_tells_all(self) -> None:
        while self.c.switch.flight:
            self.tell(0)

    @rule(index=SOMEONE, do=st.sampled_from(["ring", "answer", "answer", "answer", "refuse"]), cause=CAUSES)
    def a_phone(self, index: int, do: str, cause: int) -> None:
        switch = self.c.switch
        leg = self.some((leg for leg, ch in switch.channels.items() if ch.state in ("dialling", "ringing")), index)
        if leg and do == "ring":
            switch.rings(leg)
        elif leg and do == "answer":
            switch.answers(leg)
        elif leg:
            switch.ends(leg, cause)

    @rule(index=SOMEONE, cause=CAUSES)
    def a_line_ends(self, index: int, cause: int) -> None:
        leg = self.some(self.c.switch.channels, index)
        if leg:
            self.c.switch.ends(leg, cause)

    @rule(index=SOMEONE, key=st.sampled_from("0123456789#"))
    def a_key(self, index: int, key: str) -> None:
        leg = self.some((leg for leg, ch in self.c.switch.channels.items() if ch.state == "up"), index)
        if leg:
            self.c.switch.presses(leg, key)

    @rule(index=SOMEONE, held=st.booleans())
    def a_hold_key(self, index: int, held: bool) -> None:
        leg = self.some((leg for leg, ch in self.c.switch.channels.items() if ch.state == "up"), index)
        if leg:
            self.c.switch.report(events.LegHeld(leg, held))

    @rule(index=SOMEONE)
    def a_prompt_ends(self, index: int) -> None:
        plays = [(leg, play) for leg, ch in self.c.switch.channels.items() for play in ch.plays]
        if plays:
            self.c.switch.finishes_play(*self.some(plays, index))

    @rule(index=SOMEONE, seconds=st.sampled_from([0.2, 8.0]))
    def a_message_ends(self, index: int, seconds: float) -> None:
        leg = self.some((leg for leg, ch in self.c.switch.channels.items() if ch.message), index)
        if leg:
            self.c.switch.finishes_message(leg, seconds)

    @rule(agent=AGENTS, online=st.booleans())
    def a_phone_registers(self, agent: str, online: bool) -> None:
        endpoint = self.c.acd.world.state.agents[agent].endpoint if agent in self.c.acd.world.state.agents else ""
        self.c.switch.report(events.PhoneChanged(endpoint or f"PJSIP/{agent}", online))

    @rule(index=SOMEONE)
    def a_browser_comes_or_goes(self, index: int) -> None:
        browsers = [a for a in self.c.acd.world.state.agents.values() if a.web]
        busy = [a for a in browsers if a.call or not a.online]
        agent = self.some(busy or browsers, index)
        if agent:
            self.c.switch.report(events.PhoneChanged(agent.endpoint, not agent.online))

    @rule(index=SOMEONE, what=st.sampled_from(["found", "gold", "missing", "failed"]))
    def the_data_answer(self, index: int, what: str) -> None:
        lookups = self.c.switch.lookups
        if lookups:
            q = lookups.pop(index % len(lookups))
            values = {"level": what, "points": "120", "last_agent": "1001"}
            self.c.feed(events.LookedUp(q.call, q.lookup, what in ("found", "gold"), values, what == "failed"))

    @rule(failed=st.booleans())
    def the_disk_answers(self, failed: bool) -> None:
        if self.c.switch.stores:
            self.c.feed(events.Stored(self.c.switch.stores.pop(0).token, failed))

    @rule(size=st.sampled_from([0, 1000]))
    def a_recording_is_checked(self, size: int) -> None:
        if self.c.switch.checks:
            check = self.c.switch.checks.pop(0)
            self.c.feed(events.RecordingChecked(check.call, check.recording, "/x.raw", size))

    @rule(index=SOMEONE, what=st.sampled_from(["Play", "StartRecording", "RecordMessage", "Join"]))
    def a_command_fails(self, index: int, what: str) -> None:
        """A prompt that is not there, say. What the switch believes is made true first."""
        for leg, channel in self.c.switch.channels.items():
            if what == "Play" and channel.plays and index % 2:
                channel.plays.clear()
            elif what == "StartRecording" and channel.recording and index % 2:
                channel.recording = ""
            elif what == "RecordMessage" and channel.message and index % 2:
                channel.message = ""
            else:
                continue
            self.c.switch.report(events.CommandFailed(what, leg, "not found"))
            return

    # -- time, links, processes --------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.0, 15.0, 21.0, 40.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.c.now += seconds
        self.c.feed(None)

    @precondition(lambda self: self.c.twin is None)
    @rule()
    def the_process_is_restored(self) -> None:
        self.c.crash()

    @rule(lost=st.booleans(), restarted=st.booleans(), steps=st.integers(1, 5))
    def the_link_breaks(self, lost: bool, restarted: bool, steps: int) -> None:
        """For so many steps nothing is seen and nothing done."""
        if self.c.switch.linked:
            self.c.switch.linked = False
            self.dark = steps
            if lost:
                self.c.switch.flight.clear()
            self.c.feed(events.NodeDown("ast1"))
            if restarted:
                self.c.switch.restarts()
                self.restarted = True

    def the_link_is_back(self) -> None:
        """As the shell does it: what was on the way first, then what came meanwhile, then what there is."""
        switch, acd = self.c.switch, self.c.acd
        self.the_switch_tells_all()
        switch.linked = True
        for channel in switch.channels.values():
            current = {call.play for call in acd.world.state.calls.values()}
            channel.plays = {play: sounds for play, sounds in channel.plays.items() if play in current}
            if channel.state == "ring" and channel.id not in acd.legs:
                self.c.feed(events.CallOffered(channel.id, "+8613800000003", "4001", "demo"))
        restarted, self.restarted = self.restarted, False
        self.c.feed(switch.truth(restarted=restarted))

    @rule(steps=st.integers(1, 8))
    def the_configuration_is_another(self, steps: int) -> None:
        self.fewer = steps
        self.c.feed(events.ConfigChanged(FEWER))

    # -- nonsense ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.old)
    @rule(index=st.integers(0, 200))
    def something_is_told_twice(self, index: int) -> None:
        """What the switch said once comes again: after its time it changes nothing."""
        event = self.old[-1 - index % len(self.old)]
        leg = self.c.acd.legs.get(getattr(event, "leg", ""))
        over = leg is None or leg.ending
        match event:
            case events.LegEnded() | events.KeyPressed() | events.LegHeld() | events.PlayEnded() if over:
                self.changes_nothing(event)
            case events.CallOffered() | events.SeatDialled() if leg is not None:
                self.changes_nothing(event)
            case events.LegAnswered() | events.LegRinging() if over or leg.state == "up":
                self.changes_nothing(event)
            case events.MessageRecorded():
                self.changes_nothing(event)
            case events.PlayEnded() if event.play not in {c.play for c in self.c.acd.world.state.calls.values()}:
                self.changes_nothing(event)

    @rule(ident=st.sampled_from(["", "ast1-1.1", "ast1-l9999", "ast9-l1", "c999", "junk\n'\";", "中"]), known=st.booleans())
    def nonsense_is_told(self, ident: str, known: bool) -> None:
        call = self.some(self.c.acd.world.state.calls, 0) if known else None
        leg = self.some((leg for leg in self.c.acd.legs if leg.startswith("ast1-17")), 0) if known else None
        for event in (
            events.LegRinging(ident),
            events.LegAnswered(leg or ident),  # comes in: cannot be answered by the caller
            events.LegEnded(ident),
            events.LegHeld(ident, True),
            events.KeyPressed(ident, "1"),
            events.PlayEnded(leg or ident, ident),
            events.MessageRecorded(leg or ident, ident, 5.0),
            events.PhoneChanged(ident, False),
            events.LookedUp(call or ident, ident, True, {"x": "y"}),
            events.Stored(ident),
        ):
            self.changes_nothing(event)
        for kind in (events.Ready, events.HangUpCall, events.SignOut):
            self.changes_nothing(kind(ident, "x", ident))

    def changes_nothing(self, event: events.AnyEvent) -> None:
        before = self.c.acd.snapshot()
        self.c.feed(event)
        after = self.c.acd.snapshot()
        assert {**before, "seq": 0, "now": 0} == {**after, "seq": 0, "now": 0}, event

    # -- promises ----------------------------------------------------------------------------------------------

    @invariant()
    def the_promises_hold(self) -> None:
        self.slow, self.dark, self.fewer = max(0, self.slow - 1), max(0, self.dark - 1), self.fewer - 1
        if self.fewer == 0:
            self.c.feed(events.ConfigChanged(WORKING))
        if not self.dark and not self.c.switch.linked:
            self.the_link_is_back()
        if not self.slow:
            self.the_switch_tells_all()
        promises.check(self.c.acd)
        if self.c.switch.linked and not self.c.switch.flight:
            promises.truth_agrees(self.c.acd, self.c.switch)

    def teardown(self) -> None:
        """All hang up, all that was asked is answered or times out: nothing may be left, and a replay says the same."""
        c = self.c
        if not c.switch.linked:
            self.the_link_is_back()
        for _ in range(200):
            while c.switch.flight:
                c.deliver()
            for leg in list(c.switch.channels):
                if leg in c.switch.channels:
                    c.switch.ends(leg)
            if not c.switch.flight:
                due = c.acd.next_deadline()
                if due is None:
                    break
                c.now = max(c.now, due)
                c.feed(None)
                promises.check(c.acd)
        promises.check(c.acd)
        promises.nothing_is_left(c.acd)
        promises.the_record_is_whole(c.out)
        promises.who_reached_nobody_is_owed_a_call(c.acd, c.out)
        assert c.replay() == c.out


TestPlay = Play.TestCase
TestPlay.settings = settings()
