"""Customers, their telephone numbers and addresses, and what whoever serves them next should know."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Reverse
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from ccenter.calls.models.centre import Language
from ccenter.office.models import Branch, Versioned

E164 = r"^\+[1-9][0-9]{2,14}\Z"


class Tag(Versioned):
    """A word customers are marked with; `colour` as #rrggbb, or empty."""

    name = models.CharField(_("name"), max_length=40, unique=True)
    colour = models.CharField(_("colour"), max_length=7, blank=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            # commas separate tags in files
            models.CheckConstraint(condition=Q(name__regex=r"^[^\s,，;；]([^,，;；]*[^\s,，;；])?\Z"), name="tag_name"),
            models.CheckConstraint(condition=Q(colour="") | Q(colour__regex=r"^#[0-9a-f]{6}\Z"), name="tag_colour"),
        ]

    def __str__(self) -> str:
        return self.name


class Customer(Versioned):
    """Somebody who buys. `number` is the member number, for a telephone's keys; `language` is empty when never asked.

    `consent`: whether they agree to calls of the kinds in `CentreSettings.needs_consent`; `consent_at` since when, to the minute,
    `consent_how` how they said so, `consent_by` who wrote it down, None the system.
    `fields` holds what `CustomField` defines: {code: value}. `team` and `owner` look after them. Who was found to be another one
    (`merged_into`) stays as a row without numbers, so that the merge can be undone and old references resolve; no list has them.
    """

    class Level(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        MEMBER = "member", _("member")
        VIP = "vip", _("VIP")

    class Title(models.TextChoices):
        NONE = "", "-"
        MR = "mr", _("Mr")
        MS = "ms", _("Ms")

    class Consent(models.TextChoices):
        UNKNOWN = "", _("not known")
        YES = "yes", _("yes")
        NO = "no", _("no")

    class ConsentHow(models.TextChoices):
        NONE = "", "-"
        CALL = "call", _("in a call")
        WRITING = "writing", _("in writing")
        ONLINE = "online", _("online")
        OTHER = "other", _("in another way")

    number = models.CharField(_("member number"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=100)
    title = models.CharField(_("title"), max_length=2, choices=Title.choices, default=Title.NONE, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level.choices, default=Level.ORDINARY)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, blank=True)
    email = models.EmailField(_("email"), max_length=200, blank=True)
    consent = models.CharField(_("agrees to be called"), max_length=3, choices=Consent.choices, default="", blank=True)
    consent_at = models.DateTimeField(_("said so on"), null=True, blank=True)
    consent_how = models.CharField(_("said so how"), max_length=7, choices=ConsentHow.choices, default="", blank=True)
    consent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written down by")
    )
    points = models.PositiveIntegerField(_("points"), default=0)
    fields = models.JSONField(_("own fields"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    tags = models.ManyToManyField(Tag, blank=True, related_name="customers", verbose_name=_("tags"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("looked after by")
    )
    team = models.ForeignKey(SeatGroup, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team"))
    branch = models.ForeignKey(Branch, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("branch"))
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="absorbed", editable=False, verbose_name=_("merged into")
    )
    pin = models.CharField(_("PIN, hashed"), max_length=128, blank=True, editable=False)
    pin_misses = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        indexes = [
            models.Index(fields=["name"], name="customer_by_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["email"], name="customer_by_email", condition=~Q(email="")),
            models.Index(fields=["level", "id"], name="customer_by_level", condition=~Q(level="ordinary")),
            models.Index(fields=["language", "id"], name="customer_by_language", condition=~Q(language="")),
            models.Index(fields=["updated_at", "id"], name="customer_by_change"),
            GinIndex(fields=["fields"], name="customer_by_fields", opclasses=["jsonb_path_ops"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,12}\Z"), name="customer_number_digits"),
            models.CheckConstraint(condition=~Q(name=""), name="customer_name"),
            models.CheckConstraint(
                condition=Q(consent="", consent_at=None, consent_how="", consent_by=None)
                | (Q(consent="no") | (Q(consent="yes") & ~Q(consent_how=""))) & Q(consent_at__isnull=False),
                name="customer_consent_since",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="customer_merged_into_another"),
            models.CheckConstraint(
                condition=Exact(Func("fields", function="jsonb_typeof", output_field=TextField()), Value("object")),
                name="customer_fields_by_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    @property
    def main_address(self) -> "CustomerAddress | None":
        """Of the addresses that were fetched with them."""
        return next((one for one in self.addresses.all() if one.main), None)


class CustomerPhone(models.Model):
    """A number of a customer, in E.164. It has one owner; a family or an office shares it by choice: the others' are `shared`."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="phones")
    number = models.CharField(_("number"), max_length=16)
    shared = models.BooleanField(_("shared with others"), default=False)

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
            models.UniqueConstraint(fields=["number"], condition=Q(shared=False), name="one_owner_a_phone"),
            models.CheckConstraint(condition=Q(number__regex=E164), name="phone_is_e164"),
        ]

    def __str__(self) -> str:
        return self.number


class CustomerAddress(models.Model):
    """Where a customer lives or wants things delivered; one is the main one. `receiver` and `phone` if not they themselves."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    district = models.CharField(_("district"), max_length=40, blank=True)
    street = models.CharField(_("street and house"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    receiver = models.CharField(_("receiver"), max_length=100, blank=True)
    phone = models.CharField(_("receiver's number"), max_length=16, blank=True)
    main = models.BooleanField(_("main address"), default=False)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["-main", "id"]
        indexes = [
            models.Index(fields=["city", "district"], name="address_by_city"),
            models.Index(fields=["district"], name="address_by_district"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(main=True), name="one_main_address_a_customer"),
            models.CheckConstraint(condition=Q(phone="") | Q(phone__regex=E164), name="address_phone_is_e164"),
            models.CheckConstraint(condition=~Q(province="", city="", district="", street=""), name="address_says_where"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """As one line; a city that is its own province (上海市) stands once."""
        city = "" if self.city == self.province else self.city
        return f"{self.province}{city}{self.district}{self.street}"


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
