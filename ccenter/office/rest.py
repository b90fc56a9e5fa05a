"""The base of every entity in REST. A view says what its rows are and which service writes them; the rest is for all:

who may (`entity` and the verb of `rights`), pages by cursor, filters, search, ordering, Idempotency-Key on POST, If-Match on
change and removal, one transaction for each write, errors as `errors` has them, rates for each user, and OpenAPI.

    class Customers(Entities[Customer]):
        entity = "customers"
        queryset = Customer.objects.prefetch_related("phones")
        serializer_class = CustomerBody
        filterset_fields = ["level", "city"]
        ordering_fields = ["id", "name", "created_at"]

        def add(self, values): return services.add_customer(self.user, values)
        def change(self, row, values): return services.change_customer(self.user, row, values)
        def remove(self, row): services.delete_customer(self.user, row)
        def search(self, rows, text): return selectors.find(rows, text)

        @action(detail=True, methods=["post"], right="merge")
        def merge(self, request, pk): return self.answer(services.merge(self.user, self.locked_row(), self.body(MergeBody)))
"""

import re
import threading
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from django.db import transaction
from django.db.models import DateTimeField, Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.filters import BaseFilterBackend, SearchFilter
from rest_framework.pagination import BasePagination
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import GenericViewSet

from ccenter.calls.models.fields import CODE, CodeField
from ccenter.calls.tokens import masked as masked_number
from ccenter.office import errors, filters, pages, rights
from ccenter.office.idempotency import answered_once
from ccenter.office.models import Versioned
from ccenter.office.openapi import OfficeSchema

Row = TypeVar("Row", bound=Model)
Values = dict[str, Any]
SAFE = ("GET", "HEAD", "OPTIONS")
_kept = threading.local()  # serializers, by name
PHONES, PLACES = re.compile(r"phone|mobile"), re.compile(r"address|street")  # fields that hold such
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
PAGE_PARAMETERS = frozenset({"cursor", "page_size", "ordering", "search"})


class Router(SimpleRouter):
    """Addresses of entities; a key is an integer unless the view has a `lookup_value_regex`."""


class HasRight(BasePermission):
    """The user may do `<entity>.<verb>` with some rows; with which, `get_queryset` says."""

    message = _("You have no right to do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return view.action is None or rights.may(request.user, f"{view.entity}.{view.verb}")


class Rate(SimpleRateThrottle):
    """So many requests of one user; the first part of what is over waits."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"{self.scope}-{request.user.pk}" if request.user.is_authenticated else None


class ReadRate(Rate):
    scope = "office-read"


class WriteRate(Rate):
    scope = "office-write"


class Search(BaseFilterBackend):
    """`?search=`, for views with `search_fields` or a method `search(rows, text)`."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        text = request.query_params.get("search", "").strip()
        if not text or not view.searches():
            return queryset
        if len(text) > 100 or "\0" in text:
            raise ValidationError({"search": [_("At most 100 characters.")]})
        found: QuerySet[Any] = view.search(queryset, text)
        return found

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        schema = {"type": "string", "maxLength": 100}
        return [{"name": "search", "in": "query", "schema": schema}] if view.searches() else []


class Cursor(BasePagination):
    """`?cursor=&page_size=&ordering=`."""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        asked = request.query_params
        size, ordering = asked.get("page_size", str(pages.USUAL)), asked.get("ordering") or view.ordering
        if not size.isascii() or not size.isdecimal() or not 1 <= int(size[:9]) <= pages.MOST:
            raise ValidationError({"page_size": [_("From 1 to %(most)s.") % {"most": pages.MOST}]})
        if ordering.removeprefix("-") not in (*view.ordering_fields, view.ordering.removeprefix("-")):
            raise ValidationError({"ordering": [_("Not by this.")]})
        self.page = pages.page(queryset, ordering, asked.get("cursor", "")[:2000], int(size))
        self.address = request.build_absolute_uri()
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link(self.page.after), "previous": self._link(self.page.before), "results": data})

    def _link(self, cursor: str | None) -> str | None:
        return cursor and replace_query_param(self.address, "cursor", cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        columns = dict.fromkeys((view.ordering.removeprefix("-"), *view.ordering_fields))
        ways = [f"{sign}{column}" for column in columns for sign in ("", "-")]
        schemas = {
            "cursor": {"type": "string", "description": "From `next` or `previous` of another page."},
            "page_size": {"type": "integer", "minimum": 1, "maximum": pages.MOST, "default": pages.USUAL},
            "ordering": {"type": "string", "enum": ways, "default": view.ordering},
        }
        return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def tag_of(version: int) -> str:
    """The ETag of a row in this version."""
    return f'"{version}"'


def agree(request: Request, tag: str) -> None:
    """Raises VersionMissing, or Stale where the client has not seen the version with this ETag."""
    asked = request.headers.get("If-Match", "").strip()
    if not asked:
        raise errors.VersionMissing
    if asked != "*" and tag not in [one.strip().removeprefix("W/") for one in asked.split(",")]:
        raise errors.Stale


class Rows(GenericViewSet, Generic[Row]):
    """Lists and reads. The verb of an @action is its name, or `right=` of the decorator."""

    entity: ClassVar[str]
    right: str | None = None
    versioned: ClassVar[bool] = False  # a view of `Versioned` rows is by itself
    same_for_all: ClassVar[bool] = False  # the serializer has the same fields for everybody: each thread builds them once
    ordering: ClassVar[str] = "-id"
    ordering_fields: ClassVar[tuple[str, ...] | list[str]] = ()
    search_fields: ClassVar[tuple[str, ...] | list[str]] = ()
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = [IsAuthenticated, HasRight]
    filter_backends = [filters.Backend, Search]
    pagination_class = Cursor
    schema = OfficeSchema()
    VERBS: ClassVar[dict[str, str]] = {
        "list": "view", "retrieve": "view", "create": "add", "update": "change", "partial_update": "change",
        "destroy": "delete", "metadata": "view",
    }  # fmt: skip

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(response, "exception", False):  # told as JSON, whatever kind of file was asked for
            response.accepted_renderer, response.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return response

    @property
    def verb(self) -> str:
        action = self.action or ""
        return self.right or self.VERBS.get(action, action)

    @property
    def user(self) -> Any:
        return self.request.user

    def rows(self) -> QuerySet[Row]:
        """All there are, with what the serializer reads."""
        found: QuerySet[Row] = super().get_queryset()
        return found

    def get_queryset(self) -> QuerySet[Row]:
        """Those that this user may do this with; what they may not see is not there."""
        if getattr(self, "swagger_fake_view", False):
            return self.rows().none()
        found = rights.scoped(self.user, self.rows(), self.entity, self.verb)
        return found if self.verb == "view" else rights.scoped(self.user, found, self.entity)

    def searches(self) -> bool:
        return bool(self.search_fields) or type(self).search is not Rows.search

    def search(self, rows: QuerySet[Row], text: str) -> QuerySet[Row]:
        """Those that match; by `search_fields` as REST framework reads them ("^name" begins with, "=code" is)."""
        found: QuerySet[Row] = SearchFilter().filter_queryset(self.request, rows, self)
        return found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self._refuse_unknown_parameters()
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.get_object(), read=False)

    # -- for handlers --

    def body(self, serializer: type[serializers.Serializer], **options: Any) -> Values:
        """What was sent, checked. Raises ValidationError."""
        sent = serializer(data=self.request.data, context=self.get_serializer_context(), **options)
        sent.is_valid(raise_exception=True)
        return dict(sent.validated_data)

    def locked_row(self) -> Row:
        """The row of the address, locked until the transaction ends, in the version that the client has seen."""
        seen = self.get_object()
        row: Row | None = type(seen)._base_manager.select_for_update().filter(pk=seen.pk).first()
        if row is None:
            raise NotFound
        self.agree(row)
        return row

    def agree(self, row: Row) -> None:
        """Raises VersionMissing, or Stale where the row is not in the version that the client has seen."""
        if tag := self.etag(row):
            agree(self.request, tag)

    def answer(self, row: Row, status: int = 200, *, read: bool = True) -> Response:
        """The row as it now is, with its ETag; `read`: from the database, after a service wrote."""
        row = self.reread(row) if read else row
        tag = self.etag(row)
        return Response(self._shown(row), status=status, headers={"ETag": tag} if tag else {})

    def _shown(self, row: Row) -> Any:
        if not self.same_for_all:
            return self.get_serializer(row).data
        kind = self.get_serializer_class()
        kept = _kept.__dict__.get(kind.__qualname__)
        if not isinstance(kept, kind):
            kept = _kept.__dict__[kind.__qualname__] = kind()
        kept._context = self.get_serializer_context()
        try:
            return kept.to_representation(row)
        finally:
            kept._context = {}

    def reread(self, row: Row) -> Row:
        """The row as the database has it now, with what the serializer reads."""
        return self.rows().get(pk=row.pk)

    def etag(self, row: Row) -> str:
        """Of a row in its version; "" for rows that have none. Who overrides this sets `versioned`."""
        return tag_of(row.version) if isinstance(row, Versioned) else ""

    # -- how a request goes --

    def get_exception_handler(self) -> Any:
        return errors.handle

    def get_throttles(self) -> "list[SimpleRateThrottle]":
        return [ReadRate() if self.request.method in SAFE else WriteRate()]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As REST framework's, with each write in one transaction that a refusal takes back."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        self.request = request = self.initialize_request(request, *args, **kwargs)
        try:
            self.initial(request, *args, **kwargs)
            handler = self.http_method_not_allowed
            if request.method.lower() in self.http_method_names:
                handler = getattr(self, request.method.lower(), handler)
            if request.method in SAFE:
                response = handler(request, *args, **kwargs)
            else:
                with transaction.atomic():
                    response = answered_once(request, lambda: handler(request, *args, **kwargs))
                    if response.status_code >= 400:
                        transaction.set_rollback(True)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        return self.response

    def _refuse_unknown_parameters(self) -> None:
        """A filter that is misspelt would silently give everything."""
        known = set(PAGE_PARAMETERS)
        filtering = filters.Backend().get_filterset_class(self, self.rows())
        for name, one in (filtering.base_filters if filtering else {}).items():
            suffixes = getattr(one.field.widget, "suffixes", None)
            known |= {f"{name}_{suffix}" for suffix in suffixes} if suffixes else {name}
        if unknown := set(self.request.query_params) - known:
            raise ValidationError({name: [_("There is no such filter.")] for name in sorted(unknown)})


class Adds(Rows[Row]):
    """POST: `add(values)` gives the new row."""

    def add(self, values: Values) -> Row:
        raise NotImplementedError

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return self.answer(self.add(dict(sent.validated_data)), 201)


class Changes(Rows[Row]):
    """PUT and PATCH: `change(row, values)` gives the row; it is locked, and in the version the client knows."""

    def change(self, row: Row, values: Values) -> Row:
        raise NotImplementedError

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.locked_row()
        sent = self.get_serializer(row, data=request.data, partial=request.method == "PATCH")
        sent.is_valid(raise_exception=True)
        return self.answer(self.change(row, dict(sent.validated_data)))

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **kwargs)


class Deletes(Rows[Row]):
    """DELETE: `remove(row)`; the row is locked, and in the version the client knows."""

    def remove(self, row: Row) -> None:
        raise NotImplementedError

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.remove(self.locked_row())
        return Response(status=204)


class Entities(Adds[Row], Changes[Row], Deletes[Row]):
    """All of it."""


# -- serializers -----------------------------------------------------------------------------------------------


class Strict(serializers.Serializer):
    """A body whose unknown fields are an error: a misspelt field must not be silently nothing."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({str(name): [_("There is no such field.")] for name in sorted(unknown, key=str)})
        return super().to_internal_value(data)


class CodeBodyField(serializers.RegexField):
    """A name for machines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CODE, error_messages={"invalid": _("Small letters, digits, - and _ only.")}, **options)


class MomentField(serializers.DateTimeField):
    """A time of our age. Before 1902 places had offsets with seconds, which RFC 3339 does not know."""

    default_error_messages = {"age": _("A year from 1902 to 2200.")}

    def to_internal_value(self, value: Any) -> datetime:
        moment: datetime = super().to_internal_value(value)
        if not 1902 <= moment.year <= 2200:
            self.fail("age")
        return moment


class RowBody(Strict, serializers.ModelSerializer):
    """A row as it is read and written. Put `version` into Meta.fields of what is `Versioned`."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        CodeField: CodeBodyField,
        DateTimeField: MomentField,
    }


class MaskedField(serializers.CharField):
    """A text that some roles read masked, and nobody writes masked. `kind`: "number" or "address"."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if "****" in text:
            raise serializers.ValidationError(_("This is masked: write it whole, or leave it out."))
        return text

    def to_representation(self, value: Any) -> str:
        text: str = super().to_representation(value)
        return shown(self.context["request"].user, self.kind, text)


def shown(user: Any, kind: str, text: str) -> str:
    """A number or an address as this user reads it. `kind`: as in `rights.FIELDS`."""
    if not text or not rights.masked(user, kind):
        return text
    return masked_number(text) if kind == "number" else f"{text[:2]}****"


def as_read(user: Any, field: str, value: Any) -> Any:
    """A value of the audit log as this user reads it; `field` says what it is."""
    if isinstance(value, list):
        return [as_read(user, field, one) for one in value]
    if isinstance(value, dict):
        return {key: as_read(user, key, one) for key, one in value.items()}
    if not isinstance(value, str) or not value:
        return value
    if PLACES.search(field):
        return shown(user, "address", value)
    if PHONES.search(field):
        return shown(user, "number", value)
    return NUMBER.sub(lambda found: shown(user, "number", found[0]), value)
