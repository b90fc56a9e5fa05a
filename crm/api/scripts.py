"""Scripts, and going through their steps with a customer."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.rights import may_see_call
from ccenter.office.rest import Adds, Entities, RowBody, Strict
from crm.api.fields import CallField, login_of
from crm.models import Customer, OutboundTask, Script, ScriptAnswer, ScriptRun
from crm.script_trees import LONGEST_ANSWER
from crm.selectors import script_runs as selectors
from crm.services import rows, script_runs, settings

Values = dict[str, Any]


class OptionBody(Strict):
    value = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=200)
    next = serializers.CharField(max_length=40, required=False, allow_blank=True)


class TreeStepBody(Strict):
    text = serializers.CharField(max_length=4000)
    answer = serializers.ChoiceField(["none", "choice", "yes_no", "scale", "text", "number", "date"], required=False)
    options = OptionBody(many=True, required=False, max_length=50)
    required = serializers.BooleanField(required=False)
    next = serializers.CharField(max_length=40, required=False, allow_blank=True)
    least = serializers.IntegerField(min_value=0, max_value=9, required=False, help_text="Of a scale; 1.")
    most = serializers.IntegerField(min_value=1, max_value=10, required=False, help_text="Of a scale; 5.")


class TreeBody(Strict):
    """Where it starts, and the steps by name."""

    start = serializers.CharField(max_length=40)
    steps = serializers.DictField(child=TreeStepBody())


class ScriptBody(RowBody):
    steps = TreeBody(required=False, allow_null=True)

    class Meta:
        model = Script
        fields = [
            *("id", "version", "title", "situation", "language", "text", "queue", "label", "audience", "level", "steps"),
            *("position", "active"),
        ]


class CountBody(serializers.Serializer):
    step = serializers.CharField()
    value = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField()


class Scripts(Entities[Script]):
    """What agents say 话术, and the steps to go through after it."""

    entity = "scripts"
    queryset = Script.objects.all()
    serializer_class = ScriptBody
    filterset_fields = ["situation", "language", "queue", "label", "audience", "level", "active"]
    search_fields = ["title", "text"]
    ordering_fields = ["position", "title"]

    def add(self, values: Values) -> Script:
        return settings.save_script(self.user, None, values)

    def change(self, row: Script, values: Values) -> Script:
        return settings.save_script(self.user, row, values)

    def remove(self, row: Script) -> None:
        rows.delete(self.user, "scripts", row)

    @extend_schema(responses=CountBody(many=True), filters=False)
    @action(detail=True, methods=["get"], right="view", pagination_class=None)
    def counts(self, request: Request, pk: str) -> Response:
        """How often each answer was given."""
        return Response(selectors.counts(self.get_object()))


class GivenBody(serializers.ModelSerializer):
    class Meta:
        model = ScriptAnswer
        fields = ["step", "question", "value", "label", "at"]


class AskedOptionBody(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()


class AskedBody(serializers.Serializer):
    step = serializers.CharField()
    text = serializers.CharField()
    answer = serializers.CharField()
    required = serializers.BooleanField()
    options = AskedOptionBody(many=True)
    points = serializers.ListField(child=serializers.CharField(), help_text="Of a scale.")


class RunBody(RowBody):
    """`asked`: what is to be said now; null at the end."""

    script = serializers.PrimaryKeyRelatedField(queryset=Script.objects.all())
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"), required=False, allow_null=True)
    call = CallField(allow_blank=True)
    task = serializers.PrimaryKeyRelatedField(
        queryset=OutboundTask.objects.all(),
        required=False,
        allow_null=True,
        help_text="The outbound call it is the questionnaire of.",
    )
    user = login_of()
    answers = GivenBody(many=True, read_only=True)
    asked = serializers.SerializerMethodField()

    class Meta:
        model = ScriptRun
        fields = ["id", "script", "call", "customer", "task", "user", "agent", "started_at", "finished_at", "answers", "asked"]
        read_only_fields = ["agent", "started_at", "finished_at"]

    @extend_schema_field(AskedBody(allow_null=True))
    def get_asked(self, run: ScriptRun) -> Values | None:
        """Of a single run; a list does not say it."""
        if self.context["view"].action == "list":
            return None
        return selectors.next_step(run, self.context["request"].user)


class AnswerBody(Strict):
    step = serializers.CharField(max_length=40)
    value = serializers.CharField(max_length=LONGEST_ANSWER, required=False, allow_blank=True)
    product = serializers.CharField(max_length=100, required=False, help_text="For the place {product}.")
    order = serializers.CharField(max_length=16, required=False, help_text="For the place {order}.")


class Runs(Adds[ScriptRun]):
    """Scripts gone through with customers. A POST for a script that this user has begun in the call goes on with that."""

    entity = "script_runs"
    queryset = selectors.runs()
    serializer_class = RunBody
    filterset_fields = ["script", "call", "customer", "task", "agent"]
    ordering_fields = ["started_at"]

    def add(self, values: Values) -> ScriptRun:
        if values.get("call") and not may_see_call(self.user, values["call"]):
            raise serializers.ValidationError({"call": [script_runs.NO_CALL]})
        return script_runs.start(self.user, values.pop("script"), **values)

    @extend_schema(request=AnswerBody, responses=RunBody)
    @action(detail=True, methods=["post"], right="change")
    def answer_step(self, request: Request, pk: str) -> Response:
        """Keeps what was answered at a step, now or anew, and goes on."""
        body = self.body(AnswerBody)
        run = script_runs.answer(self.user, self.get_object(), body.pop("step"), body.pop("value", ""), **body)
        return self.answer(run)
