"""What each page is: who may open it, what the browser may load for it, whole or the part that htmx asks for.

A page shows itself alone, or in a tab of the agent's console, where its bar is hidden (`static/office/framed.js`).
"""

import json
from contextlib import nullcontext
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.generic import View

from ccenter.calls.models import CentreSettings
from ccenter.office import errors, rights

Text = str | Promise
LOGIN = reverse_lazy("login")
SAFE = ("GET", "HEAD", "OPTIONS")


def secured(response: Any, *, framed: bool = False) -> Any:
    """Adds what the page may load: our own files alone, no script or style written into the page. `framed`: it may be shown
    inside a page of ours."""
    phone, frames = urlsplit(settings.SIP_WS), "'self'" if framed else "'none'"
    response["Content-Security-Policy"] = (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self' {phone.scheme}://{phone.netloc}; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frames}"
    )
    response["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    response["Cache-Control"] = "no-store"  # a page left behind shows nobody's customers
    return response


def asked_in_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page that is there already."""
    return request.headers.get("HX-Request") == "true"


def at_the_door(request: HttpRequest) -> HttpResponse:
    """The answer to who is not signed in."""
    if asked_in_part(request):  # the door is a page, not a part of one
        return secured(HttpResponse(status=401, headers={"HX-Refresh": "true"}))
    return secured(redirect_to_login(request.get_full_path(), str(LOGIN)))


def said(text: Text, kind: str = "good", *, status: int = 204, **events: Any) -> HttpResponse:
    """An answer without a part of a page: a word that comes and goes. `kind`: "", good, bad; `events`: for other parts of
    the page, with _ for -: `rows_changed=True` makes lists read again."""
    return telling(HttpResponse(status=status, headers={"HX-Reswap": "none"}), text, kind, **events)


def telling(answer: HttpResponse, text: Text = "", kind: str = "good", **events: Any) -> HttpResponse:
    """`answer` with a word that comes and goes, and with events in this order: one that takes the sender out of the page
    comes last, nobody hears what is told from there."""
    told: dict[str, Any] = {"say": {"text": str(text), "kind": kind}} if text else {}
    told |= {name.replace("_", "-"): value for name, value in events.items()}
    answer["HX-Trigger"] = json.dumps(told)
    return answer


def gone_to(address: str) -> HttpResponse:
    """An answer after which the browser opens another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": address})


class OfficePage(View):
    """A page for who may `<entity>.<verb>`; without `entity` for whoever is signed in.

    A write is one transaction (without `one_transaction`: the page's own affair); what a service refuses takes it back and is
    told. `template` is the whole page, `part` what
    htmx asks for of it.
    """

    entity: ClassVar[str] = ""
    verb: ClassVar[str] = "view"
    title: ClassVar[Text] = ""
    one_transaction: ClassVar[bool] = True
    template: ClassVar[str] = ""
    part: ClassVar[str] = ""

    @property
    def user(self) -> Any:
        return self.request.user

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return at_the_door(request)
        if self.entity:
            rights.require(request.user, f"{self.entity}.{self.verb}")
        if request.method in SAFE:
            return secured(super().dispatch(request, *args, **kwargs), framed=True)
        try:
            with transaction.atomic() if self.one_transaction else nullcontext():
                return secured(super().dispatch(request, *args, **kwargs), framed=True)
        except Http404:
            raise
        except Exception as error:
            if (known := errors.spoken(error)) is None:
                raise
            status, problems = known
            return secured(said(errors.words(problems), "bad", status=status))

    def may(self, verb: str, row: Any = None) -> bool:
        return rights.may(self.user, f"{self.entity}.{verb}", row)

    def heading(self) -> str:
        """What stands in the title."""
        return str(self.title)

    def version(self, row: Any) -> str:
        """What tells a row from how it was before; "" for rows that do not count."""
        return str(getattr(row, "version", ""))

    def back(self) -> str:
        """The address that Escape and the arrow lead to; "" for none."""
        return ""

    def context(self, **more: Any) -> dict[str, Any]:
        return {"page": self, **more}

    def answer(self, context: dict[str, Any], *, template: str = "", status: int = 200) -> HttpResponse:
        """The page, or the part that was asked for."""
        in_part = bool(self.part) and asked_in_part(self.request)
        whole = not template and not in_part
        if whole:
            context["centre"] = CentreSettings.objects.values_list("name", flat=True).first() or ""
        return render(self.request, template or (self.part if in_part else self.template), context, status=status)


def stale_text(row: Any) -> str:
    """Who has changed this row last, and what: for whoever wanted to save over it."""
    from ccenter.office.models import AuditEntry

    entry = (
        AuditEntry.objects.filter(entity=row._meta.label_lower, key=str(row.pk))
        .select_related("user")
        .order_by("-at", "-id")
        .first()
    )
    if entry is None:
        return _("Somebody else has changed this meanwhile. What you wrote is still here; saving again writes over it.")
    names = {field.attname: str(field.verbose_name) for field in row._meta.concrete_fields}
    what = ", ".join(names.get(name, name) for name in entry.changes) or entry.action
    who = entry.user.username if entry.user else _("the system")
    return _("%(who)s has changed this meanwhile: %(what)s. What you wrote is still here; saving again writes over it.") % {
        "who": who, "what": what,
    }  # fmt: skip
