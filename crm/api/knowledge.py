"""The knowledge base: articles and their versions, searched and judged."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office import rights
from ccenter.office.rest import Adds, Changes, RowBody, Strict
from crm.api.fields import LARGEST_KEY, CallField, login_of
from crm.models import Article, ArticleVersion, Category
from crm.selectors import knowledge as selectors
from crm.selectors.service_lists import ArticleFilters
from crm.services import knowledge as services

Values = dict[str, Any]
State = ArticleVersion.State


class VersionBody(serializers.ModelSerializer):
    author = login_of()
    decided_by = login_of(allow_null=True)

    class Meta:
        model = ArticleVersion
        fields = [
            *("id", "number", "question", "answer", "keywords", "state", "valid_from", "valid_until", "author", "created_at"),
            *("decided_by", "decided_at", "comment", "useful", "useless"),
        ]


class ArticleBody(RowBody):
    """Question, answer, key words and validity are those of a draft: what is live stays until the draft is approved."""

    question = serializers.CharField(max_length=200, write_only=True)
    answer = serializers.CharField(max_length=20_000, write_only=True)
    keywords = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, required=False, write_only=True)
    valid_from = serializers.DateField(required=False, allow_null=True, write_only=True)
    valid_until = serializers.DateField(required=False, allow_null=True, write_only=True)
    products = serializers.ListField(child=serializers.CharField(max_length=16), max_length=200, required=False)
    author = login_of()
    versions = VersionBody(many=True, read_only=True)

    class Meta:
        model = Article
        fields = [
            *("id", "version", "category", "products", "language", "author", "created_at", "versions"),
            *("question", "answer", "keywords", "valid_from", "valid_until"),
        ]
        read_only_fields = ["created_at"]


class ArticleStepBody(Strict):
    to = serializers.ChoiceField(State.choices)
    comment = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class FindQuery(Strict):
    text = serializers.CharField(max_length=200, required=False, allow_blank=True)
    category = serializers.PrimaryKeyRelatedField(
        queryset=Category.objects.all(), required=False, help_text="And those below it."
    )
    product = serializers.CharField(max_length=16, required=False)
    language = serializers.ChoiceField(["zh", "en"], required=False)
    most = serializers.IntegerField(min_value=1, max_value=50, required=False)


class FoundBody(serializers.ModelSerializer):
    """`version`: what to judge."""

    article = serializers.IntegerField(source="article_id")
    version = serializers.IntegerField(source="pk")
    category = serializers.IntegerField(source="article.category_id", allow_null=True)
    products = serializers.ListField(child=serializers.CharField(), source="article.products")
    score = serializers.FloatField()

    class Meta:
        model = ArticleVersion
        fields = [
            *("article", "version", "question", "answer", "keywords", "category", "products", "valid_until", "useful", "useless"),
            "score",
        ]


class VoteBody(Strict):
    version = serializers.IntegerField(min_value=1, max_value=LARGEST_KEY)
    useful = serializers.BooleanField()
    call = CallField()


class Articles(Adds[Article], Changes[Article]):
    """Questions and approved answers 常见问题. Nothing is deleted: what does not hold any more is retired."""

    entity = "articles"
    queryset = Article.objects.select_related("category", "author").prefetch_related("versions__author", "versions__decided_by")
    serializer_class = ArticleBody
    filterset_class = ArticleFilters
    ordering_fields = ["created_at"]
    RIGHTS = {State.SUBMITTED: "submit", State.DRAFT: "submit", State.RETIRED: "approve", State.LIVE: "approve"}

    def add(self, values: Values) -> Article:
        return services.add_article(self.user, values)

    def change(self, row: Article, values: Values) -> Article:
        return services.change_article(self.user, row, values)

    @extend_schema(request=ArticleStepBody, responses=ArticleBody)
    @action(detail=True, methods=["post"], right="view")
    def step(self, request: Request, pk: str) -> Response:
        """Hands in (submitted), takes back (draft), approves (live), refuses, retires."""
        row, body = self.locked_row(), self.body(ArticleStepBody)
        rights.require(self.user, f"articles.{self.RIGHTS.get(State(body['to']), 'approve')}", row)
        services.step(self.user, row, body["to"], body.get("comment", ""))
        return self.answer(row)

    @extend_schema(parameters=[FindQuery], responses=FoundBody(many=True), filters=False)
    @action(detail=False, methods=["get"], right="view", pagination_class=None)
    def find(self, request: Request) -> Response:
        """What holds today, the best answer first. Without a text, the most useful ones."""
        asked = FindQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        where = dict(asked.validated_data)
        category = where.pop("category", None)
        text = where.pop("text", "")
        found = selectors.find(text, timezone.localdate(), category=category.pk if category else None, **where)
        return Response(FoundBody(found, many=True).data)

    @extend_schema(request=VoteBody, responses=VersionBody)
    @action(detail=True, methods=["post"])
    def vote(self, request: Request, pk: str) -> Response:
        """Was an answer of use? Who asks twice changes their mind."""
        body = self.body(VoteBody)
        version = ArticleVersion.objects.filter(article=self.get_object(), pk=body["version"]).first()
        if version is None:
            raise serializers.ValidationError({"version": [services.NO_VERSION]})
        return Response(VersionBody(services.vote(self.user, version, body["useful"], body.get("call", ""))).data)
