"""The knowledge base: asked beside a call, an article with its versions, writing, approving."""

import difflib
import re
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import OfficePage, gone_to
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Article, ArticleVersion
from crm.pages import service_forms as forms
from crm.pages.service_fields import CategoryField, call_of, mine, named
from crm.pages.service_filters import ArticleFilters
from crm.segmentation import words_of
from crm.selectors import categories, service_lists
from crm.selectors import knowledge as selectors
from crm.services import knowledge as services

State = ArticleVersion.State
TONES = {State.DRAFT: "", State.SUBMITTED: "warn", State.REFUSED: "bad", State.LIVE: "good", State.RETIRED: ""}
EXCERPT = 160  # signs of an answer beside its question
MOST = 30


class Part(NamedTuple):
    """A piece of a text; `hit`: it is what was asked for."""

    text: str
    hit: bool


def marked(text: str, words: list[str]) -> list[Part]:
    """A text in pieces, with the words in it that were asked for."""
    wanted = [re.escape(word) for word in sorted(words, key=len, reverse=True) if word]
    if not wanted:
        return [Part(text, False)]
    pieces = re.split(f"({'|'.join(wanted)})", text, flags=re.IGNORECASE)
    return [Part(piece, bool(place % 2)) for place, piece in enumerate(pieces) if piece]


def excerpt(text: str, words: list[str]) -> str:
    """Where in a text the first of the words stands, in one line."""
    flat = " ".join(text.split())
    places = [place for word in words if (place := flat.lower().find(word.lower())) >= 0]
    start = max(0, min(places, default=0) - 30)
    cut = flat[start : start + EXCERPT]
    return f"{'…' if start else ''}{cut}{'…' if start + EXCERPT < len(flat) else ''}"


# -- asked -----------------------------------------------------------------------------------------------------


class Knowledge(OfficePage):
    """?text=, ?category=, ?product=, ?language=, ?call=: answers that hold today, the best first. Alone, or beside a call."""

    entity, title = "articles", _("Knowledge")
    template, part = "crm/knowledge.html", "crm/knowledge_found.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET
        text = asked.get("text", "").replace("\0", "").strip()[:200]
        category, language = asked.get("category", ""), asked.get("language", "")
        words = words_of(text)
        found = selectors.find(
            text,
            timezone.localdate(),
            category=int(category) if category.isascii() and category.isdecimal() and len(category) < 10 else None,
            product=asked.get("product", "").replace("\0", "").strip()[:16],
            language=language if language in ("zh", "en") else "",
            most=MOST,
        )
        tree, votes = categories.tree(), selectors.votes_of(self.user, [one.pk for one in found])
        for one in found:
            about = tree.shown(one.article.category_id)
            one.about = " / ".join(about["path"]) if about else ""
            one.head, one.cut = marked(one.question, words), marked(excerpt(one.answer, words), words)
            one.body, one.mine = marked(one.answer, words), votes.get(one.pk)
        more = {"choices": CategoryField().choices, "may_vote": self.may("vote"), "may_add": self.may("add")}
        return self.answer(self.context(found=found, asked=asked, call=call_of(asked), **more))


class Vote(OfficePage):
    """POST useful=true|false, call=: was this version of use? Gives the buttons as they are now."""

    entity, verb = "articles", "vote"

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        version = ArticleVersion.objects.select_related("article").defer("words").filter(pk=key).first()
        if version is None or not rights.may(self.user, "articles.vote", version.article):
            raise Http404
        call, useful = call_of(request.POST), request.POST.get("useful") == "true"
        one: Any = services.vote(self.user, version, useful, call)
        one.mine = useful
        return self.answer({"one": one, "call": call, "may_vote": True}, template="crm/votes.html")


# -- written ---------------------------------------------------------------------------------------------------


def _step(name: str, label: Any, to: State, right: str, icon: str, form: Any = None, **more: Any) -> Act:
    def do(user: Any, article: Article, comment: str = "") -> Any:
        return services.step(user, article, to, comment)

    def when(article: Article) -> bool:
        states = {version.state for version in article.versions.all()}
        return any(to in services.STEPS[State(state)] for state in states)

    return Act(name, label, do, verb=right, icon=icon, form=form, when=when, **more)


HAND_IN = _step("hand_in", _("Hand in"), State.SUBMITTED, "submit", "send", kind="main")
TAKE_BACK = _step("take_back", _("Take back"), State.DRAFT, "submit", "arrow-back-up")
APPROVE = _step("let", _("Approve"), State.LIVE, "approve", "check", forms.CommentForm, kind="good")
REFUSE = _step("refuse", _("Refuse"), State.REFUSED, "approve", "x", forms.RefusalForm, kind="bad")
RETIRE = _step("retire", _("Retire"), State.RETIRED, "approve", "archive", forms.CommentForm)


class Articles(ManyActs, ListPage):
    """All there are, for who writes and approves them; ?state=submitted is what waits for approval."""

    entity, title, icon = "articles", _("Articles"), "book"
    template = "crm/service_list.html"
    filterset_class = ArticleFilters
    filters = ("state", "category", "language", "author", "product")
    search_hint = _("A part of the question")
    ordering = "-created_at"
    row_template = "crm/article_row.html"
    card, new = "crm:article", "crm:article_new"
    acts = (APPROVE, REFUSE, RETIRE)
    columns = (
        Column(_("question")), Column(_("state")), Column(_("category")), Column(_("products")), Column(_("useful")),
        Column(_("valid until")), Column(_("written by")), Column(_("written"), "created_at"),
    )  # fmt: skip

    def rows(self) -> QuerySet[Article]:
        return selectors.listed()

    def search(self, rows: QuerySet[Article], text: str) -> QuerySet[Article]:
        return service_lists.articles(rows, text)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        tree = categories.tree()
        for row in rows:
            _dress(row, tree)
        waiting = selectors.to_approve().count() if self.may("approve") else 0
        shortcuts = [
            (_("All"), ""),
            (_("Live"), "state=live"),
            (_("My drafts"), f"state=draft&{mine(self.user, 'author')}"),
        ]
        if self.may("approve"):
            shortcuts.append((f"{_('To be approved')} ({waiting})", "state=submitted"))
        return {"shortcuts": shortcuts}


def _dress(row: Any, tree: categories.Tree) -> None:
    """What templates show of an article beside its columns; `versions` are fetched."""
    about = tree.shown(row.category_id)
    row.about = " / ".join(about["path"]) if about else ""
    row.author_name = named(row.author)
    row.all = sorted(row.versions.all(), key=lambda one: -one.number)
    for version in row.all:
        version.tone = TONES[State(version.state)]
    row.newest = row.all[0]
    row.live = next((one for one in row.all if one.state == State.LIVE), None)


class ArticleCard(RowActs, CardPage):
    entity = "articles"
    template, part = "crm/article.html", "crm/article_card.html"
    acts = (HAND_IN, APPROVE, REFUSE, TAKE_BACK, RETIRE)

    def rows(self) -> QuerySet[Article]:
        return selectors.listed()

    def heading(self) -> str:
        return max(self.row().versions.all(), key=lambda one: one.number).question

    def more(self, row: Any) -> dict[str, Any]:
        _dress(row, categories.tree())
        asked = self.request.GET.get("version", "")
        chosen = next((one for one in row.all if str(one.number) == asked), None) or row.newest
        before = next((one for one in row.all if one.number < chosen.number), None)
        chosen.mine = selectors.votes_of(self.user, [chosen.pk]).get(chosen.pk)
        for one in row.all:
            one.author_name, one.decider_name = named(one.author), named(one.decided_by)
        return {
            "chosen": chosen,
            "changes": differences(before.answer, chosen.answer) if before and "changes" in self.request.GET else None,
            "before": before,
            "may_change": self.may("change", row) and row.newest.state != State.SUBMITTED,
            "may_vote": self.may("vote", row) and chosen.state == State.LIVE,
        }


def differences(was: str, now: str) -> list[tuple[str, str]]:
    """The lines of two texts: ("", both have it), ("-", only the first), ("+", only the second)."""
    lines = difflib.ndiff(was.splitlines(), now.splitlines())
    return [(line[0].strip(), line[2:]) for line in lines if line[0] in " -+"]


class ArticleForm(FormPage):
    """A new article, or a draft of the next version: what is live stays until the draft is approved."""

    entity, title, form_class = "articles", _("New article"), forms.ArticleForm

    def rows(self) -> QuerySet[Article]:
        return selectors.listed()

    def heading(self) -> str:
        row = self.old_row()
        return services.latest(row).question if row is not None else str(self.title)

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        if row is not None:
            form.fields["category"].kept = row.category_id
        return form

    def initial(self, row: Any) -> dict[str, Any]:
        if row is None:
            return {"language": "zh", "question": self.request.GET.get("question", "")[:200]}
        version = services.latest(row)
        return {**super().initial(row), **{name: getattr(version, name) for name in services.TEXT}}

    def save(self, row: Any, values: dict[str, Any]) -> Article:
        return services.change_article(self.user, row, values) if row else services.add_article(self.user, values)

    def done(self, row: Article) -> HttpResponse:
        return gone_to(reverse("crm:article", args=[row.pk]))
