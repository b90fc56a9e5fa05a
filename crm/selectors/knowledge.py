"""The knowledge base as it is asked."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, FloatField, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Cast

from crm.models import Article, ArticleVersion, ArticleVote
from crm.segmentation import words_of
from crm.selectors.categories import Tree, tree


def live(today: date) -> QuerySet[ArticleVersion]:
    """What holds today, with its article. `today` is the centre's day."""
    holds = Q(state=ArticleVersion.State.LIVE)
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=today)
    not_over = Q(valid_until__isnull=True) | Q(valid_until__gte=today)
    return ArticleVersion.objects.filter(holds & begun & not_over).select_related("article__category").defer("words")


def find(
    text: str, today: date, *, category: int | None = None, product: str = "", language: str = "", most: int = 20
) -> list[ArticleVersion]:
    """The best answers first, by what they say and by how useful they were. Without `text` the most useful ones.

    `category` takes in those below it. Two queries; one without a category.
    """
    rows = live(today)
    if category is not None:
        rows = rows.filter(article__category__in=below(tree(), category))
    if product:
        rows = rows.filter(article__products__contains=[product])
    if language:
        rows = rows.filter(article__language=language)
    # from a half (of no use at all) to one and a half; one who nobody voted for is in the middle
    votes = Cast(F("useful") + 1, FloatField()) / Cast(F("useful") + F("useless") + 2, FloatField())
    words = words_of(text)
    if not words:
        return list(rows.annotate(score=votes + Value(0.5)).order_by("-score", "-useful", "-pk")[:most])
    query = SearchQuery(" | ".join(_quoted(word) for word in words), config="simple", search_type="raw")
    found = rows.filter(words=query).annotate(rank=SearchRank(F("words"), query))
    ranked = found.annotate(score=F("rank") * (votes + Value(0.5))).order_by("-score", "-pk")
    return list(ranked[:most])


def _quoted(word: str) -> str:
    """A word of letters and digits as a lexeme; of a Latin one the beginning is enough."""
    return f"'{word}':*" if word.isascii() and len(word) > 1 else f"'{word}'"


def below(known: Tree, category: int) -> list[int]:
    """A category and all under it."""
    found = [category]
    for one in found:
        found += [child.pk for child in known.children.get(one, ()) if child.pk not in found]
    return found


def to_approve() -> QuerySet[ArticleVersion]:
    """Handed in, the oldest first."""
    return (
        ArticleVersion.objects.filter(state=ArticleVersion.State.SUBMITTED)
        .select_related("article", "author")
        .order_by("created_at")
    )


def votes_of(user: Any, versions: Collection[int]) -> dict[int, bool]:
    """What a user said of these versions: {version: useful}. One query."""
    return dict(ArticleVote.objects.filter(user=user, version__in=versions).values_list("version", "useful"))


def listed() -> QuerySet[Article]:
    """With all their versions and who wrote and decided, for lists: two queries."""
    people = ("author__seat", "decided_by__seat")
    unread = [f"{who}__{what}" for who in ("author", "decided_by") for what in ("password", "seat__sip_password")]
    versions = ArticleVersion.objects.select_related(*people).defer("words", *unread)
    rows = Article.objects.select_related("author__seat").defer("author__password", "author__seat__sip_password")
    return rows.prefetch_related(Prefetch("versions", versions)).order_by("-created_at", "-id")


def articles() -> QuerySet[Article]:
    """With all their versions: two queries."""
    return Article.objects.select_related("category").prefetch_related("versions").order_by("-created_at", "-id")
