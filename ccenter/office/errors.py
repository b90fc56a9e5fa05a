"""How the REST interface says no: {"code", "detail", "fields"}, in the reader's language.

`fields` names what is wrong where: {"phones.0.number": ["Not a telephone number."]}; empty when it is the whole request.
"""

import logging
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.defaults import page_not_found
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings

from ccenter.calls.api.base import Away, TooLarge

log = logging.getLogger(__name__)

BUSY = ("40001", "40P01", "55P03")  # PostgreSQL: would not have been one after the other, deadlock, lock not available
WHOLE = {NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY, "detail"}


class Conflict(ValidationError):
    """Right in itself, but not with things as they are: a step the state does not allow, stock that is gone. 409 in REST."""


class Problem(serializers.Serializer):
    """Why a request was refused."""

    code = serializers.CharField(help_text="For programs: invalid, not_found, permission_denied, stale ...")
    detail = serializers.CharField(help_text="For people.")
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), help_text="What is wrong where.")


class KeyInUse(exceptions.APIException):
    status_code = 409
    default_detail = gettext_lazy("A request with this key is being worked on. Ask again in a moment.")
    default_code = "key_in_use"


class KeyOfAnother(exceptions.APIException):
    status_code = 422
    default_detail = gettext_lazy("This key was used for another request.")
    default_code = "key_of_another"


class Stale(exceptions.APIException):
    status_code = 412
    default_detail = gettext_lazy("Somebody else has changed this meanwhile. Load it again.")
    default_code = "stale"


class VersionMissing(exceptions.APIException):
    status_code = 428
    default_detail = gettext_lazy("Say which version you change: the header If-Match with the ETag you have read.")
    default_code = "version_missing"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None for one that is a fault of ours."""
    known = _known(error)
    if known is None:
        return None
    code = known.get_codes() if isinstance(known.get_codes(), str) else "invalid"
    fields = {} if isinstance(known.detail, str) else flat(known.detail)
    whole = fields.pop("", [])
    detail = str(known.detail) if isinstance(known.detail, str) else " ".join(whole) or _("Please look at the fields named.")
    headers = {}
    if challenge := getattr(known, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(known, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Response({"code": code, "detail": detail, "fields": fields}, status=known.status_code, headers=headers)


def spoken(error: Exception) -> tuple[int, dict[str, list[str]]] | None:
    """Status and texts of an exception by field, "" for the whole; None for one that is a fault of ours. For pages."""
    known = _known(error)
    if known is None:
        return None
    texts = {"": [str(known.detail)]} if isinstance(known.detail, str) else flat(known.detail)
    return known.status_code, texts


def words(problems: dict[str, list[str]]) -> str:
    return " ".join(text for texts in problems.values() for text in texts)


def no_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page of an address that leads nowhere; in the interface for programs, what programs read."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    return JsonResponse({"code": "not_found", "detail": _("There is nothing at this address."), "fields": {}}, status=404)


def flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested errors by path; under "" those of the whole."""
    if isinstance(detail, dict):
        pairs = [(path if key in WHOLE else f"{path}.{key}".lstrip("."), value) for key, value in detail.items()]
    elif isinstance(detail, list | tuple):
        pairs = [(f"{path}.{n}".lstrip(".") if isinstance(one, dict | list) else path, one) for n, one in enumerate(detail)]
    else:
        return {path: [str(detail)]}
    found: dict[str, list[str]] = {}
    for where, value in pairs:
        for key, texts in (flat(value, where) if value else {}).items():
            found.setdefault(key, []).extend(texts)
    return found


def _known(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound(*error.args[:1])
        case PermissionDenied():
            return exceptions.PermissionDenied(*error.args[:1])
        case ValidationError():
            return _of_django(error)
        case RequestDataTooBig():
            return TooLarge()
        case UnicodeEncodeError():  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
            return exceptions.ParseError(_("This is no text: a character is broken."))
        case ProtectedError() | RestrictedError():
            return _refused(409, "in_use", _("Other things hang on this; it cannot be deleted."))
        case IntegrityError() | DataError():
            return _of_database(error)
        case OperationalError() | InterfaceError():
            if getattr(error.__cause__, "pgcode", None) in BUSY:
                return _refused(409, "busy", _("Somebody else is changing this right now. Ask again in a moment."))
            log.warning("database away: %s", error)
            return Away()
    return None


def _of_django(error: ValidationError) -> exceptions.APIException:
    detail = error.message_dict if hasattr(error, "error_dict") else error.messages
    known = exceptions.ValidationError(detail)
    if isinstance(error, Conflict):
        known.status_code = 409
        known.get_codes = lambda: "conflict"  # type: ignore[method-assign, return-value]
    return known


def _of_database(error: Exception) -> exceptions.APIException:
    """What only the database found out; its constraint's name is for whoever reads the log."""
    cause = error.__cause__
    code, where = getattr(cause, "pgcode", None) or "", getattr(getattr(cause, "diag", None), "constraint_name", "")
    log.warning("refused by the database: %s %s", code, where)
    if code == "23505":
        return _refused(409, "exists", _("There is one like this already."))
    if code in ("23503", "23001"):
        return _refused(409, "in_use", _("Other things hang on this; it cannot be done."))
    if isinstance(error, DataError) or code in ("23514", "23502"):
        return _refused(400, "invalid", _("These values are not possible together."))
    return _refused(409, "conflict", _("This cannot be done with things as they are."))


def _refused(status: int, code: str, detail: str) -> exceptions.APIException:
    error = exceptions.APIException(detail, code)
    error.status_code = status
    return error
