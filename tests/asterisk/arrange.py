"""More queues, flows and called numbers than the demo has, with times that suit tests, put into the database of a running stack.

`arrange(stack)` from a test; the module itself is the script that runs with Django and the stack's environment.
"""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).parents[2]
NUMBERS = {  # called numbers by what they are for
    "choices": "4008009001",
    "hours": "4008009002",
    "late": "4008009003",
    "pin": "4008009004",
    "announced": "4008009005",
    "misses": "4008009006",
    "wrap-short": "4008009007",
    "wrap-long": "4008009008",
    "nobody": "4008009009",
    "early": "4008009010",
    "callbacks": "4008009011",
    "spot": "4008009012",
}
MEMBER, PIN = "80000006", "739164"  # a demo customer, with a PIN that is part of no other number


def arrange(stack: dict[str, Any], within: float = 30.0) -> dict[str, str]:
    """Puts everything there, once, and waits till the centre works by it. Returns the called numbers by name."""
    environment = {**os.environ, **stack["environment"]}
    command = [sys.executable, "-m", "tests.asterisk.arrange"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    deadline = time.monotonic() + within
    connection = psycopg2.connect(stack["database_url"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "select (select data->>'numbers' from calls_fact where type = 'ConfigApplied' order by seq desc limit 1)::int"
                " = (select count(*) from calls_number)"
            )
            if cursor.fetchone() == (True,):
                break
            assert time.monotonic() < deadline, "the centre does not apply the new configuration"
            time.sleep(0.05)
    connection.close()
    return NUMBERS


def main() -> None:
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from ccenter.acd import config as acd
    from ccenter.calls import models
    from crm.models import Customer
    from crm.pins import hashed

    queues: dict[str, dict[str, Any]] = {
        "t-misses": {"ring_seconds": 3, "max_misses": 2},
        "t-wrap-short": {"wrap_up_seconds": 0.5},
        "t-wrap-long": {"wrap_up_seconds": 600},
        "t-nobody": {"on_nobody": {"to": "voicemail", "mailbox": "direct"}},
        "t-callbacks": {"ring_seconds": 5},
        "t-announced": {"announce": True, "announce_after": 0.5, "announce_every": 60},
    }
    flows = [
        acd.Flow(
            "t-choices",
            "menu",
            {
                "menu": acd.MenuNode(("please-wait",), {"1": "right"}, timeout=1.0, tries=2, failed="given-up"),
                "right": acd.HangUpNode(("goodbye",)),
                "given-up": acd.HangUpNode(("too-many-tries",)),
            },
        ),
        acd.Flow(
            "t-hours",
            "always",
            {
                "always": acd.HoursNode("hotline", open="never", closed="wrong"),
                "never": acd.HoursNode("never", open="wrong", closed="today"),
                "today": acd.HoursNode("t-today", open="wrong", closed="wrong", holiday="greeting"),
                "greeting": acd.HangUpNode(("$holiday_prompt",)),
                "wrong": acd.HangUpNode(("technical-problem",)),
            },
        ),
        acd.Flow(
            "t-late",
            "look",
            {
                "look": acd.LookUpNode("order_status", "there", "none", {"number": "$ani"}, timeout=1.0, failed="late"),
                "there": acd.HangUpNode(("please-wait",)),
                "none": acd.HangUpNode(("goodbye",)),
                "late": acd.HangUpNode(("lookup-failed",)),
            },
        ),
        acd.Flow(
            "t-pin",
            "who",
            {
                "who": acd.SetNode({"member": MEMBER}, "pin"),
                "pin": acd.CollectNode(("enter-pin",), "pin", "check", 4, 8, sensitive=True),
                "check": acd.LookUpNode("member_pin", "right", "wrong", {"member": "$member", "pin": "$pin"}),
                "right": acd.HangUpNode(("member-welcome",)),
                "wrong": acd.SayNode(("pin-wrong",), "pin"),
            },
        ),
    ]
    targets: dict[str, acd.AnyTarget] = {
        "choices": acd.ToFlow("t-choices"),
        "hours": acd.ToFlow("t-hours"),
        "late": acd.ToFlow("t-late"),
        "pin": acd.ToFlow("t-pin"),
        "announced": acd.ToQueue("t-announced"),
        "misses": acd.ToQueue("t-misses"),
        "wrap-short": acd.ToQueue("t-wrap-short"),
        "wrap-long": acd.ToQueue("t-wrap-long"),
        "nobody": acd.ToQueue("t-nobody"),
        "early": acd.ToQueue("direct", priority=2),
        "callbacks": acd.ToQueue("t-callbacks"),
        "spot": acd.ToQueue("t-callbacks"),
    }
    with transaction.atomic():
        _make(models, queues, flows, targets)
        today = models.Calendar.objects.get_or_create(code="t-today")[0]
        for days in (-1, 0, 1):  # whatever the day is where the centre is
            day = (timezone.now() + timedelta(days=days)).date()
            models.Holiday.objects.get_or_create(calendar=today, day=day, defaults={"name": "test", "prompt": "please-wait"})
        Customer.objects.filter(number=MEMBER).update(pin=hashed(PIN), pin_misses=0, pin_locked_until=None)


def _make(models: Any, queues: dict[str, dict[str, Any]], flows: list[Any], targets: dict[str, Any]) -> None:
    import msgspec
    from django.utils import timezone

    groups = list(models.SeatGroup.objects.all())
    for code, row in queues.items():
        queue, new = models.Queue.objects.get_or_create(code=code, defaults={"wrap_up_seconds": 0, "announce": False, **row})
        if new:
            models.RecordingRule.objects.create(queue=queue, record=False)
            for group in groups:
                group.queues.add(queue)
    for definition in flows:
        flow = models.Flow.objects.get_or_create(code=definition.code)[0]
        live = {"definition": msgspec.to_builtins(definition), "state": "live", "published_at": timezone.now()}
        models.FlowVersion.objects.update_or_create(flow=flow, number=1, defaults=live)
    for name, target in targets.items():
        defaults = {"name": f"t-{name}", "target": msgspec.to_builtins(target)}
        models.Number.objects.get_or_create(number=NUMBERS[name], defaults=defaults)


if __name__ == "__main__":
    main()
