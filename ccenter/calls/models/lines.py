"""The way in and out: trunks, called numbers, and who is refused."""

from itertools import pairwise
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import OWED, Curve
from ccenter.calls.models.centre import Language, Queue
from ccenter.calls.models.fields import CodeField, SecretField, StructField, code_is_code, target_is_known
from ccenter.calls.numbers import normalise

DNIS = r"^\+?[0-9]{2,19}\Z"
ADDRESS = r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?\Z"
CODEC = r"^[a-z0-9]+\Z"
PREFIX = r"^\+?[0-9]{1,18}\Z"
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?\Z"  # it becomes part of a SIP URI


def _codecs() -> list[str]:
    return ["alaw", "ulaw"]


class Trunk(models.Model):
    """A SIP trunk, or a branch's voice gateway. Pushed to its node as endpoint "trunk-<code>".

    `kind`: "register": we register at `host` with `username` and `secret`; "accept": it registers at us with them (gateways
    behind changing addresses); "address": known by `addresses`, no password.
    """

    class Kind(models.TextChoices):
        REGISTER = "register", _("we register there")
        ACCEPT = "accept", _("it registers here")
        ADDRESS = "address", _("by address")

    class Transport(models.TextChoices):
        UDP = "udp", "UDP"
        TCP = "tcp", "TCP"

    code = CodeField()
    name = models.CharField(_("name"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.ADDRESS)
    host = models.CharField(_("host"), max_length=253, blank=True, validators=[RegexValidator(HOST)])
    port = models.PositiveIntegerField(_("port"), default=5060)
    transport = models.CharField(_("transport"), max_length=3, choices=Transport.choices, default=Transport.UDP)
    addresses = ArrayField(
        models.CharField(max_length=50, validators=[RegexValidator(ADDRESS)]),
        verbose_name=_("addresses it calls from"),
        default=list,
        blank=True,
    )
    username = models.CharField(_("user name"), max_length=80, blank=True)
    secret = SecretField(_("password"), max_length=128, blank=True)
    codecs = ArrayField(
        models.CharField(max_length=10, validators=[RegexValidator(CODEC)]), verbose_name=_("codecs"), default=_codecs
    )
    capacity = models.PositiveIntegerField(_("channels"), default=30)
    kept = models.PositiveIntegerField(_("channels kept for who calls in"), default=0)
    outbound = models.BooleanField(_("carries outgoing calls"), default=True)
    prefixes = ArrayField(
        models.CharField(max_length=20, validators=[RegexValidator(PREFIX)]),
        verbose_name=_("prefixes it may call"),
        default=list,
        blank=True,
    )
    caller_id = models.CharField(_("number shown"), max_length=32, blank=True)
    node = models.CharField(_("Asterisk node"), max_length=20, default="ast1")
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("trunk")
        verbose_name_plural = _("trunks")
        ordering = ["code"]
        constraints = [
            code_is_code("trunk"),
            models.CheckConstraint(condition=Q(host="") | Q(host__regex=HOST), name="trunk_host"),
            models.CheckConstraint(condition=Q(port__range=(1, 65535), capacity__gte=1), name="trunk_port_capacity"),
            models.CheckConstraint(condition=Q(kept__lte=F("capacity")), name="trunk_kept"),
            models.CheckConstraint(condition=Q(codecs__len__gt=0), name="trunk_codecs"),
            models.CheckConstraint(
                condition=Q(kind="address", addresses__len__gt=0)
                | (Q(kind="accept") & ~Q(username="") & ~Q(secret=""))
                | (Q(kind="register") & ~Q(username="") & ~Q(secret="") & ~Q(host="")),
                name="trunk_complete",
            ),
            models.UniqueConstraint(fields=["username"], condition=Q(kind="accept"), name="one_gateway_a_username"),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    def clean(self) -> None:
        if self.kind == self.Kind.ADDRESS and not self.addresses:
            raise ValidationError({"addresses": _("A trunk by address needs the addresses it calls from.")})
        if self.kind != self.Kind.ADDRESS and not (self.username and self.secret):
            raise ValidationError({"username": _("Needs a user name and a password.")})
        if self.kind == self.Kind.REGISTER and not self.host:
            raise ValidationError({"host": _("Needs a host to register at.")})


class Number(models.Model):
    """A called number (DNIS), as the trunk presents it, and what it does."""

    number = models.CharField(_("called number"), max_length=20, unique=True, validators=[RegexValidator(DNIS)])
    name = models.CharField(_("name"), max_length=60, blank=True)
    target = StructField(_("goes to"))
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    label = models.CharField(_("TV station, product or branch"), max_length=60, blank=True)
    priority = models.SmallIntegerField(_("priority"), default=0)
    record = models.BooleanField(_("record"), default=True)
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("callbacks of callers who reached no queue"),
    )
    owes = ArrayField(models.CharField(max_length=12), verbose_name=_("who is called back"), null=True, blank=True)

    class Meta:
        verbose_name = _("called number")
        verbose_name_plural = _("called numbers")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=DNIS), name="number_digits"),
            target_is_known("number_target", "target"),
            models.CheckConstraint(condition=Q(owes__isnull=True) | Q(owes__contained_by=list(OWED)), name="number_owes"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()


class BlacklistEntry(models.Model):
    """A caller who is refused before it costs a trunk 黑名单. `number` as `numbers.normalise` gives it, which `clean` sees to.

    `until`: refused no longer from then on.
    """

    number = models.CharField(_("number"), max_length=40, unique=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    active = models.BooleanField(_("active"), default=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("refused caller")
        verbose_name_plural = _("refused callers")
        ordering = ["number"]
        constraints = [models.CheckConstraint(condition=~Q(number=""), name="blacklist_number")]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        self.number = normalise(self.number).number
        if not self.number:
            raise ValidationError({"number": _("There is no number in this.")})


class RefusedCall(models.Model):
    """A call the gatekeeper refused, from its spool. `id` is the spool's, so that a file read twice counts once."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(_("time"), db_index=True)
    number = models.CharField(_("caller"), max_length=64, blank=True)
    dnis = models.CharField(_("called number"), max_length=64, blank=True)
    trunk = models.CharField(_("trunk"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=40, default="blacklist")

    class Meta:
        verbose_name = _("refused call")
        verbose_name_plural = _("refused calls")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.number} {self.at:%F %T}"


class Surge(models.Model):
    """The surge attendant: a machine takes a share of the calls while lines are short, by use of the lines.

    `curve`: [[use, share taken], ...], both 0 to 1, use ascending; none are taken below the first, all from the last on. Use is
    of the `trunks` (none: of all), or of `lines` by calls to the `numbers`.
    """

    code = CodeField()
    name = models.CharField(_("name"), max_length=60, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)  # the first that fits a call decides
    curve = StructField(_("curve"), of=Curve)
    trunks = models.ManyToManyField(Trunk, blank=True, related_name="+", verbose_name=_("trunks"))
    numbers = models.ManyToManyField(Number, blank=True, related_name="+", verbose_name=_("called numbers"))
    lines = models.PositiveIntegerField(_("lines"), default=0)
    hysteresis = models.FloatField(_("ends so far below the first threshold"), default=0.05)
    every = models.FloatField(_("one call in so many seconds at most"), default=0.0)
    exempt_priority = models.SmallIntegerField(_("not callers of this priority or more"), null=True, blank=True)
    exempt_orders = models.BooleanField(_("not callers with an open order"), default=False)
    exempt_seconds = models.FloatField(_("waits so long to know"), default=1.0)
    flow = models.CharField(_("flow"), max_length=40, default="surge", blank=True)

    class Meta:
        verbose_name = _("surge attendant")
        verbose_name_plural = _("surge attendants")
        ordering = ["position", "code"]
        constraints = [
            code_is_code("surge"),
            models.CheckConstraint(
                condition=Q(hysteresis__range=(0, 1), every__gte=0, exempt_seconds__range=(0, 10)), name="surge_numbers"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    def clean(self) -> None:
        if problem := _wrong_with(self.curve):
            raise ValidationError({"curve": problem})


def _wrong_with(curve: Any) -> str:
    """Of a curve of the right shape; "" when nothing is, or the shape is wrong: the field says that."""
    try:
        points = msgspec.convert(curve, Curve)
    except msgspec.ValidationError:
        return ""
    if not points:
        return str(_("A curve needs a point."))
    if not all(0 <= use <= 1 and 0 <= share <= 1 for use, share in points):
        return str(_("Use and share are between 0 and 1."))
    if any(one[0] >= two[0] for one, two in pairwise(points)):
        return str(_("The use must rise from point to point."))
    return ""
