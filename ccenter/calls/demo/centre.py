"""The demo's queues, hours, numbers and rules."""

import os
from datetime import date, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction

from ccenter.acd.config import AnyTarget, ToCallback, ToFlow, ToMenu, ToQueue, ToVoicemail
from ccenter.calls import models, services
from ccenter.calls.demo.flows import FLOWS, SURVEY

WAYS_OUT: dict[str, AnyTarget] = {"1": ToVoicemail("service"), "2": ToCallback(), "*": ToMenu()}
SKILLS = {"order": "订购", "service": "客服", "complaint": "投诉处理", "english": "英语", "vip": "贵宾服务"}

# The company's queues: code -> name, needed skill, fields.
QUEUES: dict[str, tuple[str, dict[str, int], dict[str, Any]]] = {
    "orders": ("订购", {"order": 1}, {"priority": 1, "wrap_up_seconds": 20, "keys": WAYS_OUT}),
    "service": ("客服", {"service": 1}, {"keys": WAYS_OUT, "announce_agent": True}),
    "complaints": (
        "投诉",
        {"complaint": 1},
        {"strategy": "by_skill", "wrap_up_seconds": 60, "keys": WAYS_OUT, "max_wait": 300, "on_timeout": ToQueue("service")},
    ),
    "english": ("English", {"english": 1}, {"strategy": "by_skill", "keys": WAYS_OUT}),
    "vip": (
        "贵宾",
        {"vip": 1},
        {"strategy": "by_skill", "priority": 3, "ask_last_agent": True, "max_wait": 60, "on_timeout": ToQueue("service")},
    ),
}
_PLAIN: dict[str, Any] = {"wrap_up_seconds": 0, "announce": False}
# Queues of the tests and benchmarks; every agent is in them.
TEST_QUEUES: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "direct": ({}, {}),
    "recorded": ({}, {}),
    "ringall": ({}, {"strategy": "ring_all"}),
    "roundrobin": ({}, {"strategy": "round_robin"}),
    "fewest": ({}, {"strategy": "fewest_calls"}),
    "byskill": ({"order": 1}, {"strategy": "by_skill"}),
    "lastagent": ({}, {"ask_last_agent": True}),
    "closed": ({}, {"on_closed": ToFlow("night")}),
    "full": ({}, {"max_length": 1, "on_full": ToQueue("direct")}),
    "timeout": ({}, {"max_wait": 3, "on_timeout": ToVoicemail("timeout")}),
    "waiting": ({}, {"announce": True, "announce_after": 1, "announce_every": 8, "keys": WAYS_OUT}),
}
NUMBERS: dict[str, tuple[str, AnyTarget]] = {
    "direct": ("4008001001", ToQueue("direct")),
    "recorded": ("4008001002", ToQueue("recorded")),
    "menu": ("4008001003", ToFlow("main")),
    "english": ("4008001004", ToFlow("main-en")),
    "ringall": ("4008001005", ToQueue("ringall")),
    "roundrobin": ("4008001006", ToQueue("roundrobin")),
    "fewest": ("4008001007", ToQueue("fewest")),
    "byskill": ("4008001008", ToQueue("byskill")),
    "voicemail": ("4008001009", ToVoicemail("service")),
    "callback": ("4008001010", ToCallback()),
    "closed": ("4008001011", ToQueue("closed")),
    "full": ("4008001012", ToQueue("full")),
    "timeout": ("4008001013", ToQueue("timeout")),
    "lastagent": ("4008001014", ToFlow("lastagent")),
    "member": ("4008001015", ToFlow("member")),
    "card": ("4008001016", ToFlow("card")),
    "survey_back": ("4008001017", ToFlow("survey-back")),
    "waiting": ("4008001018", ToFlow("waiting")),
    "night": ("4008001019", ToFlow("night")),
    "vip": ("4008001020", ToQueue("vip", priority=5)),
}
STATIONS = ("家有好物频道", "都市生活频道", "影视剧场频道", "新闻综合频道", "旅游卫视频道", "健康时尚频道")
REASONS = (
    ("break", "小休", "Break", False),
    ("meal", "用餐", "Meal", False),
    ("training", "培训", "Training", True),
    ("meeting", "会议", "Meeting", True),
    ("paperwork", "后续处理", "Paperwork", True),
    ("missed", "未接来电", "Missed calls", False),
)
# Days off as announced for 2026; for 2027 those the law names. First day, number of days.
HOLIDAYS = (
    ("元旦", date(2026, 1, 1), 3),
    ("春节", date(2026, 2, 15), 9),
    ("清明节", date(2026, 4, 4), 3),
    ("劳动节", date(2026, 5, 1), 5),
    ("端午节", date(2026, 6, 19), 3),
    ("中秋节", date(2026, 9, 25), 3),
    ("国庆节", date(2026, 10, 1), 7),
    ("元旦", date(2027, 1, 1), 1),
    ("春节", date(2027, 2, 5), 4),
    ("清明节", date(2027, 4, 5), 1),
    ("劳动节", date(2027, 5, 1), 2),
    ("端午节", date(2027, 6, 9), 1),
    ("中秋节", date(2027, 9, 15), 1),
    ("国庆节", date(2027, 10, 1), 3),
)
# Calendar -> opening hours of each weekday. "never" is what its name says, whatever the time of a test.
CALENDARS: dict[str, tuple[str, tuple[int, int] | None]] = {
    "hotline": ("全天候", (0, 1440)),
    "office": ("工作时间", (9 * 60, 21 * 60)),
    "never": ("从不开放", None),
}


@transaction.atomic
def fill() -> dict[str, str]:
    """Everything but people. Returns the called numbers by name."""
    models.CentreSettings.objects.get_or_create(
        defaults={"name": "乐享电视购物", "default_target": {"to": "flow", "flow": "main"}}
    )
    _calendars()
    for code, name in SKILLS.items():
        models.Skill.objects.get_or_create(code=code, defaults={"name": name})
    _queues()
    for place, (code, zh, en, productive) in enumerate(REASONS):
        row = {"name_zh": zh, "name_en": en, "productive": productive, "position": place}
        models.ReasonCode.objects.get_or_create(code=code, defaults=row)
    _rules()
    _flows()
    models.Trunk.objects.get_or_create(
        code="demo",
        defaults={
            "name": "演示中继",
            "kind": "address",
            "addresses": ["127.0.0.1"],
            "host": "127.0.0.1",
            "port": int(os.environ.get("CC_SIP_PORT", "5056")) + 4,  # where a stack expects its carrier to be played
            "capacity": 300,
            "caller_id": "4008001001",
            "node": settings.NODE,
        },
    )
    return _numbers()


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _calendars() -> None:
    for code, (name, hours) in CALENDARS.items():
        calendar, new = models.Calendar.objects.get_or_create(code=code, defaults={"name": name})
        if new and hours:
            models.OpeningHours.objects.bulk_create(
                models.OpeningHours(calendar=calendar, weekday=day, start=hours[0], end=hours[1]) for day in range(7)
            )
        if new and code == "office":
            models.Holiday.objects.bulk_create(
                models.Holiday(calendar=calendar, day=first + timedelta(days=n), name=name, prompt="holiday")
                for name, first, days in HOLIDAYS
                for n in range(days)
            )


def _queues() -> None:
    rows = QUEUES | {code: (code, skills, _PLAIN | row) for code, (skills, row) in TEST_QUEUES.items()}
    calendars = {"closed": "never", "complaints": "office"}
    there = set(models.Queue.objects.values_list("code", flat=True))
    for code, (name, skills, row) in rows.items():
        if code in there:
            continue
        calendar = models.Calendar.objects.get(code=calendars[code]) if code in calendars else None
        queue = models.Queue.objects.create(code=code, name=name, calendar=calendar, **_plain(row))
        for skill, level in skills.items():
            models.QueueSkill.objects.create(queue=queue, skill=models.Skill.objects.get(code=skill), level=level)
    models.Queue.objects.filter(code="complaints", on_closed=None).update(on_closed=_plain(ToFlow("night")))


def _rules() -> None:
    for direction, record in (("in", True), ("out", True), ("internal", False)):
        models.RecordingRule.objects.get_or_create(direction=direction, queue=None, defaults={"record": record})
    for queue in models.Queue.objects.filter(code__in=set(TEST_QUEUES) - {"recorded"}):
        models.RecordingRule.objects.get_or_create(direction="in", queue=queue, defaults={"record": False})


def _flows() -> None:
    there = set(models.Flow.objects.values_list("code", flat=True))
    for definition, name in FLOWS:
        if definition.code not in there:
            flow = models.Flow.objects.create(code=definition.code, name=name)
            services.publish_flow(services.save_draft(flow, _plain(definition)))
            if definition is SURVEY:
                models.Queue.objects.filter(code="complaints", survey=None).update(survey=flow)


def _numbers() -> dict[str, str]:
    rows = [
        models.Number(number=number, name=name, target=_plain(target), language="en" if name == "english" else "zh")
        for name, (number, target) in NUMBERS.items()
    ]
    stations = [
        models.Number(number=str(4008002001 + n), name=f"tv{n + 1}", target=_plain(ToFlow("main")), label=station)
        for n, station in enumerate(STATIONS)
    ]
    models.Number.objects.bulk_create(rows + stations, ignore_conflicts=True)
    return {row.name: row.number for row in rows + stations}
