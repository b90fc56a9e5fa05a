"""Customers, their telephone numbers, and what was done for them.

Calls, agents, queues and orders are kept as text, as in `ccenter.calls.models.record`: what was done outlives them.
"""

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language
from ccenter.calls.models.fields import CodeField, code_is_code

E164 = r"^\+[1-9][0-9]{2,14}\Z"


class Customer(models.Model):
    """Somebody who buys. `number` is the member number, for a telephone's keys; `language` is empty when never asked."""

    class Level(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        MEMBER = "member", _("member")
        VIP = "vip", _("VIP")

    class Title(models.TextChoices):
        NONE = "", "-"
        MR = "mr", _("Mr")
        MS = "ms", _("Ms")

    number = models.CharField(_("member number"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=100)
    title = models.CharField(_("title"), max_length=2, choices=Title.choices, default=Title.NONE, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level.choices, default=Level.ORDINARY)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, blank=True)
    points = models.PositiveIntegerField(_("points"), default=0)
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    pin = models.CharField(_("PIN, hashed"), max_length=128, blank=True, editable=False)
    pin_misses = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        indexes = [models.Index(fields=["name"], name="customer_by_name", opclasses=["varchar_pattern_ops"])]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,12}\Z"), name="customer_number_digits"),
            models.CheckConstraint(condition=~Q(name=""), name="customer_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class CustomerPhone(models.Model):
    """A number of a customer, in E.164. A family or an office shares one: it may belong to several customers."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="phones")
    number = models.CharField(_("number"), max_length=16)

    class Meta:
        verbose_name = _("telephone number")
        verbose_name_plural = _("telephone numbers")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["number"], name="phone_by_number"),
            # for who knows the last digits only
            models.Index(OpClass(Reverse("number"), name="text_pattern_ops"), name="phone_from_its_end"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="one_phone_a_customer_and_number"),
            models.CheckConstraint(condition=Q(number__regex=E164), name="phone_is_e164"),
        ]

    def __str__(self) -> str:
        return self.number


class CustomerNote(models.Model):
    """Something whoever serves this customer next should know."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="notes", verbose_name=_("customer"))
    text = models.CharField(_("note"), max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["customer", "-created_at"], name="notes_of_a_customer")]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_text")]

    def __str__(self) -> str:
        return self.text[:40]


class Category(models.Model):
    """What a call was about, as a tree: 订单 / 催送货."""

    code = CodeField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of"))
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]
        constraints = [code_is_code("category")]

    def __str__(self) -> str:
        return f"{self.name_zh} / {self.name_en}"

    @property
    def name(self) -> str:
        """In the reader's language."""
        return str(self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en)

    def clean(self) -> None:
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A category cannot be part of itself.")})
            seen.add(above.pk)
            above = above.parent


class ServiceRecord(models.Model):
    """What an agent did in a call 服务记录: one for each agent and call. `agent` is the seat's number, "" of who has none."""

    class Result(models.TextChoices):
        SOLVED = "solved", _("solved")
        ORDERED = "ordered", _("order taken")
        FOLLOW_UP = "follow_up", _("to be followed up")
        COMPLAINT = "complaint", _("complaint taken")
        TRANSFERRED = "transferred", _("handed over")
        UNREACHED = "unreached", _("not reached")
        NUISANCE = "nuisance", _("nuisance or wrong number")

    call = models.CharField(_("call"), max_length=40)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    agent = models.CharField(_("agent"), max_length=10, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="records", verbose_name=_("customer")
    )
    order = models.CharField(_("order"), max_length=16, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    result = models.CharField(_("result"), max_length=12, choices=Result.choices, blank=True)
    summary = models.CharField(_("summary"), max_length=4000, blank=True)
    follow_up = models.DateField(_("follow up on"), null=True, blank=True)
    followed_up_at = models.DateTimeField(_("followed up"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("service record")
        verbose_name_plural = _("service records")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="records_of_a_customer"),
            models.Index(fields=["author", "-created_at"], name="records_of_an_author"),
            models.Index(
                fields=["author", "follow_up"],
                condition=Q(follow_up__isnull=False, followed_up_at__isnull=True),
                name="records_to_follow_up",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["call", "author"], name="one_record_a_call_and_author"),
            models.CheckConstraint(condition=~Q(call=""), name="record_call"),
        ]

    def __str__(self) -> str:
        return f"{self.call} {self.agent} {self.result}"


class Complaint(models.Model):
    """A customer was wronged, or says so 投诉; open until somebody closes it with a word about how."""

    class State(models.TextChoices):
        OPEN = "open", _("to be done")
        WORKING = "working", _("being worked on")
        CLOSED = "closed", _("settled")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="complaints", verbose_name=_("customer"))
    call = models.CharField(_("call"), max_length=40, blank=True)
    order = models.CharField(_("order"), max_length=16, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    text = models.CharField(_("what happened"), max_length=4000)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    resolution = models.CharField(_("how it was settled"), max_length=4000, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("taken by"))
    created_at = models.DateTimeField(_("taken"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["customer"], condition=~Q(state="closed"), name="open_complaints")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="complaint_text"),
            models.CheckConstraint(
                condition=(Q(state="closed", closed_at__isnull=False) & ~Q(resolution=""))
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="complaint_closed_says_how",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Script(models.Model):
    """What an agent says 话术. Places to fill: {name} {surname} {title} {salutation} {company} {agent} {label} {product}.

    It fits a call when each condition that is not empty holds; among those that fit, the one with most conditions comes first.
    `queue` is a queue's code, `label` that of the called number (TV station, product or branch).
    """

    class Situation(models.TextChoices):
        GREETING = "greeting", _("greeting")
        ORDER = "order", _("taking an order")
        SERVICE = "service", _("service")
        COMPLAINT = "complaint", _("complaint")
        CLOSING = "closing", _("closing words")

    class Audience(models.TextChoices):
        ANYBODY = "", _("anybody")
        NEW = "new", _("not known yet")
        KNOWN = "known", _("customers")
        RETURNING = "returning", _("customers who called before")

    title = models.CharField(_("heading"), max_length=80)
    situation = models.CharField(_("situation"), max_length=10, choices=Situation.choices, default=Situation.GREETING)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    text = models.TextField(_("text"), max_length=4000)
    queue = models.CharField(_("queue"), max_length=40, blank=True)
    label = models.CharField(_("TV station, product or branch"), max_length=60, blank=True)
    audience = models.CharField(_("said to"), max_length=9, choices=Audience.choices, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Customer.Level.choices, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ["situation", "position", "id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"
