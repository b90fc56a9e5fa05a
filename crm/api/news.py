"""News for the seats."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.models import SeatGroup
from ccenter.office import rights
from ccenter.office.rest import Entities, RowBody, Strict
from crm.api.fields import login_of
from crm.models import News
from crm.selectors import news as selectors
from crm.selectors.service_lists import NewsFilters
from crm.services import news as services
from crm.services import rows

Values = dict[str, Any]


class NewsBody(RowBody):
    """`groups` empty: for everybody. `again`, in a change: it has to be read anew. `read_at`, `confirmed_at`: by who asks."""

    groups = serializers.SlugRelatedField("code", many=True, queryset=SeatGroup.objects.all(), required=False)
    again = serializers.BooleanField(required=False, write_only=True)
    author = login_of()
    read_at = serializers.DateTimeField(read_only=True, allow_null=True, default=None)
    confirmed_at = serializers.DateTimeField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = News
        fields = [
            *("id", "version", "title", "text", "must_read", "groups", "edition", "again", "from_at", "until", "author"),
            *("created_at", "read_at", "confirmed_at"),
        ]
        read_only_fields = ["created_at"]


class ReadBody(Strict):
    confirm = serializers.BooleanField(required=False)


class ReaderBody(serializers.Serializer):
    user = serializers.CharField(source="username")
    seat = serializers.CharField(source="seat.number", default="")
    read_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)


class Pieces(Entities[News]):
    """News for the seats 公告: those that are for who asks now; for who may write them, all."""

    entity = "news"
    queryset = News.objects.all()
    serializer_class = NewsBody
    filterset_class = NewsFilters
    search_fields = ["title", "text"]
    ordering_fields = ["from_at"]

    def rows(self) -> Any:
        everything = rights.may(self.user, "news.add")
        found = selectors.read_by(News.objects.all(), self.user) if everything else selectors.news_for(self.user, timezone.now())
        return found.select_related("author").prefetch_related("groups")

    def add(self, values: Values) -> News:
        values.pop("again", None)
        return services.add_news(self.user, values, values.pop("groups", ()))

    def change(self, row: News, values: Values) -> News:
        groups, again = values.pop("groups", None), values.pop("again", False)
        return services.change_news(self.user, row, values, groups, again)

    def remove(self, row: News) -> None:
        rows.delete(self.user, "news", row)

    @extend_schema(request=ReadBody, responses=NewsBody)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Who asks has read it, and confirms it."""
        row = self.get_object()
        services.read(self.user, row, self.body(ReadBody).get("confirm", False))
        return self.answer(row)

    @extend_schema(responses=ReaderBody(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def readers(self, request: Request, pk: str) -> Response:
        """Whom it is for, and when they read and confirmed it; who has not comes first."""
        return Response(ReaderBody(selectors.readers(self.get_object()), many=True).data)
