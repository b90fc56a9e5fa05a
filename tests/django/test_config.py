"""The configuration in the database: what it becomes for the core, and what the database refuses by itself."""

import datetime
import json
import select
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.acd import config as acd
from ccenter.calls import models, services
from ccenter.calls.selectors import is_blacklisted, load_config

pytestmark = pytest.mark.django_db


def queue(code: str = "sales", **fields: Any) -> models.Queue:
    return models.Queue.objects.create(code=code, **fields)


def agent(number: str, group: models.SeatGroup, **fields: Any) -> models.Agent:
    user = User.objects.create(username=f"u{number}")
    return models.Agent.objects.create(number=number, user=user, name="王芳", group=group, sip_password="a-long-secret", **fields)


@pytest.fixture
def group() -> models.SeatGroup:
    return models.SeatGroup.objects.create(code="care")


# -- what the core gets -----------------------------------------------------------------------------------------


def test_given_an_empty_database_when_loaded_then_the_defaults_of_the_core_hold() -> None:
    assert load_config() == acd.Config(settings=acd.Settings(node=load_config().settings.node))


def test_given_the_centres_seconds_when_loaded_then_the_core_has_them() -> None:
    wanted = {"ageing": 61.0, "rest_seconds": 11.0, "dial_seconds": 31.0, "wrap_up_seconds": 16.0, "away_seconds": 45.0}
    models.CentreSettings.objects.create(voicemail_seconds=90, **wanted)
    settings = load_config().settings
    assert {name: getattr(settings, name) for name in wanted} == wanted
    assert settings.voicemail_seconds == 90


def test_given_the_rules_of_who_is_called_back_when_loaded_then_the_core_has_them() -> None:
    sales = queue("sales")
    models.CentreSettings.objects.create(
        callback_queue=sales, owes=["asked"], zones={"+1": "America/New_York"}, needs_consent=["visit"], machine_calls=3
    )
    models.Number.objects.create(number="4001", target={"to": "callback"}, queue=sales, owes=[])
    models.Trunk.objects.create(code="on", addresses=["10.0.0.2"], kept=7)
    config = load_config()
    settings = config.settings
    assert (settings.callback_queue, settings.owes, settings.zones) == ("sales", ("asked",), {"+1": "America/New_York"})
    assert (settings.needs_consent, settings.machine_calls) == (("visit",), 3)
    assert (config.numbers["4001"].queue, config.numbers["4001"].owes) == ("sales", ())
    assert config.trunks["on"].kept == 7


def test_given_surge_attendants_when_loaded_then_those_switched_on_are_there_in_their_order() -> None:
    trunk = models.Trunk.objects.create(code="on", addresses=["10.0.0.2"])
    number = models.Number.objects.create(number="4001", target={"to": "callback"})
    models.Surge.objects.create(code="off", curve=[[0.5, 1]], enabled=False)
    models.Surge.objects.create(code="all", curve=[[0.9, 1]], position=2).trunks.add(trunk)
    fields = {"lines": 30, "every": 2.0, "exempt_priority": 2, "exempt_orders": True, "hysteresis": 0.1, "flow": "spot"}
    models.Surge.objects.create(code="spot", curve=[[0.5, 0.3], [0.8, 1.0]], position=1, **fields).numbers.add(number)
    surges = load_config().surges
    assert list(surges) == ["spot", "all"]
    assert surges["spot"] == acd.Surge(code="spot", curve=((0.5, 0.3), (0.8, 1.0)), numbers=("4001",), **fields)
    assert surges["all"].trunks == ("on",)


@pytest.mark.parametrize("curve", [[], [[0.5, 0.3], [0.5, 1]], [[0.5, 1.3]], [[0.9, 1], [0.1, 0]], "x", [[1]], None])
def test_given_a_curve_that_is_none_when_checked_then_it_is_refused_with_the_reason(curve: Any) -> None:
    with pytest.raises(ValidationError) as error:
        models.Surge(code="a", curve=curve).full_clean()
    assert "curve" in error.value.message_dict


def test_given_rules_that_name_what_is_not_there_when_checked_then_they_are_refused() -> None:
    for wrong in ({"calendar": "none"}, {"caller_id": "4009"}, {"mode": "shout"}, {"retries": {"busy": "soon"}}):
        with pytest.raises(ValidationError) as error:
            models.Queue(code="a", callbacks=wrong).full_clean()
        assert "callbacks" in error.value.message_dict
    with pytest.raises(ValidationError):
        models.CentreSettings(zones={"+1": "Moon/Dark_Side"}).full_clean()


def test_given_a_queue_with_every_field_when_loaded_then_the_core_has_every_field() -> None:
    calendar = models.Calendar.objects.create(code="office")
    skill = models.Skill.objects.create(code="english")
    wanted = acd.Queue(
        code="sales",
        name="订购",
        strategy="by_skill",
        skills={"english": 3},
        priority=2,
        ring_seconds=11,
        wrap_up_seconds=12,
        max_misses=3,
        ring_all_most=4,
        music="jazz",
        announce_after=13,
        announce_every=14,
        announce=False,
        keys={"1": acd.ToVoicemail("sales"), "*": acd.ToMenu()},
        max_wait=15,
        on_timeout=acd.ToQueue("other", priority=1),
        max_length=16,
        on_full=acd.ToCallback(),
        calendar="office",
        on_closed=acd.ToFlow("night", node="x"),
        on_nobody=acd.ToEnd("goodbye"),
        ask_last_agent=True,
        announce_agent=True,
        record=False,
        service_level_seconds=17,
        short_abandon_seconds=18,
        survey="rate",
        callbacks=acd.CallbackRules("progressive", first="caller", retries={"busy": (5.0,)}, calendar="office", detect=True),
    )
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    del fields["skills"], fields["record"]
    as_json = services.msgspec.to_builtins(fields)
    row = queue(**{**as_json, "calendar": calendar, "survey": models.Flow.objects.create(code="rate")})
    models.QueueSkill.objects.create(queue=row, skill=skill, level=3)
    models.RecordingRule.objects.create(queue=row, direction="in", record=False)
    assert load_config().queues == {"sales": wanted}


def test_given_rules_for_recording_when_loaded_then_a_queues_own_rule_comes_before_the_general_one() -> None:
    for direction, record in (("in", False), ("out", False), ("internal", True)):
        models.RecordingRule.objects.create(direction=direction, record=record)
    models.RecordingRule.objects.create(direction="in", record=True, queue=queue("own"))
    queue("plain")
    config = load_config()
    assert (config.queues["own"].record, config.queues["plain"].record) == (True, False)
    assert (config.settings.record_out, config.settings.record_internal) == (False, True)


def test_given_queues_of_the_group_and_of_the_agent_when_loaded_then_the_agent_works_in_all_of_them(
    group: models.SeatGroup,
) -> None:
    group.queues.add(queue("b"), queue("a"))
    someone = agent("1001", group)
    someone.queues.add(queue("c"), models.Queue.objects.get(code="a"))
    models.AgentSkill.objects.create(agent=someone, skill=models.Skill.objects.create(code="english"), level=7)
    assert load_config().agents == {"1001": acd.AgentConfig("1001", "王芳", "care", ("a", "b", "c"), {"english": 7})}


def test_given_what_is_switched_off_when_loaded_then_the_core_does_not_know_it(group: models.SeatGroup) -> None:
    agent("1001", group, active=False)
    models.Trunk.objects.create(code="off", addresses=["10.0.0.1"], enabled=False)
    models.Trunk.objects.create(code="on", addresses=["10.0.0.2"], prefixes=["010", "021"], caller_id="4008001001", node="ast2")
    flow = models.Flow.objects.create(code="main")
    models.FlowVersion.objects.create(flow=flow, number=1, definition={"code": "main", "start": "x", "nodes": {}})
    config = load_config()
    assert (config.agents, config.flows) == ({}, {})
    assert config.trunks == {"on": acd.Trunk("on", 30, True, ("010", "+8610", "021", "+8621"), "4008001001", "ast2")}


def test_given_hours_and_holidays_when_loaded_then_the_week_begins_on_monday() -> None:
    calendar = models.Calendar.objects.create(code="office")
    for weekday, start, end in ((0, 780, 1080), (0, 540, 720), (6, 0, 1440)):
        models.OpeningHours.objects.create(calendar=calendar, weekday=weekday, start=start, end=end)
    models.Holiday.objects.create(calendar=calendar, day=datetime.date(2026, 2, 17), name="春节", prompt="holiday")
    assert load_config().calendars["office"] == acd.Calendar(
        "office", (((540, 720), (780, 1080)), (), (), (), (), (), ((0, 1440),)), (acd.Holiday("2026-02-17", "春节", "holiday"),)
    )


def test_given_ten_times_as_much_when_loaded_then_no_more_queries_are_asked(group: models.SeatGroup) -> None:
    def fill(first: int, count: int) -> None:
        skill, _new = models.Skill.objects.get_or_create(code="x")
        for n in range(first, first + count):
            row = queue(f"q{n}")
            models.QueueSkill.objects.create(queue=row, skill=skill)
            group.queues.add(row)
            someone = agent(f"{1000 + n}", group)
            models.AgentSkill.objects.create(agent=someone, skill=skill)
            calendar = models.Calendar.objects.create(code=f"c{n}")
            models.OpeningHours.objects.create(calendar=calendar, weekday=0, start=0, end=1)
            models.Number.objects.create(number=f"400{n:04}", target={"to": "queue", "queue": f"q{n}"})

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            load_config()
        return len(asked)

    fill(0, 2)
    few = queries()
    fill(2, 20)
    assert queries() == few <= 17


def test_given_the_whole_configuration_when_it_crosses_a_process_then_it_is_the_same(group: models.SeatGroup) -> None:
    agent("1001", group)
    queue(keys={"1": {"to": "callback"}})
    config = load_config()
    packed = services.msgspec.json.encode(config)
    assert services.msgspec.json.decode(packed, type=acd.Config) == config


# -- it is told -------------------------------------------------------------------------------------------------


@pytest.fixture
def listener(transactional_db: None) -> Iterator[Any]:
    parameters = connection.get_connection_params()
    own = psycopg2.connect(
        **{name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    )
    own.autocommit = True
    own.cursor().execute("LISTEN config")
    yield own
    own.close()


def heard(listener: Any, within: float = 5.0) -> int:
    if select.select([listener], [], [], within)[0]:
        listener.poll()
    notes = len(listener.notifies)
    listener.notifies.clear()
    return notes


@pytest.mark.django_db(transaction=True)
def test_given_any_way_of_changing_when_committed_then_it_is_announced_once(listener: Any) -> None:
    with transaction.atomic():
        first = queue("a")
        queue("b")
        assert heard(listener, 0) == 0
    assert heard(listener) == 1
    models.Queue.objects.bulk_create([models.Queue(code="c")])
    assert heard(listener) == 1
    with transaction.atomic():
        first.groups.create(code="g")  # and a row of the table between
    assert heard(listener) == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE calls_queue SET priority = 3")
    assert heard(listener) == 1
    services.announce_config_change()
    assert heard(listener) == 1


@pytest.mark.django_db(transaction=True)
def test_given_a_change_that_is_rolled_back_then_nothing_is_announced(listener: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        queue("a")
        raise RuntimeError
    models.BlacklistEntry.objects.create(number="+8613800138000")  # not the core's matter
    assert heard(listener, 0.2) == 0


# -- what the database refuses ------------------------------------------------------------------------------------


def _hours(weekday: int, start: int, end: int) -> None:
    calendar, _new = models.Calendar.objects.get_or_create(code="office")
    models.OpeningHours.objects.create(calendar=calendar, weekday=weekday, start=start, end=end)


def _versions(*states: str) -> None:
    flow = models.Flow.objects.create(code="main")
    for number, state in enumerate(states):
        when = None if state == "draft" else timezone.now()
        models.FlowVersion.objects.create(flow=flow, number=number, definition={}, state=state, published_at=when)


def _callbacks(*states: str) -> None:
    now = timezone.now()
    for place, state in enumerate(states):
        closed = now if state == "CLOSED" else None
        row = {"id": f"k{place}", "number": "+8613800138000", "asked_at": now, "source": "asked"}
        models.CallbackEntry.objects.create(**row, state=state, closed_at=closed)


WRONG = {
    "a second row of settings": lambda: [models.CentreSettings.objects.create(id=n) for n in (1, 2)],
    "no time for a lost browser": lambda: models.CentreSettings.objects.create(away_seconds=0),
    "a lost browser waited for for ever": lambda: models.CentreSettings.objects.create(away_seconds=float("inf")),
    "a code with a space": lambda: queue("a b"),
    "the same code twice": lambda: [queue("a"), queue("a")],
    "no time to ring": lambda: queue(ring_seconds=0),
    "a wait below nothing": lambda: queue(max_wait=-1),
    "a target of no known kind": lambda: queue(on_full={"to": "moon"}),
    "a number's target without a kind": lambda: models.Number.objects.create(number="4001", target={"queue": "x"}),
    "letters in a called number": lambda: models.Number.objects.create(number="400a", target={"to": "callback"}),
    "hours that end before they begin": lambda: _hours(0, 600, 540),
    "an eighth day": lambda: _hours(7, 0, 1),
    "hours that overlap": lambda: [_hours(1, 540, 720), _hours(1, 700, 800)],
    "two live versions of a flow": lambda: _versions("live", "live"),
    "a trunk by address without one": lambda: models.Trunk.objects.create(code="a", kind="address"),
    "a trunk that registers nowhere": lambda: models.Trunk.objects.create(code="a", kind="register", username="u", secret="s"),
    "a host with a line break": lambda: models.Trunk.objects.create(code="a", addresses=["10.0.0.1"], host="a\nb"),
    "two gateways of one name": lambda: [
        models.Trunk.objects.create(code=c, kind="accept", username="u", secret="s") for c in ("a", "b")
    ],
    "two general rules for a direction": lambda: [models.RecordingRule.objects.create(direction="out") for _ in range(2)],
    "a queue's rule for outgoing calls": lambda: models.RecordingRule.objects.create(direction="out", queue=queue()),
    "two open callbacks of a number": lambda: _callbacks("WAITING", "LATER"),
    "a closed callback that is open": lambda: models.CallbackEntry.objects.create(
        id="k1", number="1", source="asked", asked_at=timezone.now(), state="CLOSED"
    ),
    "a reason for callbacks nobody knows": lambda: models.CentreSettings.objects.create(owes=["mood"]),
    "more lines kept than there are": lambda: models.Trunk.objects.create(code="a", addresses=["1.1.1.1"], capacity=2, kept=3),
    "a prompt named like a path": lambda: models.Prompt.objects.create(name="../x", audio="x.wav"),
    "an agent called Bob": lambda: agent("bob", models.SeatGroup.objects.create(code="g")),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_given_what_cannot_be_when_written_then_the_database_refuses(wrong: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        wrong()


def test_given_what_is_only_near_to_wrong_when_written_then_the_database_takes_it() -> None:
    for weekday, start, end in ((1, 540, 720), (1, 720, 800), (2, 540, 720), (6, 1400, 1440), (0, 0, 10)):
        _hours(weekday, start, end)
    _versions("retired", "live", "draft", "draft")
    _callbacks("CLOSED", "CLOSED", "WAITING")
    queue(on_full=None)


def test_given_a_target_of_the_wrong_shape_when_checked_then_it_says_what_is_wrong() -> None:
    with pytest.raises(ValidationError) as error:
        models.Number(number="4001", target={"to": "queue", "queue": 7}).full_clean()
    assert "queue" in str(error.value.message_dict["target"])


def test_given_secrets_when_dumped_then_they_are_not_in_the_dump(group: models.SeatGroup) -> None:
    agent("1001", group)
    models.Trunk.objects.create(code="a", kind="accept", username="u", secret="top-secret")
    dump = serializers.serialize("json", [*models.Agent.objects.all(), *models.Trunk.objects.all()])
    assert json.loads(dump)
    assert "top-secret" not in dump
    assert "a-long-secret" not in dump


def test_given_a_blacklist_when_asked_then_only_who_is_active_and_not_over_is_refused() -> None:
    past, future = (timezone.now() + datetime.timedelta(hours=h) for h in (-1, 1))
    rows = {"+861": {}, "+862": {"active": False}, "+863": {"until": past}, "+864": {"until": future}}
    for number, fields in rows.items():
        models.BlacklistEntry.objects.create(number=number, **fields)
    assert [is_blacklisted(number) for number in rows] == [True, False, False, True]


def test_given_a_number_in_any_form_when_refused_then_calls_from_it_are_and_it_stands_there_once() -> None:
    for written in ("013800138000", "+86 138 0013 8000"):
        services.refuse_caller(written, "骚扰")
    assert is_blacklisted("+8613800138000")
    assert models.BlacklistEntry.objects.count() == 1
    with pytest.raises(ValidationError):
        services.refuse_caller("anonymous", "")


def test_given_a_seats_mobile_number_when_checked_then_it_can_be_called_or_is_refused(group: models.SeatGroup) -> None:
    someone = agent("1001", group, mobile="138 0013 8000")
    someone.clean()
    assert someone.mobile == "+8613800138000"
    someone.mobile = "1380013"
    with pytest.raises(ValidationError):
        someone.clean()
