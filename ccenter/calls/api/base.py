"""What the REST views share: who may, pages, and a database that is away."""

import inspect
import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from ccenter.calls.models import Agent
from ccenter.calls.rights import Role, role_of, seat_of

log = logging.getLogger(__name__)


class IsStaff(BasePermission):
    """Anybody with a role."""

    message = _("This is for agents, team leads and administrators.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return role_of(request.user) >= Role.AGENT


class IsLead(BasePermission):
    message = _("This is for team leads and administrators.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return role_of(request.user) >= Role.LEAD


class IsAdmin(BasePermission):
    message = _("This is for administrators.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return role_of(request.user) >= Role.ADMIN


class HasSeat(BasePermission):
    message = _("You have no seat.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return role_of(request.user) >= Role.AGENT and seat_of(request.user) is not None


class Away(APIException):
    status_code = 503
    default_detail = _("The record cannot be read right now. Please try again in a moment.")
    default_code = "away"


class TooLarge(APIException):
    status_code = 413
    default_detail = _("This is more than one request may hold.")
    default_code = "too_large"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an exception; also a database that is away (503) and a body too large (413) have their sentence."""
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database away: %s", error)
        error = Away()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    return exception_handler(error, context)


class View(APIView):
    """The base of all views here."""

    permission_classes = [IsStaff]

    def get_exception_handler(self) -> Any:
        return handle

    @property
    def seat(self) -> Agent | None:
        return seat_of(self.request.user)


class AsyncView(View):
    """A view that waits: its handlers are coroutines, who asks is found out in a thread."""

    async def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        self.request = request = self.initialize_request(request, *args, **kwargs)
        try:
            await sync_to_async(self.initial)(request, *args, **kwargs)
            method = request.method.lower()
            allowed = method in self.http_method_names
            handler = getattr(self, method, self.http_method_not_allowed) if allowed else self.http_method_not_allowed
            response = handler(request, *args, **kwargs)
            if inspect.isawaitable(response):
                response = await response
        except Exception as error:
            response = await sync_to_async(self.handle_exception)(error)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        return self.response


class Pages(CursorPagination):
    """Pages by cursor: the same cost for the thousandth page, and nothing twice while new rows come in."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
