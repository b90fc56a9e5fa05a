"""Work one order after the other: the review, and the warehouse. A list of what waits, the one in turn beside it; what is decided
brings the next."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.frame import telling
from ccenter.office.pages.lists import Column, ListPage
from ccenter.office.rights import scoped
from orders.models import Order
from orders.pages import order_acts as acts
from orders.pages.orders import OrderCard
from orders.selectors import lists, review
from orders.selectors.orders import listed
from orders.states import State


class Queue(ManyActs, ListPage):
    entity, side, saved_as = "orders", True, "orders-in_turn"
    template, row_template = "orders/in_turn.html", "orders/turn_row.html"
    columns = (Column(gettext_lazy("Order"), "submitted_at"), Column(gettext_lazy("To be looked at")))
    filterset_class = lists.OrderFilters
    ordering = "submitted_at"
    search_hint = gettext_lazy("Number, customer, telephone, tracking number")

    def search(self, rows: Any, text: str) -> Any:
        return lists.matching(rows, text, self.user)


class InTurn(OrderCard):
    """One order of a queue. Its first act with a form stands open; after an act the next order is shown."""

    template, part, place = "orders/turn.html", "orders/turn_card.html", "#record"
    queue: ClassVar[str] = ""

    def back(self) -> str:
        return self.queue

    @property
    def here(self) -> str:
        """The address of the order that is shown: after an act it is another than was asked for."""
        return f"{self.queue}{self.kwargs['key']}/"

    def waiting(self) -> QuerySet[Order]:
        """The orders of the queue, in turn."""
        raise NotImplementedError

    def more(self, row: Order) -> dict[str, Any]:
        main = next((act for act in self.offered(row) if act.form is not None and act.kind == "main"), None)
        form = getattr(self, "_sent", None) or (self.act_form(main, row) if main else None)
        return {**super().more(row), "main": main, "form": form}

    def box(self, act: Act, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """The form of the open act is on the card itself."""
        if act.kind != "main" or status == 200:
            return super().box(act, form, status=status, **more)
        self._sent = form
        self.__dict__.pop("_row", None)
        answer = self.get_card()
        answer["HX-Retarget"], answer["HX-Reswap"] = self.place, "innerHTML"
        return answer

    def get_card(self) -> HttpResponse:
        row = self.row()
        context = self.context(row=row, acts=self.offered(row), version=self.version(row), **self.more(row))
        return self.answer(context, template=self.part)

    def after(self, act: Act, row: Any) -> HttpResponse:
        rows = scoped(self.user, self.waiting().exclude(pk=row.pk), self.entity)
        following = rows.filter(submitted_at__gte=row.submitted_at).first() or rows.first() if row.submitted_at else rows.first()
        self._sent = None
        if following is None:
            answer = self.answer(self.context(), template="orders/turn_none.html")
        else:
            self.kwargs["key"] = following.number
            self.__dict__.pop("_row", None)
            answer = self.get_card()
        answer["HX-Retarget"], answer["HX-Reswap"] = self.place, "innerHTML"
        text = _("%(order)s: %(act)s") % {"order": row, "act": act.label}
        return telling(answer, text, rows_changed=True)


class Review(Queue):
    title, icon, verb = gettext_lazy("Review of orders"), "clipboard-check", "approve"
    filters: ClassVar[tuple[str, ...]] = ("finding", "pay_by")
    acts = (acts.APPROVE_MANY,)

    def rows(self) -> Any:
        return review.queue()

    def address(self, row: Order) -> str:
        return f"/orders/review/{row.number}/"


class ReviewCard(InTurn):
    verb, queue = "approve", "/orders/review/"
    acts = (acts.APPROVE, acts.REFUSE, acts.REOPEN)

    def waiting(self) -> QuerySet[Order]:
        return review.queue()


TO_BE_SENT = (State.APPROVED, State.PICKING, State.SHIPPED)


class Dispatch(Queue):
    """What the warehouse prepares, sends, and hears the delivery of."""

    title, icon, verb = gettext_lazy("Dispatch"), "truck-delivery", "dispatch"
    filters: ClassVar[tuple[str, ...]] = ("state", "carrier", "branch")
    acts = (acts.PICK_MANY,)

    def rows(self) -> Any:
        return listed().filter(state__in=TO_BE_SENT)

    def address(self, row: Order) -> str:
        return f"/orders/dispatch/{row.number}/"

    def more(self, rows: list[Order]) -> dict[str, Any]:
        return {"may_print": True}


class DispatchCard(InTurn):
    verb, queue = "dispatch", "/orders/dispatch/"
    acts = (acts.PICK, acts.SHIP, acts.DELIVER, acts.TRACK)

    def waiting(self) -> QuerySet[Order]:
        """Of the state of this order, so that one kind of work is done in a row."""
        state = getattr(self, "_was", State.PICKING)
        return listed().filter(state=state).order_by("submitted_at", "id")

    def locked(self) -> Any:
        row = super().locked()
        self._was = row.state
        return row

    def after(self, act: Act, row: Any) -> HttpResponse:
        if act.name == "pick":  # what was taken from the shelf is packed and sent next
            self.__dict__.pop("_row", None)
            answer = self.get_card()
            answer["HX-Retarget"], answer["HX-Reswap"] = self.place, "innerHTML"
            return telling(answer, _("Done."), rows_changed=True)
        return super().after(act, row)
