"""The bodies of the desk's requests."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ccenter.calls import tokens
from ccenter.calls.api.params import NumberField, Strict
from ccenter.calls.models.centre import Language
from ccenter.office.rights import scoped
from crm.models import Category, Complaint, Customer, ServiceRecord

CALL = r"^c[0-9]{1,18}\Z"
CLOSED = ("reached", "unreached", "not_wanted", "duplicate")


def _call(**options: Any) -> serializers.RegexField:
    return serializers.RegexField(CALL, error_messages={"invalid": _("Not the id of a call.")}, **options)


def _category() -> serializers.Field:
    return serializers.PrimaryKeyRelatedField(queryset=Category.objects.all(), allow_null=True, required=False)


class Chosen(serializers.Serializer):
    customer = serializers.IntegerField(min_value=1, required=False)


class SeenCustomer(serializers.PrimaryKeyRelatedField):
    """A customer that the user sees."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Customer.objects.defer("pin"), **options)

    def get_queryset(self) -> Any:
        return scoped(self.context["user"], super().get_queryset(), "customers")


class Phone(Strict):
    """A number as it is written, or a token for one that was shown; `shared` when somebody else has it too."""

    token = serializers.CharField(max_length=200, required=False)
    number = NumberField(required=False)
    shared = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("token" in attrs) == ("number" in attrs):
            raise serializers.ValidationError(_("Either a token or a number."))
        if "token" in attrs:
            try:
                return {"number": tokens.number_of(attrs["token"], self.context["user"]), "shared": attrs.get("shared", False)}
            except tokens.BadToken:
                raise serializers.ValidationError(
                    {"token": [_("This number is not known any more. Please look it up again.")]}
                ) from None
        return attrs


class DeskCustomerBody(Strict):
    name = serializers.CharField(max_length=100)
    title = serializers.ChoiceField(Customer.Title.choices, required=False, allow_blank=True)
    language = serializers.ChoiceField(Language.choices, required=False, allow_blank=True)
    province = serializers.CharField(max_length=40, required=False, allow_blank=True)
    city = serializers.CharField(max_length=40, required=False, allow_blank=True)
    district = serializers.CharField(max_length=40, required=False, allow_blank=True)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    level = serializers.ChoiceField(Customer.Level.choices, required=False, help_text="For who has customers.level.")
    consent = serializers.ChoiceField(
        Customer.Consent.choices,
        required=False,
        allow_blank=True,
        help_text="Whether they agree to be called, as said in a call.",
    )
    phones = Phone(many=True, required=False)

    def validate_address(self, address: str) -> str:
        if "****" in address:
            raise serializers.ValidationError(_("This is masked: write it whole, or leave it out."))
        return address

    def numbers(self) -> list[dict[str, Any]]:
        return list(self.validated_data.get("phones", ()))

    def columns(self) -> dict[str, Any]:
        columns = {name: value for name, value in self.validated_data.items() if name not in ("phones", "remove_phones")}
        return columns | ({"consent_how": Customer.ConsentHow.CALL} if columns.get("consent") else {})


class CustomerChange(DeskCustomerBody):
    remove_phones = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=50, required=False)


class DeskNoteBody(Strict):
    text = serializers.CharField(max_length=1000)


class ComplaintChange(Strict):
    state = serializers.ChoiceField(Complaint.State.choices, required=False)
    resolution = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    category = _category()
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class ComplaintBody(Strict):
    customer = SeenCustomer()
    text = serializers.CharField(max_length=4000)
    call = _call(required=False)
    order = serializers.CharField(max_length=16, required=False, allow_blank=True)
    category = _category()
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class RecordChange(Strict):
    customer = SeenCustomer(allow_null=True, required=False)
    order = serializers.CharField(max_length=16, required=False, allow_blank=True)
    category = _category()
    result = serializers.ChoiceField(ServiceRecord.Result.choices, required=False, allow_blank=True)
    summary = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    follow_up = serializers.DateField(required=False, allow_null=True, help_text="They are called in the morning of that day.")
    call_at = serializers.DateTimeField(required=False, help_text="When they are to be called: in place of follow_up.")
    followed_up = serializers.BooleanField(required=False)


class RecordBody(RecordChange):
    call = _call()


class RecordFilter(serializers.Serializer):
    customer = serializers.IntegerField(min_value=1, required=False)
    call = _call(required=False)


class CloseBody(Strict):
    result = serializers.ChoiceField(CLOSED)


class MessageBody(Strict):
    to = serializers.ChoiceField(["seat", "group", "user"])
    seat = serializers.CharField(max_length=10, required=False)
    group = serializers.CharField(max_length=40, required=False)
    user = serializers.CharField(max_length=150, required=False)
    text = serializers.CharField(max_length=1000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["to"] not in attrs:
            raise serializers.ValidationError({attrs["to"]: [_("This field is required.")]})
        if extra := {"seat", "group", "user"} & set(attrs) - {attrs["to"]}:
            raise serializers.ValidationError({name: [_("Not with this kind of target.")] for name in sorted(extra)})
        return attrs


class MessageFilter(serializers.Serializer):
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class SearchQuery(serializers.Serializer):
    q = serializers.CharField(max_length=100)


class OpeningFilter(serializers.Serializer):
    customer = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    user = serializers.CharField(max_length=150, required=False)
    call = _call(required=False)
