"""News: read, confirmed where that is wanted, written, and who has not read them."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages import menu
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import OfficePage, gone_to, telling
from ccenter.office.pages.lists import Column, ListPage
from crm.models import News
from crm.pages import service_forms as forms
from crm.pages.service_fields import named
from crm.pages.service_filters import NewsFilters
from crm.selectors import news as selectors
from crm.services import news as services
from crm.services import rows


def seen(user: Any) -> QuerySet[News]:
    """Those that are for a user now; for who may write them, all. With `read_at` and `confirmed_at`."""
    everything = rights.may(user, "news.add")
    found = selectors.read_by(News.objects.all(), user) if everything else selectors.news_for(user, timezone.now())
    unread = ("author__password", "author__seat__sip_password")
    return found.select_related("author__seat").defer(*unread).prefetch_related("groups")


def waiting(user: Any) -> list[menu.Notice]:
    """What every open page of a user tells until it is confirmed."""
    if not rights.may(user, "news.read"):
        return []
    titles = list(selectors.unconfirmed(user, timezone.now()).values_list("title", flat=True)[:20])
    if not titles:
        return []
    text = now_("News to be confirmed: %(title)s") % {"title": titles[0]}
    return [menu.Notice(text, reverse("crm:news_to_confirm"), len(titles))]


def _delete(user: Any, row: News) -> None:
    rows.delete(user, "news", row)


class NewsList(ManyActs, ListPage):
    entity, title, icon = "news", _("News"), "speakerphone"
    template = "crm/service_list.html"
    filterset_class = NewsFilters
    filters = ("unread", "to_confirm")
    search_fields = ("title", "text")
    ordering = "-from_at"
    row_template = "crm/news_row.html"
    card, new = "crm:news_card", "crm:news_new"
    columns = (
        Column(_("from"), "from_at"), Column(_("heading")), Column(_("for the groups")), Column(_("until")),
        Column(_("written by")), Column(_("read")),
    )  # fmt: skip
    acts = (Act("delete", _("Delete"), _delete, icon="trash", kind="bad", sure=_("Delete it for good?")),)

    def rows(self) -> QuerySet[News]:
        return seen(self.user)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        now = timezone.now()
        for row in rows:
            row.author_name = named(row.author)
            row.over = row.until is not None and row.until <= now
            row.ahead = row.from_at > now
        return {"shortcuts": [(_("All"), ""), (_("Not read yet"), "unread=true"), (_("To be confirmed"), "to_confirm=true")]}


class NewsCard(RowActs, CardPage):
    """Whole, and for who may see it, who has read it. A page that shows it says so by POST `read` or `confirm`."""

    entity = "news"
    template, part = "crm/news.html", "crm/news_card.html"
    acts = (Act("delete", _("Delete"), _delete, icon="trash", kind="bad", sure=_("Delete it for good?")),)

    def rows(self) -> QuerySet[News]:
        return seen(self.user)

    def more(self, row: Any) -> dict[str, Any]:
        row.author_name = named(row.author)
        people: list[Any] = []
        if self.may("readers", row):
            people = list(selectors.readers(row))
            for one in people:
                one.name = named(one)
        return {
            "readers": people, "read": sum(one.read_at is not None for one in people), "may_change": self.may("change", row),
            "confirmed": sum(one.confirmed_at is not None for one in people),
            "to_confirm": row.must_read and row.confirmed_at is None and self.may("read"),
        }  # fmt: skip

    def after(self, act: Act, row: Any) -> HttpResponse:
        return gone_to(reverse("crm:news"))


class ReadNews(OfficePage):
    """POST: who asks has read it; with `confirm`, and understood it."""

    entity, verb = "news", "read"

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        row = seen(self.user).filter(pk=key).first()
        if row is None:
            raise Http404
        confirm = "confirm" in request.POST
        services.read(self.user, row, confirm)
        if not confirm:
            return HttpResponse(status=204)
        page = NewsToConfirm()
        page.setup(request)
        return telling(page.get(request), _("Confirmed."), look_again=True)


class NewsToConfirm(OfficePage):
    """All that who asks has to confirm, one under the other."""

    entity, verb, title = "news", "read", _("News to be confirmed")
    template, part = "crm/news_to_confirm.html", "crm/news_to_confirm_part.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = list(selectors.unconfirmed(self.user, timezone.now()).select_related("author__seat"))
        for one in found:
            one.author_name = named(one.author)
        return self.answer(self.context(news=found))


class NewsForm(FormPage):
    entity, title, form_class, queryset = "news", _("Write news"), forms.NewsForm, News.objects.all()

    def initial(self, row: Any) -> dict[str, Any]:
        return super().initial(row) or {"from_at": timezone.now()}

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        if row is None:
            del form.fields["again"]
        return form

    def save(self, row: Any, values: dict[str, Any]) -> News:
        groups, again = values.pop("groups"), values.pop("again", False)
        if row is None:
            return services.add_news(self.user, values, groups)
        return services.change_news(self.user, row, values, groups, again)

    def done(self, row: News) -> HttpResponse:
        return gone_to(reverse("crm:news_card", args=[row.pk]))
