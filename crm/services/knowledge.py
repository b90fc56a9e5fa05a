"""Writes of the knowledge base. A version is written, handed in, approved or refused; a live one is never changed."""

from typing import Any

from django.contrib.postgres.search import SearchVector
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from crm.models import Article, ArticleVersion, ArticleVote
from crm.segmentation import words_in
from crm.services.categories import usable

State = ArticleVersion.State
IN_WORK = (State.DRAFT, State.SUBMITTED, State.REFUSED)
TEXT = {"question", "answer", "keywords", "valid_from", "valid_until"}
NO_VERSION = _("There is no such version of this article.")
# What may follow what.
STEPS = {
    State.DRAFT: (State.SUBMITTED,),
    State.SUBMITTED: (State.LIVE, State.REFUSED, State.DRAFT),
    State.REFUSED: (State.DRAFT, State.SUBMITTED),
    State.LIVE: (State.RETIRED,),
    State.RETIRED: (),
}


@transaction.atomic
def add_article(user: Any, values: dict[str, Any]) -> Article:
    """`values`: category, products, language of the article; question, answer, keywords, valid_from, valid_until of its draft."""
    text = {name: value for name, value in values.items() if name in TEXT}
    article = Article(author=user, **{name: value for name, value in values.items() if name not in TEXT})
    usable(article.category)
    article.clean_fields(exclude=["author", "category"])
    article.save()
    _write(ArticleVersion(article=article, number=1, author=user), text)
    audit(user, "articles.add", article, {"question": (None, text.get("question"))})
    return article


@transaction.atomic
def change_article(user: Any, article: Article, values: dict[str, Any]) -> Article:
    """Where it belongs, and the text: in the version in work, or a new draft made of the live one."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    before = state_of(article)
    usable(values.get("category"), article.category_id)
    text = {name: value for name, value in values.items() if name in TEXT}
    own = {name: value for name, value in values.items() if name not in TEXT}
    for name, value in own.items():
        setattr(article, name, value)
    article.clean_fields(exclude=["author", "category"])
    changes = changed(before, article)
    if changes:
        article.save(update_fields=list(own))
    if text and _differs(text, latest(article)):
        draft = _draft(user, article)
        was = state_of(draft, without=["words"])
        _write(draft, text)
        changes |= changed(was, draft)
    if changes:
        audit(user, "articles.change", article, changes)
    return article


def latest(article: Article) -> ArticleVersion:
    """The version in work, else the newest."""
    version = article.versions.order_by("-number").first()
    assert version is not None  # an article is made with one
    return version


def _differs(text: dict[str, Any], version: ArticleVersion) -> bool:
    return any(getattr(version, name) != value for name, value in text.items())


def _draft(user: Any, article: Article) -> ArticleVersion:
    """What is worked on; one that was handed in is a draft again: who approved it would have read another text."""
    there = article.versions.select_for_update().filter(state__in=IN_WORK).first()
    if there is not None:
        if there.state == State.SUBMITTED:
            raise Conflict({"state": _("This version waits for approval: take it back first.")})
        there.state = State.DRAFT
        return there
    base = latest(article)
    number = (article.versions.aggregate(most=Max("number"))["most"] or 0) + 1
    return ArticleVersion(article=article, number=number, author=user, **{name: getattr(base, name) for name in TEXT})


def _write(version: ArticleVersion, text: dict[str, Any]) -> None:
    for name, value in text.items():
        setattr(version, name, value)
    version.keywords = list(dict.fromkeys(word.strip() for word in version.keywords if word.strip()))
    version.clean_fields(exclude=["article", "author", "decided_by", "words"])
    if version.valid_from and version.valid_until and version.valid_until < version.valid_from:
        raise ValidationError({"valid_until": _("It would end before it begins.")})
    version.save()


@transaction.atomic
def step(user: Any, article: Article, to: str, comment: str = "") -> ArticleVersion:
    """Hands in (submitted), takes back (draft), approves (live), refuses, retires. Raises Conflict, ValidationError."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    wanted = State(to)
    versions = article.versions.select_for_update()
    version = versions.filter(state=State.LIVE).first() if wanted is State.RETIRED else versions.filter(state__in=IN_WORK).first()
    if version is None or wanted not in STEPS[State(version.state)]:
        raise Conflict({"state": _("There is no version of this article that can become “%(to)s”.") % {"to": wanted.label}})
    if wanted is State.REFUSED and not comment.strip():
        raise ValidationError({"comment": _("Please say why.")})
    before = state_of(version, without=["words"])
    if wanted is State.LIVE:
        versions.filter(state=State.LIVE).update(state=State.RETIRED)
        version.words = _vector(version)
    version.state = wanted
    if wanted in (State.LIVE, State.REFUSED, State.RETIRED):
        version.decided_by, version.decided_at, version.comment = user, timezone.now(), comment.strip()
    version.clean_fields(exclude=["article", "author", "decided_by", "words"])
    version.save()
    audit(user, "articles.step", article, changed(before, version))
    return version


def _vector(version: ArticleVersion) -> Any:
    """The question weighs most, then the key words, then the answer."""
    parts = (("A", version.question), ("B", " ".join(version.keywords)), ("C", version.answer))
    vectors = [SearchVector(Value(" ".join(words_in(text))), weight=weight, config="simple") for weight, text in parts]
    return vectors[0] + vectors[1] + vectors[2]


@transaction.atomic
def vote(user: Any, version: ArticleVersion, useful: bool, call: str = "") -> ArticleVersion:
    """Was it of use? Who votes again changes their mind."""
    version = ArticleVersion.objects.select_for_update().defer("words").get(pk=version.pk)
    there = ArticleVote.objects.filter(version=version, user=user).first()
    if there is None:
        ArticleVote.objects.create(version=version, user=user, useful=useful, call=call)
    elif there.useful != useful:
        ArticleVote.objects.filter(pk=there.pk).update(useful=useful, call=call, at=timezone.now())
    counts = {"useful": 0, "useless": 0}
    counts["useful" if useful else "useless"] += there is None or there.useful != useful
    counts["useless" if useful else "useful"] -= there is not None and there.useful != useful
    if any(counts.values()):
        mine = ArticleVersion.objects.filter(pk=version.pk)
        mine.update(useful=F("useful") + counts["useful"], useless=F("useless") + counts["useless"])
        version.refresh_from_db(fields=["useful", "useless"])
    return version
