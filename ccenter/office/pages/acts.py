"""What is done with rows by a button: on a row's card, or with many rows that are ticked in a list.

    Act("approve", _("Approve"), lambda user, row, carrier: steps.approve(row, user, carrier), form=CarrierForm)

A list names its `acts`, a card too. With a `form`, the button opens it in a box first, and what is written there goes to `do`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ccenter.office import errors, rights
from ccenter.office.pages.frame import OfficePage, Text, said, telling
from ccenter.office.pages.keyset import MOST

BOX = "office/act_box.html"


@dataclass(frozen=True)
class Act:
    """`do(user, row, **values of the form)`; `verb`: the right it takes, by itself its name. `when(row)`: whether the row's
    card offers it. `icon` of Tabler; `kind`: "", main, good, bad; `sure`: a question that is asked before."""

    name: str
    label: Text
    do: Callable[..., Any]
    verb: str = ""
    icon: str = ""
    kind: str = ""
    form: type[BaseForm] | None = None
    when: Callable[[Any], bool] | None = None
    sure: Text = ""

    @property
    def right(self) -> str:
        return self.verb or self.name


class Refused(NamedTuple):
    """A row that something could not be done with, and why."""

    row: str
    why: str


class Acting(OfficePage):
    """POST `act`: one of `acts`; GET `act`: the form of one, for the box."""

    acts: ClassVar[tuple[Act, ...]] = ()

    def act_named(self, name: str) -> Act:
        found = next((act for act in self.acts if act.name == name), None)
        if found is None:
            raise Http404
        rights.require(self.user, f"{self.entity}.{found.right}")
        return found

    def act_form(self, act: Act, row: Model | None, data: Any = None) -> Any:
        """The form of an act; here a page gives it its choices."""
        return act.form(data) if act.form is not None else None

    def box(self, act: Act, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        return self.answer(
            self.context(act=act, form=form, version=self.version(more.get("row")), **more), template=BOX, status=status
        )

    def values(self, act: Act, row: Model | None) -> tuple[Any, dict[str, Any] | None]:
        """The form as it was sent, and what it holds; None: something is wrong in it."""
        form = self.act_form(act, row, self.request.POST)
        if form is None:
            return None, {}
        return form, (form.cleaned_data if form.is_valid() else None)


class ManyActs(Acting):
    """For lists: acts with the rows that are ticked (`row`, several times). Each is done for itself, or refused with a reason."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if name := request.GET.get("act"):
            act = self.act_named(name)
            return self.box(act, self.act_form(act, None), many=True)
        return super().get(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act = self.act_named(request.POST.get("act", ""))
        keys = [key for key in request.POST.getlist("row") if key.isascii() and key.isdecimal() and len(key) < 19][:MOST]
        if not keys:
            return said(_("Tick the rows first."), "bad", status=422)
        form, values = self.values(act, None)
        if values is None:
            return self.box(act, form, status=422, many=True)
        done, refused = self.act_on(act, list(dict.fromkeys(map(int, keys))), values)
        text = _("%(label)s: %(count)s rows") % {"label": act.label, "count": done}
        answer = self.answer({"refused": refused, "act": act}, template="office/refused.html")
        answer["HX-Retarget"], answer["HX-Reswap"] = "#told", "innerHTML"
        return telling(answer, text, "good" if done or not refused else "bad", rows_changed=True)

    def act_on(self, act: Act, keys: list[int], values: dict[str, Any]) -> tuple[int, list[Refused]]:
        """How many it was done with, and who was left out and why."""
        model = self.rows().model  # type: ignore[attr-defined]
        seen = rights.scoped(self.user, model._base_manager.filter(pk__in=keys), self.entity)
        names = {row.pk: str(row) for row in seen}
        allowed = set(
            rights.scoped(self.user, model._base_manager.filter(pk__in=names), self.entity, act.right).values_list(
                "pk", flat=True
            )
        )
        done, refused = 0, []
        for key in sorted(names):
            if key not in allowed:
                refused.append(Refused(names[key], _("You have no right to do this.")))
                continue
            try:
                with transaction.atomic():
                    row = model._base_manager.select_for_update(of=("self",)).get(pk=key)
                    if act.when is not None and not act.when(row):
                        raise errors.Conflict(_("Not with things as they are."))
                    act.do(self.user, row, **values)
                    done += 1
            except Exception as error:
                if (known := errors.spoken(error)) is None:
                    raise
                refused.append(Refused(names[key], errors.words(known[1])))
        if gone := len(keys) - len(names):
            refused.append(Refused(str(gone), _("not there any more")))
        return done, refused


class RowActs(Acting):
    """For cards: acts with the row of the page, in the `version` that was on screen. `place`: where the page's part stands,
    "#record" for a card that is shown beside its list."""

    place: ClassVar[str] = "#card"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if name := request.GET.get("act"):
            act, row = self.act_named(name), self.row()  # type: ignore[attr-defined]
            return self.box(act, self.act_form(act, row), row=row)
        return super().get(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act, row = self.act_named(request.POST.get("act", "")), self.locked()  # type: ignore[attr-defined]
        rights.require(self.user, f"{self.entity}.{act.right}", row)
        form, values = self.values(act, row)
        if values is None:
            return self.box(act, form, status=422, row=row)
        self.check_version(row)  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                act.do(self.user, row, **values)
        except ValidationError as error:
            if form is None:
                raise
            add_errors(form, error)
            return self.box(act, form, status=422, row=row)
        return self.after(act, row)

    def after(self, act: Act, row: Any) -> HttpResponse:
        """The card as it now is."""
        answer = self.get(self.request, *self.args, **self.kwargs)
        answer["HX-Retarget"], answer["HX-Reswap"] = self.place, "innerHTML"
        return telling(answer, _("Done."), rows_changed=True)

    def offered(self, row: Any) -> list[Act]:
        """What this user may do with the row as it is."""
        may = (act for act in self.acts if (act.when is None or act.when(row)))
        return [act for act in may if rights.may(self.user, f"{self.entity}.{act.right}", row)]


def add_errors(form: Any, error: Exception) -> bool:
    """Puts what a service refused where it belongs in the form; False for a fault of ours."""
    known = errors.spoken(error)
    if known is None:
        return False
    for field, texts in known[1].items():
        name = field.partition(".")[0]
        where = name if name in form.fields and not form.fields[name].widget.is_hidden else None
        for text in texts:
            form.add_error(where, text if where or not field or name in form.fields else f"{field}: {text}")
    return True
