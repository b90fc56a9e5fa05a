"""The order of commands, and what becomes of refusals: against an HTTP server that answers when and as it is told."""

import asyncio
import typing
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ccenter.acd import commands, events
from ccenter.stasis.ari import Ari
from ccenter.stasis.background import Background
from ccenter.stasis.perform import PLANS, Performer
from ccenter.stasis.translate import Live
from ccenter.stasis.wording import as_dialled, caller_id, headers, media_uri


class Switch:
    """Answers every request at once with 204, unless `hold`s it or `answers` says otherwise. `asked` is what came."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, str]] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.emitted: list[events.AnyEvent] = []
        self.refused: dict[str, int] = {}  # legs that no bridge takes
        self.joined: list[str] = []
        self.live: Live = {}

    async def handle(self, request: web.Request) -> web.Response:
        path = f"{request.method} {request.path.removeprefix('/ari/')}"
        self.asked.append(path)
        for part, event in self.held.items():
            if part in path:
                await event.wait()
        if path.endswith("addChannel"):
            legs = request.query["channel"].split(",")
            if statuses := [self.refused[leg] for leg in legs if leg in self.refused]:
                return web.json_response({"message": "no"}, status=statuses[0])
            self.joined += legs
        for part, (status, reason) in self.answers.items():
            if part in path:
                return web.json_response({"message": reason, "id": "of a channel"}, status=status)
        return web.Response(status=204)

    def hold(self, part: str) -> asyncio.Event:
        self.held[part] = asyncio.Event()
        return self.held[part]


@pytest.fixture
async def switch() -> Switch:
    return Switch()


@pytest.fixture
async def performer(switch: Switch, tmp_path: Path) -> AsyncIterator[Performer]:
    async with AsyncExitStack() as stack:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", switch.handle)
        server = await stack.enter_async_context(TestServer(app))
        ari = await stack.enter_async_context(Ari(str(server.make_url("")), "ccenter", "u", "p", "u", "p"))
        background = Background(tmp_path, lambda: None, lambda kind, arguments: None)
        performer = Performer("ast1", ari, switch.live, background, switch.emitted.append)
        yield performer
        for event in switch.held.values():
            event.set()
        await performer.idle()
        assert performer.pending == 0
        background.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.005)


def test_given_the_cores_commands_then_there_is_a_plan_for_each() -> None:
    assert set(PLANS) == set(typing.get_args(commands.AnyCommand))


async def test_given_commands_of_one_leg_then_each_waits_for_the_one_before_and_other_legs_do_not(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"a": 0, "b": 0}
    answered = switch.hold("a/answer")
    performer.perform([commands.Answer("a"), commands.StartMusic("a", "default"), commands.Answer("b")])
    performer.perform([commands.StartMusic("b", "default")])
    await until(lambda: len(switch.asked) == 3)
    assert switch.asked == ["POST channels/a/answer", "POST channels/b/answer", "POST channels/b/moh"]
    answered.set()
    await performer.idle()
    assert switch.asked[-1] == "POST channels/a/moh"


async def test_given_a_join_then_it_waits_for_its_bridge_and_for_each_of_its_legs(switch: Switch, performer: Performer) -> None:
    switch.live |= {"a": 0, "b": 0, "c": 0}
    answered, made = switch.hold("b/answer"), switch.hold("POST bridges/x")
    performer.perform([commands.MakeBridge("x"), commands.Answer("a"), commands.Answer("b"), commands.Join("x", ("a", "b"))])
    performer.perform([commands.Answer("c")])
    await until(lambda: "POST channels/c/answer" in switch.asked)
    made.set()
    switch.held.pop("POST bridges/x")
    answered.set()
    await performer.idle()
    assert switch.asked[-1] == "POST bridges/x/addChannel"
    assert switch.asked.count("POST bridges/x/addChannel") == 1


async def test_given_a_hang_up_then_it_overtakes_what_hangs_but_not_the_dialling_of_its_leg(
    switch: Switch, performer: Performer
) -> None:
    switch.live["a"] = 0
    switch.hold("a/answer")
    dialled = switch.hold("POST channels")
    performer.perform([commands.Answer("a"), commands.HangUp("a")])
    await until(lambda: "DELETE channels/a" in switch.asked)
    performer.perform([commands.Dial("l1", "PJSIP/1001", "1", "c1"), commands.HangUp("l1")])
    await asyncio.sleep(0.05)
    assert "DELETE channels/l1" not in switch.asked
    dialled.set()
    await until(lambda: "DELETE channels/l1" in switch.asked)


async def test_given_a_dial_among_others_then_it_goes_out_first(
    switch: Switch, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.live["a"] = 0
    sent: list[str] = []
    send = performer.ari.request

    async def note(method: str, path: str, body: object = None) -> bytes:
        sent.append(f"{method} {path}")
        return await send(method, path, body)

    monkeypatch.setattr(performer.ari.channels, "_request", note)
    performer.perform([commands.Answer("a"), commands.StartMusic("a", "x"), commands.Dial("l1", "PJSIP/1001", "1", "c1")])
    await performer.idle()
    assert sent[0] == "POST channels"


async def test_given_a_snoop_then_a_join_waits_for_it_and_until_it_is_in_our_hands(switch: Switch, performer: Performer) -> None:
    switch.live |= {"lead": 0, "agent": 0}
    made = switch.hold("snoop/s1")
    switch.answers["addChannel"] = (422, "Channel not in Stasis application")
    performer.perform(
        [commands.MakeBridge("x"), commands.Snoop("s1", "agent", "both", "none"), commands.Join("x", ("lead", "s1"))]
    )
    await until(lambda: "POST channels/agent/snoop/s1" in switch.asked)
    assert "s1" in switch.live and "POST bridges/x/addChannel" not in switch.asked
    made.set()
    await until(lambda: switch.asked.count("POST bridges/x/addChannel") > 3)
    switch.answers.clear()
    await performer.idle()
    assert switch.emitted == []


async def test_given_a_channel_that_never_comes_into_our_hands_then_only_a_snoop_is_waited_for(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"a": 0}
    switch.answers["addChannel"] = (422, "Channel not in Stasis application")
    performer.perform([commands.Join("x", ("a",))])
    await performer.idle()
    assert switch.asked == ["POST bridges/x/addChannel"]
    assert [type(event) for event in switch.emitted] == [events.CommandFailed]


async def test_given_a_leg_that_has_gone_when_a_snoop_is_wanted_then_the_snoop_ends_once_and_the_lead_is_joined_alone(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"lead": 0}
    switch.answers["snoop"] = (404, "Provided channel was not found")
    performer.perform([commands.Snoop("s1", "agent", "both", "out"), commands.Join("x", ("lead", "s1")), commands.HangUp("s1")])
    await performer.idle()
    assert switch.emitted == [events.LegEnded("s1", 27, "404 Provided channel was not found")]
    assert switch.live == {"lead": 0} and switch.asked.count("POST bridges/x/addChannel") == 1
    assert switch.asked.index("POST channels/agent/snoop/s1") < switch.asked.index("DELETE channels/s1")


async def test_given_a_snoop_instead_of_another_then_that_is_ended_first(switch: Switch, performer: Performer) -> None:
    switch.live |= {"agent": 0, "s1": 0}
    gone = switch.hold("DELETE channels/s1")
    performer.perform([commands.Snoop("s2", "agent", "both", "none", "c1", "s1")])
    await until(lambda: "DELETE channels/s1" in switch.asked)
    assert switch.asked == ["DELETE channels/s1"]
    gone.set()
    await performer.idle()
    assert switch.asked[1:] == ["POST channels/agent/snoop/s2"]


async def test_given_a_whisper_to_somebody_who_joins_alone_then_they_are_sent_silence_and_so_can_hear_it(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"lead": 0, "agent": 0, "customer": 0}
    joined = switch.hold("bridges/x/addChannel")
    performer.perform([commands.Join("x", ("agent",)), commands.Snoop("s1", "agent", "both", "out")])
    await until(lambda: "POST channels/agent/snoop/s1" in switch.asked)
    assert "POST channels/agent/silence" not in switch.asked, "they are not there yet"
    joined.set()
    await performer.idle()
    assert switch.asked[-1] == "POST channels/agent/silence"
    performer.perform([commands.Join("x", ("customer",)), commands.Snoop("s2", "agent", "both", "out")])
    await performer.idle()
    assert switch.asked.count("POST channels/agent/silence") == 1, "whoever is with others hears them"


async def test_given_a_repeated_snoop_then_nothing_is_told_while_it_is_there(switch: Switch, performer: Performer) -> None:
    switch.live |= {"agent": 0}
    switch.answers["snoop"] = (500, "Snoop channel could not be created")
    switch.answers["GET channels/s1"] = (200, "")
    performer.perform([commands.Snoop("s1", "agent", "both", "none")])
    await performer.idle()
    assert switch.emitted == [] and "s1" in switch.live
    switch.answers["GET channels/s1"] = (404, "Channel not found")
    performer.perform([commands.Snoop("s1", "agent", "both", "none")])
    await performer.idle()
    assert [type(event) for event in switch.emitted] == [events.LegEnded]


@pytest.mark.parametrize(
    ("command", "part", "status"),
    [
        (commands.HangUp("a"), "channels/a", 404),
        (commands.StopPlay("a", "p"), "playbacks/p", 404),
        (commands.MakeBridge("x"), "bridges/x", 409),
        (commands.DropBridge("x"), "bridges/x", 404),
        (commands.Leave("x", "a"), "removeChannel", 404),
        (commands.Leave("x", "a"), "removeChannel", 422),
        (commands.StopMessage("a", "m"), "recordings", 404),
        (commands.Play("a", "p", ("x",), "zh"), "play", 409),
        (commands.Play("a", "p", ("x",), "zh"), "play", 404),
        (commands.Dial("a", "PJSIP/1001", "1", "c1"), "channels", 409),
        (commands.Join("x", ("a",)), "nothing", 404),
    ],
)
async def test_given_a_refusal_that_says_it_is_so_already_then_nothing_is_told(
    switch: Switch, performer: Performer, command: commands.AnyCommand, part: str, status: int
) -> None:
    switch.live["a"] = 0
    switch.answers[part] = (status, "so already")
    performer.perform([command])
    await performer.idle()
    assert switch.emitted == []


async def test_given_a_refusal_then_it_is_told_unless_the_leg_has_gone(switch: Switch, performer: Performer) -> None:
    switch.live["a"] = 0
    switch.answers["play"] = (500, "Internal Server Error")
    performer.perform([commands.Play("a", "p1", ("x",), "zh"), commands.Play("gone", "p2", ("x",), "zh")])
    await performer.idle()
    assert switch.emitted == [events.CommandFailed("Play", "a", "500 Internal Server Error")]


async def test_given_a_phone_without_a_contact_then_it_is_offline_and_its_leg_ends_once(
    switch: Switch, performer: Performer
) -> None:
    switch.answers["channels"] = (500, "Allocation failed")
    performer.perform([commands.Dial("l1", "PJSIP/1001", "1", "c1")])
    await performer.idle()
    assert switch.emitted == [events.PhoneChanged("PJSIP/1001", False), events.LegEnded("l1", 27, "no_contact")]
    assert switch.live == {}


async def test_given_a_switch_that_does_not_answer_in_time_then_a_dial_is_given_up_and_hung_up(
    switch: Switch, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    performer.ari.http.patience = 0.1
    held = switch.hold("POST channels")
    performer.perform([commands.Dial("l1", "PJSIP/1001", "1", "c1")])
    await performer.idle()
    held.set()
    assert switch.emitted[0] == events.LegEnded("l1", 27, switch.emitted[0].note)  # type: ignore[union-attr]
    assert "DELETE channels/l1" in switch.asked


async def test_given_a_dial_under_way_when_its_leg_is_taken_for_gone_then_the_phone_does_not_ring_on(
    switch: Switch, performer: Performer
) -> None:
    """The link came back, and the switch had not made the channel yet when it was asked what there is."""
    made = switch.hold("POST channels")
    performer.perform([commands.Dial("l1", "PJSIP/1001", "1", "c1")])
    await until(lambda: "POST channels" in switch.asked)
    del switch.live["l1"]
    made.set()
    await performer.idle()
    assert switch.asked == ["POST channels", "DELETE channels/l1"]
    assert switch.emitted == []


async def test_given_a_switch_that_is_away_then_nothing_is_told_as_the_next_link_tells_all(tmp_path: Path) -> None:
    emitted: list[events.AnyEvent] = []
    live: Live = {"a": 0}
    async with Ari("http://127.0.0.1:9", "ccenter", "u", "p", "u", "p") as ari:
        background = Background(tmp_path, lambda: None, lambda kind, arguments: None)
        performer = Performer("ast1", ari, live, background, emitted.append)
        performer.perform([commands.Answer("a"), commands.Dial("l1", "PJSIP/1001", "1", "c1"), commands.HangUp("a")])
        await performer.idle()
        background.close()
    assert emitted == [] and "l1" in live


async def test_given_music_or_a_prompt_then_a_join_stops_them_first_and_asks_nothing_where_there_are_none(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"a": 0, "b": 0}
    performer.perform(
        [commands.StartMusic("a", "default"), commands.Play("b", "p1", ("x",), "zh"), commands.Join("x", ("a", "b"))]
    )
    await performer.idle()
    assert switch.asked[2:] == ["DELETE channels/a/moh", "DELETE playbacks/p1", "POST bridges/x/addChannel"]
    switch.asked.clear()
    performer.noted(events.PlayEnded("b", "p1"))
    performer.perform([commands.Join("y", ("a", "b"))])
    await performer.idle()
    assert switch.asked == ["POST bridges/y/addChannel"]


async def test_given_legs_of_before_a_restart_then_their_music_is_stopped_when_joined_as_nobody_knows_of_it(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"a": 0}
    performer.found(["a"], {"ast1-hold": ("a",)})
    performer.perform([commands.RecordMessage("a", "m1", 60)])
    await performer.idle()
    assert switch.asked == [
        "POST bridges/ast1-hold/removeChannel",
        "DELETE channels/a/moh",
        "POST channels/a/record",
    ]


async def test_given_a_leg_that_stays_behind_alone_then_it_is_sent_silence_until_somebody_is_with_it_again(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"customer": 0, "agent": 0, "other": 0}
    performer.perform([commands.Join("x", ("customer", "agent"))])
    performer.perform([commands.Park("customer", "default")])
    await performer.idle()
    assert switch.asked[-1] == "POST channels/agent/silence"
    switch.asked.clear()
    performer.perform([commands.Join("x", ("customer",))])
    await performer.idle()
    assert switch.asked == [
        "POST bridges/x/removeChannel",
        "DELETE channels/agent/silence",
        "POST bridges/ast1-hold/removeChannel",
        "DELETE channels/customer/moh",
        "POST bridges/x/addChannel",
    ]
    assert switch.joined[-2:] == ["agent", "customer"]
    performer.perform([commands.Park("customer", "default")])
    await performer.idle()
    switch.asked.clear()
    performer.perform([commands.Join("y", ("agent", "other"))])
    await performer.idle()
    assert switch.asked == ["POST bridges/x/removeChannel", "DELETE channels/agent/silence", "POST bridges/y/addChannel"]
    performer.perform([commands.Park("customer", "default")])
    await performer.idle()
    assert "POST channels/agent/silence" not in switch.asked, "who is on hold already leaves nobody behind"


async def test_given_somebody_who_joins_while_the_customer_is_parked_then_whoever_stayed_is_sent_no_silence(
    switch: Switch, performer: Performer
) -> None:
    """They would hear nothing of the one who joined."""
    switch.live |= {"customer": 0, "agent": 0, "other": 0, "elsewhere": 0}
    performer.perform([commands.Join("x", ("customer", "agent"))])
    await performer.idle()
    joined = switch.hold("bridges/x/addChannel")
    performer.perform([commands.Join("x", ("other",)), commands.Park("customer", "default")])
    performer.perform([commands.SendDtmf("elsewhere", "1")])
    await until(lambda: "POST channels/elsewhere/dtmf" in switch.asked)
    assert "POST bridges/ast1-hold/addChannel" not in switch.asked, "one leaves while another enters"
    joined.set()
    await performer.idle()
    assert "POST bridges/ast1-hold/addChannel" in switch.asked
    assert "POST channels/agent/silence" not in switch.asked


async def test_given_a_leg_that_is_still_joining_when_it_is_parked_then_nobody_enters_beside_it(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"customer": 0, "agent": 0, "lead": 0, "elsewhere": 0}
    joined, parked = switch.hold("bridges/x/addChannel"), switch.hold("bridges/ast1-hold/addChannel")
    performer.perform([commands.Join("x", ("customer", "agent"))])
    performer.perform([commands.Park("customer", "default"), commands.Join("x", ("lead",))])
    joined.set()
    await until(lambda: "POST bridges/ast1-hold/addChannel" in switch.asked)
    performer.perform([commands.SendDtmf("elsewhere", "1")])
    await until(lambda: "POST channels/elsewhere/dtmf" in switch.asked)
    assert switch.joined == ["customer", "agent"], "one leaves while another enters"
    parked.set()
    await performer.idle()
    assert switch.joined[-1] == "lead"


async def test_given_somebody_who_is_moved_while_others_join_them_then_one_comes_after_the_other(
    switch: Switch, performer: Performer
) -> None:
    """Whoever is sent silence steps out of the bridge for a moment: what moves them elsewhere must not meet them there."""
    switch.live |= {"customer": 0, "agent": 0, "elsewhere": 0}
    performer.perform([commands.Join("x", ("customer", "agent"))])
    performer.perform([commands.Park("customer", "default")])
    await performer.idle()
    switch.asked.clear()
    outside = switch.hold("DELETE channels/agent/silence")
    performer.perform([commands.Join("x", ("customer",))])
    await until(lambda: "DELETE channels/agent/silence" in switch.asked)
    performer.perform([commands.Park("agent", "default"), commands.SendDtmf("elsewhere", "1")])
    await until(lambda: "POST channels/elsewhere/dtmf" in switch.asked)
    outside.set()
    await performer.idle()
    assert switch.asked.index("POST bridges/x/addChannel") < switch.asked.index("POST bridges/ast1-hold/addChannel")


@pytest.mark.parametrize(
    ("move", "moved"),
    [
        (commands.Join("y", ("lead",)), "bridges/y/addChannel"),
        (commands.Park("lead", "default"), "bridges/ast1-hold/addChannel"),
    ],
)
async def test_given_a_leg_that_is_being_moved_then_the_bridge_it_leaves_is_dropped_afterwards(
    switch: Switch, performer: Performer, move: commands.Command, moved: str
) -> None:
    """The switch would throw it out of both."""
    switch.live |= {"lead": 0, "snoop": 0, "other": 0}
    performer.perform([commands.Join("x", ("lead", "snoop"))])
    await performer.idle()
    switch.asked.clear()
    done = switch.hold(moved)
    performer.perform([move, commands.HangUp("snoop"), commands.DropBridge("x")])
    await until(lambda: {f"POST {moved}", "DELETE channels/snoop"} <= set(switch.asked))
    performer.perform([commands.SendDtmf("other", "1")])
    await until(lambda: "POST channels/other/dtmf" in switch.asked)
    assert "DELETE bridges/x" not in switch.asked
    done.set()
    await performer.idle()
    assert "DELETE bridges/x" in switch.asked


async def test_given_a_leg_that_is_still_joining_when_it_is_moved_on_then_the_bridge_is_dropped_after_both(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"customer": 0, "agent": 0}
    joined, parked = switch.hold("bridges/x/addChannel"), switch.hold("bridges/ast1-hold/addChannel")
    performer.perform([commands.Join("x", ("customer", "agent"))])
    performer.perform([commands.Park("customer", "default"), commands.HangUp("agent"), commands.DropBridge("x")])
    await until(lambda: "DELETE channels/agent" in switch.asked)
    joined.set()
    await until(lambda: "POST bridges/ast1-hold/addChannel" in switch.asked)
    assert "DELETE bridges/x" not in switch.asked
    parked.set()
    await performer.idle()
    assert "DELETE bridges/x" in switch.asked


async def test_given_a_leg_that_cannot_leave_the_holding_bridge_yet_then_others_leave_it(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"a": 0, "b": 0}
    switch.hold("channels/a/dtmf")
    performer.perform([commands.SendDtmf("a", "1"), commands.Leave("ast1-hold", "a"), commands.Leave("ast1-hold", "b")])
    await until(lambda: "POST bridges/ast1-hold/removeChannel" in switch.asked)
    assert switch.asked.count("POST bridges/ast1-hold/removeChannel") == 1


async def test_given_one_of_two_who_is_not_in_our_hands_any_more_then_the_other_is_joined(
    switch: Switch, performer: Performer
) -> None:
    switch.live |= {"agent": 0, "gone": 0}
    switch.refused = {"gone": 422}
    performer.perform([commands.Join("x", ("gone", "agent"))])
    await performer.idle()
    assert switch.joined == ["agent"] and switch.emitted == []


async def test_given_many_calls_then_nothing_of_them_is_remembered(switch: Switch, performer: Performer) -> None:
    for number in range(200):
        leg = f"l{number}"
        performer.perform(
            [commands.Dial(leg, "PJSIP/1001", "1", "c1"), commands.StartMusic(leg, "default"), commands.HangUp(leg)]
        )
        performer.noted(events.LegEnded(leg))
        switch.live.pop(leg)
    await performer.idle()
    assert performer.pending == 0 and performer._places == {}


@pytest.mark.parametrize(
    ("sound", "media"),
    [
        ("welcome", "sound:cc/welcome"),
        ("number-100-and", "sound:cc/number-100-and"),
        ("tone:ring", "tone:ring"),
        ("tone:450/1000,0/4000", ""),
        ("../../etc/passwd", ""),
        ("/etc/passwd", ""),
        ("a,sound:b", ""),
        ("sound:/etc/passwd", ""),
        ("recording:x", ""),
        ("", ""),
    ],
)
def test_given_a_sounds_name_then_it_can_only_be_one_of_ours(sound: str, media: str) -> None:
    assert media_uri(sound) == media


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("13800138000", "13800138000"),
        ("+8613800138000", "+8613800138000"),
        ("", ""),
        ('"王小明" <13800138000>', '"王小明" <13800138000>'),
        ("王小明 <138>", '"王小明" <138>'),
        ("王小明", '"王小明" <>'),
        ('a"b\r\nX-Evil: 1\x00 <1;y=2\r\n>', '"abX-Evil: 1" <1y2>'),
        ("1" * 200, "1" * 40),
    ],
)
def test_given_a_caller_id_from_outside_then_nothing_in_it_can_end_a_header(given: str, shown: str) -> None:
    assert caller_id(given) == shown


def test_given_auto_answer_then_the_phone_is_told_in_both_ways_that_phones_know() -> None:
    plain = headers(commands.Dial("l", "PJSIP/1", "1", "c7"))
    assert plain == {"PJSIP_HEADER(add,X-CC-Call)": "c7"}
    auto = headers(commands.Dial("l", "PJSIP/1", "1", "c7", auto_answer=True))
    assert "answer-after=0" in auto["PJSIP_HEADER(add,Call-Info)"] and len(auto) == 3


@pytest.mark.parametrize(
    ("endpoint", "dialled", "lines"),
    [
        ("PJSIP/+8613800138000@trunk-demo", "PJSIP/13800138000@trunk-demo", "demo"),
        ("PJSIP/+8657188880000@trunk-a-b", "PJSIP/057188880000@trunk-a-b", "a-b"),
        ("PJSIP/10086@trunk-demo", "PJSIP/10086@trunk-demo", "demo"),
        ("PJSIP/1001", "PJSIP/1001", None),
    ],
)
def test_given_a_number_over_a_trunk_then_it_is_dialled_as_one_dials_here_and_takes_one_of_its_lines(
    endpoint: str, dialled: str, lines: str | None
) -> None:
    assert as_dialled(endpoint) == dialled
    assert headers(commands.Dial("l1", endpoint, "", "c1")).get("GROUP(lines)") == lines
