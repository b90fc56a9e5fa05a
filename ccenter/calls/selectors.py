"""Reads of the centre's configuration. Reads of its record are in `history`."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
import phonenumbers
from django.conf import settings as django_settings
from django.utils import timezone

from ccenter.acd import config as acd
from ccenter.calls import models
from ccenter.calls.numbers import normalise


def load_config() -> acd.Config:
    """The whole configuration as the core takes it, in a fixed number of queries whatever its size.

    Inactive agents, disabled trunks and flows without a live version are not in it. Raises msgspec.ValidationError
    when a table holds what the core's types cannot (only raw SQL can bring that about).
    """
    centre = models.CentreSettings.objects.first() or models.CentreSettings()
    rules = {(r.direction, r.queue_id): r.record for r in models.RecordingRule.objects.all()}
    queue_codes = dict(models.Queue.objects.values_list("id", "code"))
    return acd.Config(
        settings=acd.Settings(
            language=str(centre.language),
            time_zone=django_settings.TIME_ZONE,
            ageing=centre.ageing,
            rest_seconds=centre.rest_seconds,
            wrap_up_seconds=centre.wrap_up_seconds,
            dial_seconds=centre.dial_seconds,
            away_seconds=centre.away_seconds,
            record_out=rules.get(("out", None), True),
            record_internal=rules.get(("internal", None), False),
            default_target=_target(centre.default_target),
            voicemail_seconds=centre.voicemail_seconds,
            node=django_settings.NODE,
            callback_queue=queue_codes.get(centre.callback_queue_id, ""),
            owes=tuple(centre.owes),
            zones=dict(centre.zones),
            needs_consent=tuple(centre.needs_consent),
            machine_calls=centre.machine_calls,
        ),
        queues=_queues(rules),
        agents=_agents(queue_codes),
        flows=_flows(),
        numbers={
            n.number: acd.Number(
                n.number,
                _need(n.target),
                n.language,
                n.priority,
                n.label,
                n.record,
                queue_codes.get(n.queue_id, ""),
                None if n.owes is None else tuple(n.owes),
            )
            for n in models.Number.objects.all()
        },
        trunks={
            t.code: acd.Trunk(t.code, t.capacity, t.outbound, both_ways(t.prefixes), t.caller_id, t.node, t.kept)
            for t in models.Trunk.objects.filter(enabled=True).defer("secret")
        },
        calendars=calendars(),
        surges=_surges(),
    )


def _queues(rules: dict[tuple[str, int | None], bool]) -> dict[str, acd.Queue]:
    skills = _levels(models.QueueSkill.objects.values_list("queue_id", "skill__code", "level"))
    recorded = rules.get(("in", None), True)
    return {
        q.code: acd.Queue(
            code=q.code,
            name=q.name,
            strategy=msgspec.convert(q.strategy, acd.Strategy),
            skills=skills[q.pk],
            priority=q.priority,
            ring_seconds=q.ring_seconds,
            wrap_up_seconds=q.wrap_up_seconds,
            max_misses=q.max_misses,
            ring_all_most=q.ring_all_most,
            music=q.music,
            announce_after=q.announce_after,
            announce_every=q.announce_every,
            announce=q.announce,
            keys=msgspec.convert(q.keys, dict[str, acd.AnyTarget]),
            max_wait=q.max_wait,
            on_timeout=_target(q.on_timeout),
            max_length=q.max_length,
            on_full=_target(q.on_full),
            calendar=q.calendar.code if q.calendar else None,
            on_closed=_target(q.on_closed),
            on_nobody=_target(q.on_nobody),
            ask_last_agent=q.ask_last_agent,
            announce_agent=q.announce_agent,
            record=rules.get(("in", q.pk), recorded),
            service_level_seconds=q.service_level_seconds,
            short_abandon_seconds=q.short_abandon_seconds,
            survey=q.survey.code if q.survey else "",
            callbacks=msgspec.convert(q.callbacks, acd.CallbackRules),
        )
        for q in models.Queue.objects.select_related("calendar", "survey")
    }


def _agents(queue_codes: dict[int, str]) -> dict[str, acd.AgentConfig]:
    skills = _levels(models.AgentSkill.objects.values_list("agent_id", "skill__code", "level"))
    of_group: dict[int, set[str]] = defaultdict(set)
    for group, queue in models.SeatGroup.queues.through.objects.values_list("seatgroup_id", "queue_id"):
        of_group[group].add(queue_codes[queue])
    own: dict[int, set[str]] = defaultdict(set)
    for agent, queue in models.Agent.queues.through.objects.values_list("agent_id", "queue_id"):
        own[agent].add(queue_codes[queue])
    rows = models.Agent.objects.filter(active=True).values_list("id", "number", "name", "group_id", "group__code")
    return {
        number: acd.AgentConfig(number, name, group_code, tuple(sorted(of_group[group] | own[pk])), skills[pk])
        for pk, number, name, group, group_code in rows
    }


def _flows() -> dict[str, acd.Flow]:
    live = models.FlowVersion.objects.filter(state="live").values_list("flow__code", "definition")
    return {code: msgspec.convert({**definition, "code": code}, acd.Flow) for code, definition in live}


def calendars() -> dict[str, acd.Calendar]:
    """By code. Three queries."""
    found = {}
    for calendar in models.Calendar.objects.prefetch_related("hours", "holidays"):
        week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        for span in calendar.hours.all():
            week[span.weekday].append((span.start, span.end))
        found[calendar.code] = acd.Calendar(
            calendar.code,
            tuple(tuple(day) for day in week),
            tuple(acd.Holiday(h.day.isoformat(), h.name, h.prompt or None) for h in calendar.holidays.all()),
        )
    return found


def _surges() -> dict[str, acd.Surge]:
    return {
        s.code: acd.Surge(
            code=s.code,
            curve=msgspec.convert(s.curve, acd.Curve),
            trunks=tuple(t.code for t in s.trunks.all()),
            numbers=tuple(n.number for n in s.numbers.all()),
            lines=s.lines,
            hysteresis=s.hysteresis,
            every=s.every,
            exempt_priority=s.exempt_priority,
            exempt_orders=s.exempt_orders,
            exempt_seconds=s.exempt_seconds,
            flow=s.flow,
        )
        for s in models.Surge.objects.filter(enabled=True).prefetch_related("trunks", "numbers")
    }


def both_ways(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of numbers as they are dialled here, and of the same numbers in E.164: "010" and "+8610"."""
    country = phonenumbers.country_code_for_region(django_settings.PHONE_REGION)
    found: dict[str, None] = {}
    for prefix in prefixes:
        found[prefix] = None
        if prefix.startswith("00"):
            found["+" + prefix[2:]] = None
        elif not prefix.startswith("+"):
            found[f"+{country}{prefix.removeprefix('0')}"] = None
    return tuple(found)


def _levels(rows: Iterable[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    levels: dict[int, dict[str, int]] = defaultdict(dict)
    for owner, skill, level in rows:
        levels[owner][skill] = level
    return levels


def _target(value: Any) -> acd.AnyTarget | None:
    return None if value is None else _need(value)


def _need(value: Any) -> acd.AnyTarget:
    return msgspec.convert(value, acd.AnyTarget)  # type: ignore[no-any-return]  # a union, not a class


def is_blacklisted(number: str) -> bool:
    """Whether calls from this E.164 number are refused now."""
    entries = models.BlacklistEntry.objects.filter(number=number, active=True)
    return any(e.until is None or e.until > timezone.now() for e in entries)


def last_agent_of(number: str) -> str:
    """The agent who last spoke with this E.164 number, whoever called whom; "" when nobody did."""
    spoken = models.Call.objects.filter(number=number, connected_at__isnull=False).exclude(agent="")
    return (number and spoken.order_by("-started_at").values_list("agent", flat=True).first()) or ""


def last_agent(arguments: dict[str, str]) -> dict[str, str] | None:
    """Look-up "last_agent" {number}: who served this number last, customer or not."""
    agent = last_agent_of(normalise(arguments.get("number", "")).number)
    return {"last_agent": agent} if agent else None
