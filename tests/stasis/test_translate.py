"""Asterisk's own messages, as recorded from Asterisk 22, in the core's words."""

from typing import Any

import msgspec
import pytest

from ccenter.acd import events
from ccenter.stasis.messages import Channel, Message
from ccenter.stasis.translate import RULES, adopt, endpoint_of, translate

STAMP = {"timestamp": "2026-11-22T01:43:47.115+0000", "asterisk_id": "02:fc:00:00:00:01", "application": "ccenter"}


def channel(ident: str = "ast1-1795311827.0", **changes: Any) -> dict[str, Any]:
    return {
        "id": ident,
        "name": "PJSIP/trunk-demo-00000000",
        "state": "Ring",
        "protocol_id": "82dd1eca2589ce28@tests",
        "caller": {"name": "", "number": "13800138000"},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {
            "context": "from-trunk",
            "exten": "4001",
            "priority": 7,
            "app_name": "Stasis",
            "app_data": "ccenter,inbound,4001,demo",
        },
        "creationtime": "2026-11-22T01:43:47.112+0000",
        "language": "zh",
        "channelvars": {"TRUNK": "demo", "CC_VERDICT": "pass"},
        **changes,
    }


def said(type_: str, **fields: Any) -> Message:
    """As it comes over the wire."""
    return msgspec.json.decode(msgspec.json.encode({"type": type_, **STAMP, **fields}), type=Message)


LEG = "ast1-1795311827.0"


@pytest.mark.parametrize(
    ("number", "ani"), [("13800138000", "+8613800138000"), ("", ""), ("anonymous", ""), ("8001", "8001"), ("9" * 40, "9" * 40)]
)
def test_given_a_call_from_a_trunk_when_it_enters_then_it_is_offered_with_its_number_in_one_form(number: str, ani: str) -> None:
    live: dict[str, int] = {}
    entered = said("StasisStart", args=["inbound", "4001", "demo"], channel=channel(caller={"name": "x", "number": number}))
    offered = translate(entered, live)
    assert offered == events.CallOffered(LEG, ani, "4001", "demo", "PJSIP/trunk-demo-00000000", "x")
    assert live == {LEG: 0}
    assert translate(entered, live) is None, "told twice"


def test_given_a_seat_that_dials_then_its_endpoint_is_its_channels() -> None:
    entered = said("StasisStart", args=["seat", "1002"], channel=channel(name="PJSIP/1001-0000002a"))
    assert translate(entered, {}) == events.SeatDialled(LEG, "PJSIP/1001", "1002", "PJSIP/1001-0000002a")


def test_given_a_dialled_leg_when_it_rings_and_answers_then_both_are_told() -> None:
    live = {"ast1-l1": 0}
    ringing = said("ChannelStateChange", channel=channel("ast1-l1", state="Ringing"))
    assert translate(ringing, live) == events.LegRinging("ast1-l1")
    up = said("ChannelStateChange", channel=channel("ast1-l1", state="Up"))
    assert translate(up, live) is None
    entered = said("StasisStart", args=["dialled", "ast1-l1"], channel=channel("ast1-l1", name="PJSIP/1001-00000001", state="Up"))
    assert translate(entered, live) == events.LegAnswered("ast1-l1", "PJSIP/1001-00000001")


@pytest.mark.parametrize(
    ("request_", "cause"),
    [
        ({"cause": 16}, 16),  # BYE with a Reason
        ({}, 16),  # BYE without
        ({"cause": 127, "tech_cause": 487}, 16),  # CANCEL
        ({"cause": 32, "soft": True}, 16),  # our own DELETE: the "cause" is Asterisk's flag
        ({"cause": 1, "soft": True}, 44),  # no RTP for rtp_timeout
        ({"cause": 4, "soft": True}, 38),  # Asterisk is stopped
        ({"cause": 64, "soft": True}, 16),
        ({"cause": 41}, 41),
    ],
)
def test_given_an_answered_leg_when_it_is_hung_up_then_it_ends_once_with_the_cause_that_was_asked(
    request_: dict[str, Any], cause: int
) -> None:
    live = {LEG: 0}
    gone = channel(state="Up")
    assert translate(said("ChannelHangupRequest", channel=gone, **request_), live) is None
    translate(said("ChannelHangupRequest", channel=gone, cause=16, soft=True), live)  # Asterisk asks again on its way out
    assert translate(said("StasisEnd", channel=gone), live) == events.LegEnded(LEG, cause)
    assert translate(said("ChannelDestroyed", channel=gone, cause=0, cause_txt="Unknown"), live) is None
    assert live == {}


def test_given_a_phone_that_is_busy_then_its_leg_ends_with_the_networks_cause() -> None:
    live = {"ast1-l6": 0}
    gone = channel("ast1-l6", state="Down")
    translate(said("ChannelHangupRequest", channel=gone, cause=17, tech_cause=486), live)
    destroyed = said("ChannelDestroyed", channel=gone, cause=17, cause_txt="User busy", tech_cause=486)
    assert translate(destroyed, live) == events.LegEnded("ast1-l6", 17)


def test_given_keys_and_holds_then_only_those_of_legs_that_live_are_told() -> None:
    live = {LEG: 0}
    assert translate(said("ChannelDtmfReceived", digit="5", duration_ms=100, channel=channel()), live) == events.KeyPressed(
        LEG, "5"
    )
    assert translate(said("ChannelHold", musicclass="default", channel=channel()), live) == events.LegHeld(LEG, True)
    assert translate(said("ChannelUnhold", channel=channel()), live) == events.LegHeld(LEG, False)
    assert translate(said("ChannelDtmfReceived", digit="5", channel=channel("other")), live) is None
    assert translate(said("ChannelHold", channel=channel("other")), live) is None


@pytest.mark.parametrize(("state", "failed"), [("done", False), ("failed", True)])
def test_given_a_playback_that_ends_then_its_leg_is_told(state: str, failed: bool) -> None:
    playback = {"id": "ast1-p1", "media_uri": "sound:cc/x", "target_uri": f"channel:{LEG}", "language": "zh", "state": state}
    assert translate(said("PlaybackFinished", playback=playback), {}) == events.PlayEnded(LEG, "ast1-p1", failed)


def test_given_a_playback_that_a_hang_up_ended_then_nothing_comes_of_it() -> None:
    live = {LEG: 0}
    translate(said("ChannelHangupRequest", channel=channel()), live)
    playback = {"id": "ast1-p1", "media_uri": "sound:cc/x", "target_uri": f"channel:{LEG}", "language": "zh", "state": "failed"}
    assert translate(said("PlaybackFinished", playback=playback), live) is None


def test_given_a_message_that_ends_then_its_length_is_told_in_seconds() -> None:
    recording = {
        "name": "voicemail/ast1-m1",
        "format": "wav",
        "state": "done",
        "target_uri": f"channel:{LEG}",
        "duration": 7,
        "talking_duration": 6,
        "silence_duration": 1,
    }
    assert translate(said("RecordingFinished", recording=recording), {}) == events.MessageRecorded(LEG, "ast1-m1", 7.0)
    failed = {"name": "voicemail/ast1-m1", "format": "wav", "state": "failed", "target_uri": f"channel:{LEG}", "cause": "x"}
    assert translate(said("RecordingFailed", recording=failed), {}) == events.MessageRecorded(LEG, "ast1-m1", 0.0, True)


@pytest.mark.parametrize("kind", [*RULES, "ChannelVarset", "SomethingNew"])
def test_given_a_message_without_its_parts_then_nothing_is_told_and_nothing_breaks(kind: str) -> None:
    assert translate(said(kind), {}) is None


def test_given_a_channel_of_before_when_adopted_then_it_is_offered_as_if_it_came_now() -> None:
    live: dict[str, int] = {}
    found = msgspec.convert(channel(state="Up"), Channel)
    adopted = adopt(found, live)
    assert isinstance(adopted, events.CallOffered) and (adopted.dnis, adopted.trunk) == ("4001", "demo")
    assert translate(said("StasisStart", args=["inbound", "4001", "demo"], channel=channel()), live) is None


def test_given_a_channel_name_then_its_endpoint_keeps_its_own_dashes() -> None:
    assert endpoint_of("PJSIP/trunk-demo-0000000f") == "PJSIP/trunk-demo"


@pytest.mark.parametrize(
    ("status", "cause", "by"),
    [
        ("HUMAN", "HUMAN-800-800", "human"),
        ("PERSON", "HUMAN-800-800", "human"),
        ("MACHINE", "LONGGREETING-1520-1500", "machine"),
        ("MACHINE", "MAXWORDS-5-4", "machine"),
        ("MACHINE", "INITIALSILENCE-3420-3400", "unknown"),
        ("NOTSURE", "TOOLONG-3500", "unknown"),
        ("HANGUP", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_given_what_asterisk_found_out_about_who_answered_then_only_a_voice_makes_a_machine(
    status: str, cause: str, by: str
) -> None:
    live: dict[str, int] = {}
    snoop = channel("ast1-l7-amd")
    judged = said("StasisStart", args=["judged", status, cause], channel=snoop)
    assert translate(judged, live) == events.AnswerJudged("ast1-l7", by)  # type: ignore[arg-type]
    for way in (said("StasisStart", args=["judge", "ast1-l7"], channel=snoop), said("StasisEnd", channel=snoop)):
        assert translate(way, live) is None
    assert translate(said("ChannelDestroyed", channel=snoop, cause=16), live) is None and live == {}, "a snoop is no leg"


def test_given_a_leg_that_is_to_be_judged_when_answered_then_it_is_answered_like_any_other() -> None:
    entered = said("StasisStart", args=["dialled", "ast1-l7", "detect"], channel=channel("ast1-l7"))
    assert translate(entered, {"ast1-l7": 0}) == events.LegAnswered("ast1-l7", "PJSIP/trunk-demo-00000000")
