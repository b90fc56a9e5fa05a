"""Who is served next, and by whom."""

from ccenter.acd import events, facts
from ccenter.acd.config import Queue, ToQueue
from tests.acd.centre import Centre, config


def served(centre: Centre) -> str:
    """The agent of the last decision."""
    return str(centre.last(facts.CallRouted).agent)


# -- by strategy -----------------------------------------------------------------------------------------------


def test_given_two_idle_agents_when_a_call_comes_then_the_longest_idle_is_rung(centre: Centre) -> None:
    centre.sign_in("1002")
    centre.passes(5)
    centre.sign_in("1001")
    centre.passes(5)
    centre.calls_in("4001")
    assert served(centre) == "1002"
    assert centre.phone("1002") and not centre.phone("1001")


def test_given_round_robin_when_calls_come_then_agents_take_turns_whatever_their_idle_time(centre: Centre) -> None:
    centre.sign_in("1002", "1003", "1004")
    order = []
    for _ in range(6):
        caller = centre.calls_in("4002")
        order.append(served(centre))
        centre.hangs_up(caller)
    assert order == ["1002", "1003", "1004"] * 2


def test_given_fewest_calls_when_agents_have_taken_calls_then_the_one_with_the_fewest_is_rung(centre: Centre) -> None:
    centre.sign_in("1001", "1002", "1003")
    for agent in ("1001", "1002", "1003", "1001"):
        caller = centre.calls_in("4003")
        assert served(centre) == agent
        centre.answers(agent)
        centre.hangs_up(caller)
        centre.passes(1)
    assert {a: centre.acd.world.state.agents[a].calls for a in ("1001", "1002", "1003")} == {"1001": 2, "1002": 1, "1003": 1}


def test_given_by_skill_when_two_are_free_then_the_better_is_rung_though_idle_for_less(centre: Centre) -> None:
    centre.sign_in("1003")
    centre.passes(60)
    centre.sign_in("1002")
    centre.calls_in("4004")
    decision = centre.last(facts.CallRouted)
    assert (decision.agent, decision.candidates) == ("1002", [("1002", -3.0), ("1003", -2.0)])


def test_given_ring_all_when_a_call_comes_then_all_phones_up_to_the_most_ring_and_the_first_gets_it(centre: Centre) -> None:
    centre.sign_in("1002", "1003", "1004")
    caller = centre.calls_in("4005")
    assert centre.phone("1002") and centre.phone("1003") and not centre.phone("1004")  # ring_all_most is 2
    centre.answers("1003")
    assert centre.switch.talks_with(caller) == {centre.phone("1003")}
    assert not centre.phone("1002") and centre.state("1002") == "READY"
    assert [(f.agent, f.reason) for f in centre.told(facts.OfferEnded)] == [("1002", "elsewhere")]


def test_given_ring_all_rings_when_an_agent_becomes_ready_then_their_phone_rings_along(centre: Centre) -> None:
    centre.sign_in("1002")
    centre.calls_in("4005")
    centre.sign_in("1003")
    assert centre.phone("1003")


def test_given_ring_all_rings_when_one_refuses_then_the_next_takes_the_place(centre: Centre) -> None:
    centre.sign_in("1002", "1003", "1004")
    centre.calls_in("4005")
    centre.hangs_up("1002", 17)
    assert centre.phone("1004") and centre.phone("1003") and not centre.phone("1002")


def test_given_one_ring_all_call_rings_and_one_waits_when_an_agent_is_ready_then_they_get_the_waiting_one(
    centre: Centre,
) -> None:
    centre.sign_in("1002", "1003")
    first = centre.calls_in("4005")
    second = centre.calls_in("4005")
    centre.hangs_up("1003", 17)  # refuses: there is room for one more phone
    centre.sign_in("1004")
    assert centre.last(facts.CallOfferedTo).call == centre.call_of(second).id
    assert len(centre.call_of(first).offers) == 1


# -- by skill --------------------------------------------------------------------------------------------------


def test_given_a_call_that_needs_a_level_when_only_a_lesser_agent_is_free_then_it_waits_for_a_better_one(centre: Centre) -> None:
    centre.sign_in("1004")  # repair 1
    caller = centre.calls_in("4000")
    centre.listens(caller)
    centre.presses(caller, "2")  # needs repair 2
    centre.listens(caller)
    assert centre.last(facts.CallQueued).skills == {"repair": 2}
    assert not centre.phone("1004")
    centre.sign_in("1003")  # repair 2
    assert centre.phone("1003")


def test_given_a_waiting_call_of_high_skill_when_one_of_none_comes_then_the_free_agent_need_not_idle(centre: Centre) -> None:
    centre.sign_in("1004")
    expert_wanted = centre.calls_in("4000")
    centre.listens(expert_wanted)
    centre.presses(expert_wanted, "2")
    centre.listens(expert_wanted)
    centre.calls_in("4002")
    assert centre.phone("1004")


# -- first asked, first served; priority; ageing ---------------------------------------------------------------


def test_given_callers_of_one_queue_when_agents_become_free_then_they_are_served_in_order(centre: Centre) -> None:
    callers = []
    for _ in range(3):
        callers.append(centre.calls_in("4001"))
        centre.passes(1)
    centre.sign_in("1001", ready=False)
    for caller in callers:
        centre.ask(events.Ready, "1001")
        centre.answers("1001")
        assert centre.switch.talks_with(caller)
        centre.hangs_up(caller)


def test_given_a_queue_of_higher_priority_when_an_agent_becomes_free_then_its_caller_is_first(centre: Centre) -> None:
    centre.calls_in("4001")
    centre.passes(30)
    vip = centre.calls_in("4009")
    centre.sign_in("1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(vip).id


def test_given_a_caller_who_waited_longer_than_priority_is_worth_then_ageing_puts_them_first(centre: Centre) -> None:
    old = centre.calls_in("4003")
    centre.passes(5 * 60 + 1)  # vip has five steps of a minute
    centre.calls_in("4009")
    centre.sign_in("1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(old).id


def test_given_a_caller_made_vip_by_the_flow_when_they_queue_then_they_stand_before_earlier_ones() -> None:
    centre = Centre()
    centre.calls_in("4001")
    vip = centre.calls_in("4000")
    centre.listens(vip)
    centre.presses(vip, "3")
    centre.presses(vip, "88001#")
    centre.presses(vip, "4321")
    centre.looks_up(level="gold", points="7")
    centre.presses(vip, "0")
    assert centre.last(facts.CallQueued).position == 1
    centre.sign_in("1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(vip).id


def test_given_an_agent_of_two_queues_when_both_have_callers_then_the_one_who_waited_longest_is_first(centre: Centre) -> None:
    centre.calls_in("4002")
    centre.passes(10)
    centre.calls_in("4001")
    centre.sign_in("1002")
    assert centre.last(facts.CallRouted).queue == "support"


# -- the record of a decision ----------------------------------------------------------------------------------


def test_given_a_decision_when_it_is_told_then_candidates_and_reasons_are_complete(centre: Centre) -> None:
    centre.sign_in("1001", "1002")
    centre.sign_in("1004", ready=False)
    centre.passes(3)
    centre.calls_in("4001")
    decision = centre.last(facts.CallRouted)
    assert decision.strategy == "longest_idle"
    assert [code for code, _ in decision.candidates] == ["1001", "1002"]
    assert decision.candidates_total == 2
    assert decision.passed_over == {"NOT_READY": (1, ["1004"])}


# -- the last agent --------------------------------------------------------------------------------------------


def known_caller(centre: Centre) -> str:
    """A caller whose look-up names 1002 as the last agent, and who then asks for sales."""
    caller = centre.calls_in("4000")
    centre.listens(caller)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "4321")
    centre.looks_up(last_agent="1002", points="7")
    centre.presses(caller, "0")
    return caller


def test_given_the_last_agent_is_free_when_the_caller_wants_them_then_they_are_rung_though_others_idle_longer(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    centre.passes(60)
    centre.sign_in("1002")
    caller = known_caller(centre)
    assert centre.says(caller) == ("last-agent-offer",)
    assert not centre.phone("1001") and not centre.phone("1002")
    centre.presses(caller, "1")
    assert centre.phone("1002")
    assert (centre.last(facts.CallRouted).strategy, served(centre)) == ("last_agent", "1002")
    centre.answers("1002")
    assert centre.switch.talks_with(caller)


def test_given_the_last_agent_is_offered_when_the_caller_presses_another_key_then_the_queue_decides(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.passes(60)
    centre.sign_in("1002")
    caller = known_caller(centre)
    centre.presses(caller, "2")
    assert served(centre) == "1001"


def test_given_the_last_agent_is_offered_when_the_caller_says_nothing_then_the_queue_decides(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.passes(60)
    centre.sign_in("1002")
    caller = known_caller(centre)
    centre.listens(caller)
    assert not centre.told(facts.CallRouted)
    centre.passes(6)
    assert served(centre) == "1001"


def test_given_the_last_agent_is_taken_while_the_caller_thinks_when_they_say_yes_then_they_queue(centre: Centre) -> None:
    centre.sign_in("1002")
    caller = known_caller(centre)
    centre.connected("1002", "4002")
    centre.presses(caller, "1")
    assert centre.call_of(caller).state == "QUEUED"


def test_given_the_last_agent_is_busy_when_the_caller_asks_for_the_queue_then_they_are_not_asked(centre: Centre) -> None:
    centre.sign_in("1002")
    centre.connected("1002", "4002")
    caller = known_caller(centre)
    assert centre.call_of(caller).state == "QUEUED"


def test_given_the_last_agent_does_not_answer_when_their_phone_has_rung_then_the_caller_is_at_the_head(centre: Centre) -> None:
    centre.sign_in("1002")
    caller = known_caller(centre)
    centre.presses(caller, "1")
    centre.calls_in("4001")
    centre.sign_in("1001")  # takes the other caller
    centre.ask(events.NotReady, "1001", reason="tea")
    centre.ask(events.NotReady, "1002", reason="tea")
    centre.ask(events.Ready, "1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(caller).id


# -- configuration ---------------------------------------------------------------------------------------------


def test_given_a_waiting_caller_when_an_agent_gets_the_queue_by_configuration_then_they_are_rung(centre: Centre) -> None:
    centre.sign_in("1003")
    centre.calls_in("4001")
    agents = dict(config().agents)
    agents["1003"] = type(agents["1003"])("1003", queues=("sales",))
    centre.send(events.ConfigChanged(config(agents=agents)))
    assert centre.phone("1003")
    assert centre.last(facts.ConfigApplied).agents == 4


def test_given_a_waiting_caller_when_their_queue_is_removed_then_they_are_sent_on_not_forgotten(centre: Centre) -> None:
    caller = centre.calls_in("4009")
    queues = {code: queue for code, queue in config().queues.items() if code != "vip"}
    centre.send(events.ConfigChanged(config(queues=queues)))
    assert (centre.last(facts.CallOverflowed).reason, centre.says(caller)) == ("removed", ("voicemail-greeting",))


def test_given_an_agent_in_a_call_when_removed_by_configuration_then_they_finish_and_are_signed_out(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.send(events.ConfigChanged(config(agents={c: a for c, a in config().agents.items() if c != "1001"})))
    assert centre.switch.talks_with(caller)
    centre.hangs_up(caller)
    centre.passes(60)
    assert centre.state("1001") == "LOGGED_OUT"


def test_given_rules_that_send_callers_in_a_circle_when_both_queues_are_full_then_the_voicemail_takes_them() -> None:
    queues = {
        "a": Queue("a", max_length=0, on_full=ToQueue("b")),
        "b": Queue("b", max_length=0, on_full=ToQueue("a")),
        "sales": Queue("sales", max_length=0, on_full=ToQueue("a")),
    }
    centre = Centre(config(queues=queues))
    caller = centre.calls_in("4001")
    assert centre.says(caller) == ("voicemail-greeting",)
