"""What screens ask about callbacks beside the list: the one a seat has in hand, its questionnaire, the surge attendant."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField, DateTimeField, DecimalField, FloatField, IntegerField, ListField

from ccenter.calls.api.base import HasSeat
from ccenter.desktop import answers, services
from ccenter.desktop.api import DeskView
from ccenter.desktop.callbacks import reading, surge, tasks, words
from ccenter.desktop.guides import guides
from ccenter.desktop.shapes import Shapes
from ccenter.office.rights import require


class Choice(serializers.Serializer):
    code = CharField()
    name = CharField()


class Attempted(serializers.Serializer):
    at = DateTimeField()
    agent = CharField()
    result = CharField()


class HeldCallback(answers.Callback):
    chosen = CharField(help_text="What they had chosen, in words.")
    result_name = CharField(help_text="Of the last attempt.")
    tried = Attempted(many=True)


class AboutTask(serializers.Serializer):
    reason = CharField()
    order = CharField()
    questions = BooleanField(help_text="Whether there is a questionnaire.")


class Hand(serializers.Serializer):
    callback = HeldCallback(allow_null=True)
    until = DateTimeField(allow_null=True, help_text="While it is shown to the seat: until then.")
    results = Choice(many=True, help_text="What may be said of it now.")
    task = AboutTask(allow_null=True)


class HandView(DeskView):
    permission_classes = [HasSeat]

    @extend_schema(responses=Hand, tags=["desk"], operation_id="desk_callback_in_hand")
    def get(self, request: Request) -> Response:
        """The callback that is shown to my seat, that I call just now, or have called and may say the result of."""
        assert self.seat is not None
        row = reading.in_hand(self.seat.number)
        if row is None:
            return Response({"callback": None, "until": None, "results": [], "task": None})
        reading.dress(request.user, [row])
        known, shapes = guides(), Shapes(request.user)
        said = row.state in ("DIALLING", "TALKING", "RESULT")
        tried = [
            {"at": one.at, "agent": reading.agent(one.agent, known), "result": one.result_name}
            for one in reading.attempts(request.user, row)
            if one.result
        ]
        told = {
            **shapes.callback(row, row.owner),
            "chosen": row.chosen_name,
            "result_name": row.result_name,
            "tried": tried[:5],
        }
        results = [{"code": code, "name": str(words.RESULTS[code])} for code in words.BY_AGENT] if said else []
        return Response({"callback": told, "until": reading.until_of(row), "results": results, "task": tasks.about(row)})


class QuestionsAddress(serializers.Serializer):
    address = CharField(help_text="Of the page with the questions.")


class QuestionsView(DeskView):
    permission_classes = [HasSeat]

    @extend_schema(request=None, responses=QuestionsAddress, tags=["desk"], operation_id="desk_callback_questions")
    def post(self, request: Request, ident: str) -> Response:
        """Begins the questionnaire of a callback, or goes on with it."""
        address = tasks.questions(request.user, ident)
        if address is None:
            raise services.NotThere
        return Response({"address": address})


# -- the surge attendant ---------------------------------------------------------------------------------------


class Lines(serializers.Serializer):
    busy = IntegerField()
    lines = IntegerField()
    kept = IntegerField()


class TrunkNow(serializers.Serializer):
    code = CharField()
    name = CharField()
    capacity = IntegerField()
    kept = IntegerField()
    in_use = IntegerField()
    use = FloatField()


class SurgeNow(serializers.Serializer):
    code = CharField()
    name = CharField()
    on = BooleanField()
    since = DateTimeField(allow_null=True)
    busy = IntegerField()
    lines = IntegerField()
    use = FloatField(help_text="Busy over existing lines.")
    share = FloatField(help_text="Of new calls, that the machine takes now.")
    credit = FloatField(help_text="What earlier calls left over; the call that makes it one is taken.")
    taken = IntegerField()
    passed = IntegerField()
    highest = FloatField()
    curve = ListField(child=ListField(child=FloatField()))
    until = FloatField(help_text="The use below which it ends.")


class SurgeToday(serializers.Serializer):
    captured = IntegerField(help_text="Who was promised a call.")
    reached = IntegerField(help_text="Who was reached by one.")
    called_in = IntegerField(help_text="Who rang in again first.")
    open = IntegerField()
    bought = IntegerField(help_text="Who ordered in such a call.")
    amount = DecimalField(max_digits=14, decimal_places=2)
    taken = IntegerField(help_text="Calls that the machine took, of all queues.")
    line_time = FloatField(allow_null=True, help_text="Median of how long such a call kept a line.")


class SurgeLive(serializers.Serializer):
    at = DateTimeField()
    lines = Lines()
    trunks = TrunkNow(many=True)
    surges = SurgeNow(many=True)
    today = SurgeToday()


class SurgeLiveView(DeskView):
    @extend_schema(responses=SurgeLive, tags=["desk"], operation_id="desk_surge")
    def get(self, request: Request) -> Response:
        """The surge attendant now: lines, share, whom it took today and what became of them. For leads."""
        require(request.user, "surges.view")
        return Response(SurgeLive(surge.live(request.user)).data)
