"""The trunks' channels on record: who has which since when, for whom that is to be seen, and what the feed tells of it.

1001 is of "floor", which lena leads; 2001 of "other", which otto leads. The trunk "demo" carries c1 (1001's, and 1001's own mobile
phone), c2 (a call 1001 makes) and c3 (2001's); "spare" nothing.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from ccenter.acd import facts
from ccenter.acd.facts import TrunkFreed, TrunkTaken

pytestmark = pytest.mark.django_db

AT = 1_800_000_000.0
CALLER, CALLED, MOBILE = "+8613800138000", "+8613900139000", "+8613700137000"
STORY: list[facts.Fact] = [
    facts.CallStarted(1, AT, "c1", "ast1-1.0", "in", CALLER, "4001", "demo"),
    TrunkTaken(2, AT, "c1", "", "ast1-1.0", "demo", "in", "013800138000"),
    TrunkTaken(3, AT + 1, "c1", "1001", "ast1-l1", "demo", "out", MOBILE),
    facts.CallConnected(4, AT + 2, "c1", "1001", "sales", 1.0, 1.0),
    facts.CallStarted(5, AT + 3, "c2", "ast1-l2", "out", "1001", CALLED, "", agent="1001"),
    TrunkTaken(6, AT + 4, "c2", "", "ast1-l3", "demo", "out", CALLED),
    facts.CallStarted(7, AT + 5, "c3", "ast1-3.0", "in", CALLER, "4001", "demo"),
    TrunkTaken(8, AT + 5, "c3", "", "ast1-3.0", "demo", "in", "anonymous"),
    facts.CallConnected(9, AT + 6, "c3", "2001", "other", 1.0, 1.0),
]


def tell(*told: facts.Fact) -> None:
    from ccenter.calls.models import RecorderPosition
    from ccenter.calls.recorder import parse, store

    store([parse(msgspec.json.encode(fact)) for fact in told])
    RecorderPosition.objects.update_or_create(id=1, defaults={"seq": told[-1].seq})


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    from ccenter.calls.models import Trunk
    from tests.django.people import client, group, person

    for code in ("demo", "spare"):
        Trunk.objects.create(code=code, kind="address", addresses=["192.0.2.1"], capacity=30)
    group("other")
    team = {"alice": ("agent", "1001", "floor"), "mallory": ("agent", "2001", "other")}
    team |= {"lena": ("lead", "", "floor"), "otto": ("lead", "", "other"), "root": ("admin", "", "floor")}
    found = {name: client(person(name, role, seat, group)) for name, (role, seat, group) in team.items()}
    tell(*STORY)
    return found


def trunks(client: Any) -> dict[str, Any]:
    return {trunk["trunk"]: trunk for trunk in client.get("/api/trunks/").json()}


def floor(client: Any) -> dict[str, Any]:
    return {trunk["code"]: trunk for trunk in client.get("/api/live/").json()["trunks"]}


SEEN = {
    "lena": {"ast1-1.0", "ast1-l1", "ast1-l3"},
    "otto": {"ast1-3.0"},
    "root": {"ast1-1.0", "ast1-l1", "ast1-l3", "ast1-3.0"},
}


def test_given_two_teams_on_a_trunk_when_their_leads_look_then_each_sees_how_full_it_is_and_who_of_theirs_is_on_it(
    people: dict[str, Any],
) -> None:
    for name, legs in SEEN.items():
        for found in (trunks(people[name]), floor(people[name])):
            assert (found["demo"]["in_use"], found["spare"]["in_use"], found["spare"]["channels"]) == (4, 0, []), name
            assert {channel["leg"] for channel in found["demo"]["channels"]} == legs, name


def test_given_channels_in_use_when_a_lead_looks_then_each_tells_since_when_which_way_and_for_whom(
    people: dict[str, Any],
) -> None:
    channels = {channel["leg"]: channel for channel in trunks(people["lena"])["demo"]["channels"]}
    came_in, phone, dialled = channels["ast1-1.0"], channels["ast1-l1"], channels["ast1-l3"]
    assert (came_in["direction"], came_in["call"], came_in["agent"], came_in["number"]["text"]) == ("in", "c1", "", "13800138000")
    assert (phone["direction"], phone["call"], phone["agent"], phone["number"]["text"]) == ("out", "c1", "1001", "13700137000")
    assert (dialled["direction"], dialled["call"], dialled["number"]["text"]) == ("out", "c2", "13900139000")
    assert datetime.fromisoformat(dialled["since"]).timestamp() == AT + 4
    live = {channel["leg"]: channel for channel in floor(people["lena"])["demo"]["channels"]}
    for leg, channel in channels.items():
        assert datetime.fromisoformat(live[leg].pop("since")) == datetime.fromisoformat(channel.pop("since"))
        assert live[leg] == {**channel, "number": channel["number"]["text"]}
    withheld = trunks(people["otto"])["demo"]["channels"][0]
    assert withheld["number"] == {"text": "", "token": ""}


def test_given_a_channels_token_when_dialled_then_it_is_its_number_for_who_was_shown_it_alone(people: dict[str, Any]) -> None:
    from django.contrib.auth.models import User

    from ccenter.calls.tokens import BadToken, number_of

    token = trunks(people["lena"])["demo"]["channels"][1]["number"]["token"]
    assert number_of(token, User.objects.get(username="lena")) == "13700137000"
    with pytest.raises(BadToken):
        number_of(token, User.objects.get(username="otto"))


def test_given_calls_that_ended_when_their_lines_are_gone_too_then_the_channels_are_free(people: dict[str, Any]) -> None:
    tell(facts.CallEnded(10, AT + 9, "c1", "ANSWERED", "agent", 16, "CONNECTED", agent="1001"))
    assert trunks(people["lena"])["demo"]["in_use"] == 4  # the switch has not said that they are
    tell(TrunkFreed(11, AT + 9, "ast1-l1", "demo"), TrunkFreed(12, AT + 9, "ast1-1.0", "demo"))
    assert {channel["leg"] for channel in trunks(people["root"])["demo"]["channels"]} == {"ast1-l3", "ast1-3.0"}
    tell(TrunkFreed(13, AT + 9, "ast1-unknown", "demo"))
    assert floor(people["root"])["demo"]["in_use"] == 2


SCOPES = ("alice", "mallory", "lena", "otto", "root")


def scope(name: str) -> Any:
    from django.contrib.auth.models import User

    from ccenter.calls.rights import scope_of

    return scope_of(User.objects.get(username=name))


def test_given_the_feed_when_channels_are_taken_and_freed_then_each_lead_can_count_and_nobody_learns_of_others_calls(
    people: dict[str, Any],
) -> None:
    from ccenter.calls.telling import read, seen

    tell(TrunkFreed(10, AT + 9, "ast1-1.0", "demo"))
    facts_of = {name: [msgspec.json.decode(text) for one in read(0, 100) if (text := seen(one, scope(name)))] for name in SCOPES}

    def taken(name: str) -> dict[str, set[str]]:
        return {fact["leg"]: set(fact) for fact in facts_of[name] if fact["type"] == "TrunkTaken"}

    whole = {"seq", "at", "type", "call", "leg", "trunk", "direction", "number"}
    less = {"seq", "at", "type", "leg", "trunk"}
    # c1 came in before it was anybody's: then it is a channel like any other
    assert taken("lena") == {"ast1-1.0": less, "ast1-l1": whole | {"agent"}, "ast1-l3": whole, "ast1-3.0": less}
    assert taken("otto") == {"ast1-1.0": less, "ast1-l1": less, "ast1-l3": less, "ast1-3.0": less}
    assert taken("mallory") == {}
    assert {name for name, facts in facts_of.items() if any(fact["type"] == "TrunkFreed" for fact in facts)} == {
        "lena", "otto", "root",
    }  # fmt: skip
    assert [fact["number"] for fact in facts_of["alice"] if fact["type"] == "TrunkTaken"] == [
        "137****7000", "139****9000",
    ]  # fmt: skip


def test_given_channels_on_record_when_they_are_too_old_then_they_are_deleted_with_their_numbers(
    people: dict[str, Any], settings: Any
) -> None:
    from ccenter.calls.models import TrunkChannel
    from ccenter.calls.tasks import keep_retention

    now, long_ago = timezone.now(), timezone.now() - timedelta(days=settings.KEEP_RECORD_DAYS + 1)
    TrunkChannel.objects.update(started_at=now)
    TrunkChannel.objects.filter(leg="ast1-1.0").update(started_at=long_ago)
    keep_retention()
    assert not TrunkChannel.objects.filter(leg="ast1-1.0").exists()
    assert TrunkChannel.objects.count() == 3
