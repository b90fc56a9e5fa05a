"""The first page of the office, what one may oneself, and what has to be looked at."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import seat_of
from ccenter.office import rights
from ccenter.office.models import Branch
from ccenter.office.pages import menu
from ccenter.office.pages.frame import OfficePage


class Home(OfficePage):
    """The first of the pages a user may open. Whoever has none may not be here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        address = menu.home(request.user)
        if not address:
            raise PermissionDenied
        return HttpResponseRedirect(address)


class Notices(OfficePage):
    """What has to be looked at, as a strip; a part of every page."""

    template = "office/notices.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.answer({"notices": menu.noticed(request.user)}, template=self.template)


class Me(OfficePage):
    """Who one is here, and what one may."""

    title = _("About me")
    template = "office/me.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        user = self.user
        roles = [rights.ROLES.get(name, name) for name in user.groups.order_by("name").values_list("name", flat=True)]
        return self.answer(
            self.context(
                roles=roles,
                seat=seat_of(user),
                branches=Branch.objects.filter(logins=user, active=True),
                may=self._may(),
                masked={kind: rights.masked(user, kind) for kind in rights.FIELDS},
                notices=menu.noticed(user),
            )
        )

    def _may(self) -> list[tuple[Any, list[Any]]]:
        """What one may do with what."""
        found = [
            (entity.label, [title for verb, title in entity.verbs.items() if rights.may(self.user, f"{entity.name}.{verb}")])
            for entity in rights.entities()
        ]
        return [one for one in found if one[1]]
