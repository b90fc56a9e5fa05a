"""What agents look up 常见问题: questions with approved answers."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language
from ccenter.office.models import Versioned
from crm.models.categories import Category


class Article(Versioned):
    """A question people ask. What is answered stands in its versions; at most one is `live`. `products`: their codes."""

    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    products = ArrayField(models.CharField(max_length=16), verbose_name=_("products"), default=list, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="articles_by_time"),
            GinIndex(fields=["products"], name="articles_of_a_product"),
        ]
        constraints = [models.CheckConstraint(condition=Q(products__len__lte=200), name="article_products")]

    def __str__(self) -> str:
        """What its newest version asks; a query where the versions were not fetched."""
        return max(self.versions.all(), key=lambda one: one.number).question if self.pk else ""


class ArticleVersion(Versioned):
    """An answer as it was, is or will be. `words`: what a search finds it by, made of its text by `crm.segmentation`.

    draft -> submitted -> live -> retired; submitted -> refused -> submitted. A live one is found from `valid_from` to
    `valid_until`, both days included; a newer one that goes live retires it. `useful` and `useless` count the votes.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("to be approved")
        REFUSED = "refused", _("refused")
        LIVE = "live", _("live")
        RETIRED = "retired", _("retired")

    article = models.ForeignKey(Article, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version number"))
    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(_("answer"), max_length=20_000)
    keywords = ArrayField(models.CharField(max_length=40), verbose_name=_("key words"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    comment = models.CharField(_("comment"), max_length=1000, blank=True)
    useful = models.PositiveIntegerField(_("useful"), default=0, editable=False)
    useless = models.PositiveIntegerField(_("of no use"), default=0, editable=False)
    words = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = _("version of an article")
        verbose_name_plural = _("versions of articles")
        ordering = ["-number"]
        indexes = [
            GinIndex(fields=["words"], name="articles_by_word", condition=Q(state="live")),
            models.Index(fields=["created_at"], name="articles_to_approve", condition=Q(state="submitted")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="one_article_version_a_number"),
            models.UniqueConstraint(fields=["article"], name="one_live_version", condition=Q(state="live")),
            models.UniqueConstraint(
                fields=["article"], name="one_version_in_work", condition=Q(state__in=["draft", "submitted", "refused"])
            ),
            models.CheckConstraint(condition=~Q(question="") & ~Q(answer=""), name="article_text"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_from__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="article_valid_forward",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted"]) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="article_decided_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(state="live") | Q(words__isnull=False), name="article_live_is_found"),
        ]

    def __str__(self) -> str:
        return self.question[:60]


class ArticleVote(models.Model):
    """Whether an answer was of use, one voice a person and version; `call` is where."""

    version = models.ForeignKey(ArticleVersion, models.CASCADE, related_name="votes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    useful = models.BooleanField(_("useful"))
    call = models.CharField(_("call"), max_length=40, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "user"], name="one_vote_a_version_and_user")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.user_id} {self.useful}"
