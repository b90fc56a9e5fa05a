"""The centre as its owner sets it up: who works in it, in which queues, when.

Each class mirrors one of `ccenter.acd.config`; `selectors.load_config` makes the one of the other. Durations are seconds.
A change in any of these tables reaches the running centre by itself: a trigger says `NOTIFY config` (migration 0002).
"""

from typing import get_args
from zoneinfo import available_timezones

import msgspec
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.acd.agent import MISSED, PHONE_BUSY, PHONE_OFFLINE
from ccenter.acd.config import OWED, AnyTarget, CallbackMode, CallbackRules
from ccenter.calls.models.fields import CodeField, MinuteOfDayField, SecretField, StructField, code_is_code, target_is_known
from ccenter.calls.numbers import normalise

LEVELS = [MinValueValidator(1), MaxValueValidator(10)]
AWAY = [MinValueValidator(1), MaxValueValidator(600)]  # the customer hears music meanwhile
AGENT_NUMBER = r"^[0-9]{2,10}\Z"
EIGHT_SIGNS = r"^\S{8,}\Z"


def _owed() -> list[str]:
    return list(OWED)


def _with_consent() -> list[str]:
    return ["survey", "campaign"]


class Language(models.TextChoices):
    """What callers are spoken to in."""

    ZH = "zh", _("Chinese")
    EN = "en", _("English")


class CentreSettings(models.Model):
    """What holds for the whole centre: the one row. Without it the defaults hold."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name of the company"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    ageing = models.FloatField(_("seconds of waiting that one priority step is worth"), default=60.0)
    rest_seconds = models.FloatField(_("rest of an agent whose phone refused"), default=10.0)
    dial_seconds = models.FloatField(_("longest ringing of a called number"), default=30.0)
    wrap_up_seconds = models.FloatField(_("wrap-up after a call of no queue"), default=15.0)
    away_seconds = models.FloatField(_("in a call, a lost browser is waited for"), default=30.0, validators=AWAY)
    voicemail_seconds = models.PositiveIntegerField(_("longest message"), default=180)
    default_target = StructField(_("for a called number nobody set up"), null=True, blank=True)
    callback_queue = models.ForeignKey(
        "calls.Queue",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("callbacks of callers who reached no queue"),
    )
    owes = ArrayField(models.CharField(max_length=12), verbose_name=_("who is called back"), default=_owed, blank=True)
    zones = StructField(_("time zones by beginning of the number"), of=dict[str, str], default=dict, blank=True)
    needs_consent = ArrayField(
        models.CharField(max_length=20), verbose_name=_("calls that need consent"), default=_with_consent, blank=True
    )
    machine_calls = models.PositiveIntegerField(_("calls by machines alone at once"), default=10)
    keep_recordings_days = models.PositiveIntegerField(_("days recordings are kept"), default=365)

    class Meta:
        verbose_name = verbose_name_plural = _("settings of the centre")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_settings_row"),
            models.CheckConstraint(
                condition=Q(ageing__gt=0, rest_seconds__gte=0, dial_seconds__gt=0, wrap_up_seconds__gte=0),
                name="settings_seconds",
            ),
            models.CheckConstraint(condition=Q(away_seconds__range=(1, 600)), name="settings_away"),
            models.CheckConstraint(condition=Q(owes__contained_by=list(OWED)), name="settings_owes"),
            target_is_known("settings_target", "default_target"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("settings of the centre"))

    def clean(self) -> None:
        for zone in self.zones.values() if isinstance(self.zones, dict) else ():
            if zone not in available_timezones():
                raise ValidationError({"zones": _("There is no time zone %(zone)s.") % {"zone": zone}})


class Calendar(models.Model):
    """Opening hours by weekday, and holidays."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["code"]
        constraints = [code_is_code("calendar")]

    def __str__(self) -> str:
        return self.name or self.code


class OpeningHours(models.Model):
    """One span of a weekday in which the calendar is open. Times are minutes of the day; 1440 is midnight."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start = MinuteOfDayField(_("from"))
    end = MinuteOfDayField(_("to"))

    class Meta:
        verbose_name = verbose_name_plural = _("opening hours")
        ordering = ["calendar", "weekday", "start"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday"),
            models.CheckConstraint(condition=Q(start__lt=F("end"), end__lte=1440), name="hours_forward"),
            # One number line for all calendars, as an equality in an exclusion constraint would need an extension.
            ExclusionConstraint(
                name="hours_do_not_overlap",
                expressions=[
                    (
                        Func(
                            (F("calendar") * Value(7) + F("weekday")) * Value(1440) + F("start"),
                            (F("calendar") * Value(7) + F("weekday")) * Value(1440) + F("end"),
                            function="int8range",
                        ),
                        "&&",
                    )
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start // 60}:{self.start % 60:02}-{self.end // 60}:{self.end % 60:02}"


class Holiday(models.Model):
    """A day on which the calendar is closed, with its own greeting if it has a prompt."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="holidays")
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=60)
    prompt = models.CharField(_("prompt"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="one_holiday_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Skill(models.Model):
    """Something an agent can do, on a level from 1 to 10."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["code"]
        constraints = [code_is_code("skill")]

    def __str__(self) -> str:
        return self.name or self.code


class Queue(models.Model):
    """Callers who wait for the same agents, first asked first served. Whether it is recorded is a `RecordingRule`."""

    class Strategy(models.TextChoices):
        LONGEST_IDLE = "longest_idle", _("longest idle")
        ROUND_ROBIN = "round_robin", _("round robin")
        FEWEST_CALLS = "fewest_calls", _("fewest calls")
        BY_SKILL = "by_skill", _("best skill")
        RING_ALL = "ring_all", _("all ring")

    code = CodeField()
    name = models.CharField(_("name"), max_length=60, blank=True)
    strategy = models.CharField(_("distribution"), max_length=12, choices=Strategy.choices, default=Strategy.LONGEST_IDLE)
    priority = models.SmallIntegerField(_("priority"), default=0)
    skills = models.ManyToManyField(Skill, through="QueueSkill", blank=True)
    ring_seconds = models.FloatField(_("rings for"), default=20.0)
    wrap_up_seconds = models.FloatField(_("wrap-up"), default=30.0)
    max_misses = models.PositiveSmallIntegerField(_("missed calls until an agent is set busy"), default=2)
    ring_all_most = models.PositiveSmallIntegerField(_("phones that ring at once at most"), default=10)
    music = models.CharField(_("music"), max_length=40, default="default")
    announce = models.BooleanField(_("say the position"), default=True)
    announce_after = models.FloatField(_("first said after"), default=15.0)
    announce_every = models.FloatField(_("then every"), default=45.0)
    keys = StructField(_("keys while waiting"), of=dict[str, AnyTarget], default=dict, blank=True)
    max_wait = models.FloatField(_("longest wait"), null=True, blank=True)
    on_timeout = StructField(_("after that"), null=True, blank=True)
    max_length = models.PositiveIntegerField(_("most callers"), null=True, blank=True)
    on_full = StructField(_("when full"), null=True, blank=True)
    calendar = models.ForeignKey(Calendar, models.PROTECT, null=True, blank=True, verbose_name=_("calendar"))
    on_closed = StructField(_("when closed"), null=True, blank=True)
    on_nobody = StructField(_("when no agent is signed in"), null=True, blank=True)
    ask_last_agent = models.BooleanField(_("offer the agent who served the caller last"), default=False)
    announce_agent = models.BooleanField(_("say the agent's number"), default=False)
    service_level_seconds = models.FloatField(_("service level: answered within"), default=20.0)
    short_abandon_seconds = models.FloatField(_("gave up at once: within"), default=5.0)
    survey = models.ForeignKey(
        "calls.Flow", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("survey after the call")
    )
    callbacks = StructField(_("rules for callbacks"), of=CallbackRules, default=dict, blank=True)
    alarm_waiting = models.PositiveIntegerField(_("alarm when so many wait"), null=True, blank=True)
    alarm_wait_seconds = models.PositiveIntegerField(_("alarm when someone waits so long"), null=True, blank=True)
    alarm_service_level = models.PositiveSmallIntegerField(
        _("alarm when fewer percent are answered in time"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["code"]
        constraints = [
            code_is_code("queue"),
            models.CheckConstraint(
                condition=Q(
                    ring_seconds__gt=0,
                    wrap_up_seconds__gte=0,
                    announce_after__gte=0,
                    announce_every__gt=0,
                    service_level_seconds__gte=0,
                    short_abandon_seconds__gte=0,
                ),
                name="queue_seconds",
            ),
            models.CheckConstraint(
                condition=Q(callbacks={}) | ~Q(callbacks__has_key="mode") | Q(callbacks__mode__in=list(get_args(CallbackMode))),
                name="queue_callback_mode",
            ),
            models.CheckConstraint(condition=Q(max_misses__gte=1, ring_all_most__gte=1), name="queue_counts"),
            models.CheckConstraint(condition=Q(max_wait__isnull=True) | Q(max_wait__gt=0), name="queue_max_wait"),
            *(target_is_known(f"queue_{f}", f) for f in ("on_timeout", "on_full", "on_closed", "on_nobody")),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    def clean(self) -> None:
        try:
            wrong = self.unknown_in(msgspec.convert(self.callbacks, CallbackRules))
        except msgspec.ValidationError:  # the field says it
            return
        if wrong:
            raise ValidationError({"callbacks": list(wrong.values())})

    @staticmethod
    def unknown_in(rules: CallbackRules) -> dict[str, str]:
        """What rules name that is not there: {field: why it is wrong}."""
        wrong = {}
        if rules.calendar and not Calendar.objects.filter(code=rules.calendar).exists():
            wrong["calendar"] = gettext("There is no calendar %(code)s.") % {"code": rules.calendar}
        if rules.caller_id and not apps.get_model("calls", "Number").objects.filter(number=rules.caller_id).exists():
            wrong["caller_id"] = gettext("The number shown must be one of the centre's.")
        return wrong


class QueueSkill(models.Model):
    """The least level of a skill that the queue's callers need."""

    queue = models.ForeignKey(Queue, models.CASCADE)
    skill = models.ForeignKey(Skill, models.PROTECT)
    level = models.PositiveSmallIntegerField(_("level"), default=1, validators=LEVELS)

    class Meta:
        verbose_name = _("needed skill")
        verbose_name_plural = _("needed skills")
        constraints = [
            models.UniqueConstraint(fields=["queue", "skill"], name="one_level_a_queue_skill"),
            models.CheckConstraint(condition=Q(level__range=(1, 10)), name="queue_skill_level"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class SeatGroup(models.Model):
    """A group of seats 座席组: its agents work in its queues, its leads see and steer its agents."""

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary seats")
        EXPERT = "expert", _("experts")
        INHOUSE = "inhouse", _("in-house staff")

    code = CodeField()
    name = models.CharField(_("name"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.ORDINARY)
    queues = models.ManyToManyField(Queue, blank=True, related_name="groups", verbose_name=_("queues"))
    leads = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="led_groups", verbose_name=_("leads"))

    class Meta:
        verbose_name = _("seat group")
        verbose_name_plural = _("seat groups")
        ordering = ["code"]
        constraints = [code_is_code("group")]

    def __str__(self) -> str:
        return self.name or self.code


class Agent(models.Model):
    """A seat record. The number names the agent in facts for ever, and is the desk phone's extension."""

    number = models.CharField(_("agent number"), max_length=10, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="seat", verbose_name=_("login"))
    name = models.CharField(_("name"), max_length=60)
    group = models.ForeignKey(SeatGroup, models.PROTECT, related_name="agents", verbose_name=_("group"))
    queues = models.ManyToManyField(Queue, blank=True, related_name="agents", verbose_name=_("further queues"))
    skills = models.ManyToManyField(Skill, through="AgentSkill", blank=True)
    level = models.PositiveSmallIntegerField(_("level"), default=1, validators=LEVELS)
    active = models.BooleanField(_("active"), default=True)
    browser_phone = models.BooleanField(_("may use the browser as phone"), default=True)
    desk_phone = models.BooleanField(_("has a desk phone"), default=True)
    sip_password = SecretField(_("desk phone's password"), max_length=64, blank=True)
    mobile = models.CharField(_("telephone over the trunk"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["number"]
        permissions = [("see_numbers", _("May see customers' whole telephone numbers"))]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 10)), name="agent_level"),
            models.CheckConstraint(condition=Q(number__regex=AGENT_NUMBER), name="agent_number_digits"),
            models.CheckConstraint(
                condition=Q(desk_phone=False) | Q(active=False) | Q(sip_password__regex=EIGHT_SIGNS),
                name="desk_phone_has_password",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def clean(self) -> None:
        if not self.number.isdecimal():
            raise ValidationError({"number": _("Digits only.")})
        if self.mobile:
            read = normalise(self.mobile)
            if not read.is_e164:
                raise ValidationError({"mobile": _("This is not a number that can be called.")})
            self.mobile = read.number


class AgentSkill(models.Model):
    """What an agent can do, and how well."""

    agent = models.ForeignKey(Agent, models.CASCADE)
    skill = models.ForeignKey(Skill, models.PROTECT)
    level = models.PositiveSmallIntegerField(_("level"), default=5, validators=LEVELS)

    class Meta:
        verbose_name = _("agent's skill")
        verbose_name_plural = _("agent's skills")
        constraints = [
            models.UniqueConstraint(fields=["agent", "skill"], name="one_level_an_agent_skill"),
            models.CheckConstraint(condition=Q(level__range=(1, 10)), name="agent_skill_level"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class ReasonCode(models.Model):
    """Why an agent is busy 示忙. `productive`: work all the same (training, paperwork), in the reports."""

    code = CodeField()
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    productive = models.BooleanField(_("counts as work"), default=False)
    active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)

    class Meta:
        verbose_name = _("busy reason")
        verbose_name_plural = _("busy reasons")
        ordering = ["position", "code"]
        constraints = [code_is_code("reason")]

    def clean(self) -> None:
        if self.code in (PHONE_BUSY, PHONE_OFFLINE, MISSED):
            raise ValidationError({"code": _("The centre itself gives this reason.")})

    def __str__(self) -> str:
        return f"{self.name_zh} / {self.name_en}"


class RecordingRule(models.Model):
    """Whether calls of a direction are recorded: of one queue, or where none is named, of all with no rule of their own."""

    class Direction(models.TextChoices):
        IN = "in", _("incoming")
        OUT = "out", _("outgoing")
        INTERNAL = "internal", _("between seats")

    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.IN)
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, blank=True, verbose_name=_("queue"))
    record = models.BooleanField(_("record"), default=True)
    keep_days = models.PositiveIntegerField(_("days kept"), null=True, blank=True)

    class Meta:
        verbose_name = _("recording rule")
        verbose_name_plural = _("recording rules")
        constraints = [
            models.UniqueConstraint(fields=["direction", "queue"], nulls_distinct=False, name="one_rule_a_direction_and_queue"),
            models.CheckConstraint(condition=Q(queue__isnull=True) | Q(direction="in"), name="queue_rules_are_incoming"),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.queue or ''}: {self.record}"
