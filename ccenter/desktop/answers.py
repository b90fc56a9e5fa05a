"""Shapes of what the desk's REST interface answers, for its description. `shapes`, `selectors` and `messages` make them.

Times are ISO 8601 with zone, durations seconds, names in the language of the request. A test holds real answers against these.
"""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import BooleanField, CharField, ChoiceField, DateTimeField, FloatField, IntegerField

from ccenter.calls.api.serializers import AgentNamed, NumberShown, QueueNamed
from crm.models import Complaint, Customer, Script, ServiceRecord

DIRECTIONS = ("in", "out", "internal")


class PhoneShown(NumberShown):
    id = IntegerField()


class CustomerRow(serializers.Serializer):
    id = IntegerField()
    version = IntegerField(help_text="For If-Match, in quotes: the ETag.")
    number = CharField(help_text="The member number.")
    name = CharField()
    title = ChoiceField(Customer.Title.choices, allow_blank=True)
    level = ChoiceField(Customer.Level.choices)
    language = ChoiceField(["zh", "en"], allow_blank=True)
    points = IntegerField()
    consent = ChoiceField(Customer.Consent.choices, allow_blank=True, help_text="Whether they agree to be called.")
    province = CharField()
    city = CharField()
    district = CharField()
    address = CharField()
    phones = PhoneShown(many=True)


class Note(serializers.Serializer):
    id = IntegerField()
    text = CharField()
    author = CharField()
    created_at = DateTimeField()


class OrderRow(serializers.Serializer):
    number = CharField()
    product = CharField()
    quantity = IntegerField()
    amount = CharField(help_text='"299.00"')
    state = CharField()
    state_name = CharField()
    open = BooleanField()
    created_at = DateTimeField()


class FoundOrder(OrderRow):
    customer = CustomerRow()


class CategoryShown(serializers.Serializer):
    id = IntegerField()
    name = CharField()
    path = serializers.ListField(child=CharField(), help_text="Names from the top.")


class ComplaintShown(serializers.Serializer):
    id = IntegerField()
    customer = IntegerField()
    call = CharField()
    order = CharField()
    category = CategoryShown(allow_null=True)
    text = CharField()
    state = ChoiceField(Complaint.State.choices)
    state_name = CharField()
    resolution = CharField()
    created_at = DateTimeField()
    due_at = DateTimeField(allow_null=True)
    closed_at = DateTimeField(allow_null=True)


class CustomerNamed(serializers.Serializer):
    id = IntegerField()
    name = CharField()


class Record(serializers.Serializer):
    id = IntegerField()
    call = CharField()
    agent = AgentNamed(allow_null=True)
    customer = CustomerNamed(allow_null=True)
    order = CharField()
    category = CategoryShown(allow_null=True)
    result = ChoiceField(ServiceRecord.Result.choices, allow_blank=True)
    result_name = CharField()
    summary = CharField()
    follow_up = serializers.DateField(allow_null=True)
    followed_up_at = DateTimeField(allow_null=True)
    created_at = DateTimeField()
    updated_at = DateTimeField()
    editable = BooleanField(help_text="By who asks.")


class Records(serializers.Serializer):
    records = Record(many=True)


class Followup(Record):
    number = NumberShown()


class Followups(serializers.Serializer):
    followups = Followup(many=True)


class Callback(serializers.Serializer):
    id = CharField()
    kind = CharField(help_text="callback, or a task's.")
    kind_name = CharField()
    state = CharField()
    state_name = CharField()
    label = CharField(help_text="The TV station of the number they called.")
    dnis = CharField()
    due_at = DateTimeField(allow_null=True)
    attempts = IntegerField()
    number = NumberShown()
    customer = CustomerRow(allow_null=True)
    queue = QueueNamed(allow_null=True)
    source = CharField()
    source_name = CharField()
    reason = CharField()
    language = CharField()
    asked_at = DateTimeField()
    times_asked = IntegerField()
    call = CharField()


class Callbacks(serializers.Serializer):
    callbacks = Callback(many=True)


class HistoryRecording(serializers.Serializer):
    id = CharField()
    state = ChoiceField(["recording", "raw", "ready", "failed", "deleted"])
    seconds = FloatField()
    audio = CharField(allow_null=True, help_text="Where it can be heard; null when it cannot, or not by you.")


class HistoryCall(serializers.Serializer):
    id = CharField()
    direction = ChoiceField(DIRECTIONS)
    at = DateTimeField()
    number = NumberShown()
    dnis = CharField()
    label = CharField()
    queue = QueueNamed(allow_null=True)
    agent = AgentNamed(allow_null=True)
    outcome = CharField()
    outcome_name = CharField()
    waited = FloatField()
    talked = FloatField()
    voicemail = BooleanField()
    records = Record(many=True)
    recordings = HistoryRecording(many=True)


class CustomerWhole(CustomerRow):
    identified = BooleanField(help_text="They proved it, or chose it, in the flow.")
    salutation = CharField()
    notes = Note(many=True)
    orders = OrderRow(many=True, help_text="Open ones, then the latest.")
    complaints = ComplaintShown(many=True, help_text="Open ones.")
    callbacks = Callback(many=True, help_text="Open ones.")


class CustomerCard(CustomerWhole):
    history = HistoryCall(many=True)


class PathStep(serializers.Serializer):
    at = DateTimeField()
    step = CharField()
    text = CharField()
    seconds = FloatField(allow_null=True, help_text="Until the next step.")


class PopCall(serializers.Serializer):
    id = CharField()
    direction = ChoiceField(DIRECTIONS)
    state = CharField()
    number = NumberShown()
    province = CharField()
    city = CharField()
    name = CharField(help_text="As the network tells it.")
    dnis = CharField()
    label = CharField()
    language = CharField()
    queue = QueueNamed(allow_null=True)
    agent = AgentNamed(allow_null=True)
    started_at = DateTimeField()
    queued_at = DateTimeField(allow_null=True)
    connected_at = DateTimeField(allow_null=True)
    ended_at = DateTimeField(allow_null=True)
    waited = FloatField(help_text="Seconds so far.")
    path = PathStep(many=True)
    transferred_by = AgentNamed(allow_null=True)


class NewCustomer(serializers.Serializer):
    name = CharField()
    title = CharField()
    language = CharField()
    province = CharField()
    city = CharField()
    address = CharField()
    phones = NumberShown(many=True)


class ScriptShown(serializers.Serializer):
    id = IntegerField()
    situation = ChoiceField(Script.Situation.choices)
    title = CharField()
    text = CharField()


class Pop(serializers.Serializer):
    call = PopCall()
    customers = CustomerWhole(many=True, help_text="All whose number it is, the identified first.")
    new_customer = NewCustomer(allow_null=True, help_text="What is known of an unknown caller.")
    history = HistoryCall(many=True, help_text="The last calls of these numbers and customers.")
    record = Record(allow_null=True, help_text="Mine of this call.")
    handed_over = Record(many=True, help_text="Of this call, by who had it before.")
    script = CharField(help_text="The greeting.")
    scripts = ScriptShown(many=True, help_text="The best first.")


class CategoryLeaf(serializers.Serializer):
    id = IntegerField()
    code = CharField()
    name = CharField()


class CategoryNode(CategoryLeaf):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "children": CategoryNode(many=True)}


class ResultNamed(serializers.Serializer):
    code = ChoiceField(ServiceRecord.Result.choices)
    name = CharField()


class Categories(serializers.Serializer):
    categories = CategoryNode(many=True)
    results = ResultNamed(many=True)


class Found(serializers.Serializer):
    customers = CustomerRow(many=True)
    orders = FoundOrder(many=True)
    more = BooleanField()


class Sender(serializers.Serializer):
    user = CharField()
    number = CharField()
    name = CharField()


class Recipient(serializers.Serializer):
    """Of `seat`, `group` and `user`, the one that `to` says."""

    to = ChoiceField(["seat", "group", "user"])
    name = CharField()
    seat = CharField(required=False)
    group = CharField(required=False)
    user = CharField(required=False)


class MessageShown(serializers.Serializer):
    id = IntegerField()
    to = Recipient()
    text = CharField()
    sent_at = DateTimeField()
    mine = BooleanField()
    read_at = DateTimeField(allow_null=True)
    reads = IntegerField(allow_null=True, help_text="For who wrote it: by how many it was read.")
    of = IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": Sender()}


class Messages(serializers.Serializer):
    messages = MessageShown(many=True)
    unread = IntegerField()
    more = BooleanField()


class Unread(serializers.Serializer):
    unread = IntegerField()


class SeatOfRecipients(AgentNamed):
    group = CharField()
    state = CharField()


class LeadNamed(serializers.Serializer):
    user = CharField()
    name = CharField()


class Recipients(serializers.Serializer):
    seats = SeatOfRecipients(many=True)
    groups = QueueNamed(many=True)
    leads = LeadNamed(many=True)


class CustomerOpened(CustomerNamed):
    number = CharField()


class Opening(serializers.Serializer):
    at = DateTimeField()
    user = CharField(source="user.username")
    customer = serializers.SerializerMethodField(help_text="Without a name and number when it was deleted.")
    call = CharField(help_text='The call whose pop it was; "" for the card.')
    address = CharField(allow_null=True)

    def get_customer(self, row: Any) -> CustomerOpened:
        known = self.context["names"].get(row.customer)
        return {"id": row.customer, "name": known.name if known else "", "number": known.number if known else ""}
