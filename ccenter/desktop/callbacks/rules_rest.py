"""/api/callback-rules/ and /api/surges/: how queues work off callbacks, lines kept, who is called back, surge curves.

Rights, checks and the log are those of the pages (`ruling`). Times are seconds. What was changed is live within a second.
"""

from typing import Any, TypeVar, get_args

import msgspec
from django.db.models import Model, QuerySet
from rest_framework import serializers

from ccenter.acd.config import OWED, CallbackMode, CallbackRules
from ccenter.calls.models import CentreSettings, Flow, Number, Queue, Surge, Trunk
from ccenter.desktop.callbacks import ruling
from ccenter.office.rest import Changes, Entities, RowBody, Rows
from crm.services import rows

Row = TypeVar("Row", bound=Model)
Values = dict[str, Any]
RULES = CallbackRules.__struct_fields__


class Ruled(Rows[Row]):
    """Rows of the configuration, which have no count of changes."""

    versioned = True
    ordering = "code"

    def etag(self, row: Row) -> str:
        return f'"{ruling.version(row)}"'


def _figure(name: str, kind: type[serializers.Field] = serializers.FloatField, **options: Any) -> Any:
    low, high = ruling.LIMITS[name]
    return kind(min_value=low, max_value=high, required=False, **options)


def _code(model: type[Model], code: str = "code", **options: Any) -> Any:
    return serializers.SlugRelatedField(code, queryset=model._default_manager.all(), required=False, **options)


def _prompt(text: str) -> Any:
    return serializers.CharField(max_length=ruling.LONGEST_PROMPT, allow_blank=True, required=False, help_text=text)


class QueueRulesBody(RowBody):
    """As the core reads them. What is not sent stays, with PUT too."""

    mode = serializers.ChoiceField(get_args(CallbackMode), required=False)
    in_turn = serializers.BooleanField(required=False, help_text="Who asked while waiting is called when it is their turn.")
    first = serializers.ChoiceField(["agent", "caller"], required=False, help_text="Rung first when dialled by itself.")
    against_callers = serializers.ChoiceField(["callers_first", "by_age", "callbacks_first"], required=False)
    calendar = serializers.CharField(
        max_length=40, allow_blank=True, required=False, help_text='Its code: hours on the customer\'s clock; "" always.'
    )
    caller_id = serializers.CharField(
        max_length=20, allow_blank=True, required=False, help_text='One of our numbers; "" the one they called.'
    )
    most_attempts = _figure("most_attempts", serializers.IntegerField)
    expire_seconds = _figure("expire_seconds")
    retries = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField()),
        required=False,
        help_text=f"Pauses after {', '.join(ruling.RETRIED)}; what is not named stays, an empty list: not again.",
    )
    ring_seconds = _figure("ring_seconds")
    preview_seconds = _figure("preview_seconds")
    skip_seconds = _figure("skip_seconds")
    result_seconds = _figure("result_seconds")
    own_agent_seconds = _figure("own_agent_seconds", help_text="An agent's own follow-up is left to them so long.")
    detect = serializers.BooleanField(required=False, help_text="Find answering machines out.")
    detect_seconds = _figure("detect_seconds")
    on_machine = _prompt('For the machine; "" hangs up.')
    greeting = _prompt("For who is rung before an agent is.")
    survey = _code(Flow, allow_null=True, help_text="The flow after the call.")

    class Meta:
        model = Queue
        fields = ["id", "code", "name", *RULES, "survey"]
        read_only_fields = ["code", "name"]

    def to_representation(self, row: Queue) -> Values:
        rules = msgspec.to_builtins(msgspec.convert(row.callbacks, CallbackRules))
        survey = row.survey.code if row.survey else None
        return {"id": row.pk, "code": row.code, "name": row.name, **rules, "survey": survey}


class QueueRules(Ruled[Queue], Changes[Queue]):
    """How each queue works off its callbacks; a lead's are the queues their groups serve."""

    entity = "callback_rules"
    queryset = Queue.objects.select_related("survey")
    serializer_class = QueueRulesBody
    filterset_fields = ["code"]

    def rows(self) -> QuerySet[Queue]:
        fake = getattr(self, "swagger_fake_view", False)
        return super().rows() if fake else ruling.queues_of(self.user).select_related("survey")

    def change(self, row: Queue, values: Values) -> Queue:
        return ruling.change_queue(self.user, row, values)


class KeptLineBody(RowBody):
    """`kept`: channels that callbacks and machines leave free for who calls in."""

    class Meta:
        model = Trunk
        fields = ["id", "code", "name", "capacity", "kept", "outbound", "enabled"]
        read_only_fields = ["code", "name", "outbound", "enabled"]


class KeptLines(Ruled[Trunk], Changes[Trunk]):
    """Channels of each trunk, and how many of them are kept."""

    entity = "callback_rules"
    queryset = Trunk.objects.defer("secret")
    serializer_class = KeptLineBody
    filterset_fields = ["code", "enabled", "outbound"]

    def change(self, row: Trunk, values: Values) -> Trunk:
        return ruling.change_lines(self.user, row, values)


class CentreRulesBody(RowBody):
    callback_queue = _code(Queue, allow_null=True, help_text="Of callers who reached no queue; null the first.")
    owes = serializers.ListField(child=serializers.ChoiceField(OWED), required=False, help_text="Who is called back.")
    needs_consent = serializers.ListField(
        child=serializers.ChoiceField(ruling.NEED_CONSENT),
        required=False,
        help_text="For these, only customers with `consent` yes are called. Who asked for a callback has agreed to that call.",
    )

    class Meta:
        model = CentreSettings
        fields = ["id", *ruling.OF_CENTRE]


class CentreRules(Ruled[CentreSettings], Changes[CentreSettings]):
    """What holds for all queues: one row, with the id 1."""

    entity = "callback_rules"
    queryset = CentreSettings.objects.select_related("callback_queue")
    serializer_class = CentreRulesBody
    ordering = "id"

    def rows(self) -> QuerySet[CentreSettings]:
        fake = getattr(self, "swagger_fake_view", False)
        return super().rows() if fake else ruling.centre().select_related("callback_queue")

    def change(self, row: CentreSettings, values: Values) -> CentreSettings:
        return ruling.change_centre(self.user, row, values)


class SurgeBody(RowBody):
    """`trunks`: none, all; `numbers`: none, all that come over the trunks; with some, `lines` is how many they have."""

    curve = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        max_length=ruling.MOST_POINTS,
        help_text="[[use, share taken], ...], both 0 to 1, use rising; none are taken below the first.",
    )
    trunks = _code(Trunk, many=True)
    numbers = _code(Number, "number", many=True)
    hysteresis = _figure("hysteresis", help_text="It ends when use is so far below the first of the curve.")
    every = _figure("every", help_text="One call in so many seconds at most; 0: as the curve says.")
    exempt_priority = _figure("exempt_priority", serializers.IntegerField, allow_null=True)
    exempt_seconds = _figure("exempt_seconds", help_text="It waits so long to know of an open order.")

    class Meta:
        model = Surge
        fields = [
            *("id", "code", "name", "enabled", "position", "curve", "hysteresis", "every", "trunks", "numbers", "lines"),
            *("exempt_priority", "exempt_orders", "exempt_seconds", "flow"),
        ]


class Surges(Ruled[Surge], Entities[Surge]):
    """The surge attendants: the first that fits a call decides. The code stays."""

    entity = "surges"
    queryset = Surge.objects.prefetch_related("trunks", "numbers")
    serializer_class = SurgeBody
    filterset_fields = ["code", "enabled"]
    ordering = "position"
    ordering_fields = ["position", "code"]

    def add(self, values: Values) -> Surge:
        return ruling.save_surge(self.user, None, values)

    def change(self, row: Surge, values: Values) -> Surge:
        return ruling.save_surge(self.user, row, values)

    def remove(self, row: Surge) -> None:
        rows.delete(self.user, "surges", row)
