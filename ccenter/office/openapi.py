"""What the views of `rest` promise beside their bodies: headers and refusals."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from ccenter.office.errors import Problem
from ccenter.office.models import Versioned

TEXTS = {
    400: "Not understood, or a value that is not possible; `fields` says which.",
    401: "Not logged in.",
    403: "No right to do this.",
    404: "There is no such row, or it is not yours.",
    406: "Only application/json is answered.",
    409: "Not with things as they are.",
    412: "Changed by somebody else meanwhile.",
    413: "More than one request may hold.",
    415: "This kind of body is not read.",
    422: "The Idempotency-Key was used for another request.",
    428: "If-Match is missing.",
    429: "Too many requests; Retry-After says when.",
    503: "The record cannot be read right now.",
}


class OfficeSchema(AutoSchema):
    """Adds Idempotency-Key, If-Match and ETag, and the refusals that each kind of request can meet."""

    def get_tags(self) -> list[str]:
        return [self.view.entity]

    def get_override_parameters(self) -> list[Any]:
        headers = []
        if self.method == "POST":
            text = "Sent again with the same key, the request is not done again: the first answer comes once more."
            headers.append(OpenApiParameter("Idempotency-Key", str, "header", description=text, pattern=r"^[\x21-\x7e]{1,100}$"))
        if self._needs_version():
            text = "The ETag that was read: what somebody else changed meanwhile is not overwritten."
            headers.append(OpenApiParameter("If-Match", str, "header", required=self.method != "POST", description=text))
        return [*super().get_override_parameters(), *headers]

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args)
        if operation is None:
            return None
        refusals = {400, 401, 403, 406, 429, 503}
        if self._is_detail():
            refusals.add(404)
        if self.method not in ("GET", "HEAD"):
            refusals |= {409, 413, 415}
        if self.method == "POST":
            refusals.add(422)
        if self._needs_version():
            refusals |= {412, 428}
        problem = self.resolve_serializer(Problem, "response").ref
        for status in sorted(refusals):
            content = {"application/json": {"schema": problem}}
            operation["responses"].setdefault(str(status), {"description": TEXTS[status], "content": content})
        if self._is_versioned() and (self._is_detail() or self.method == "POST"):
            for status in ("200", "201"):
                if status in operation["responses"]:
                    text = "The version of the row, for If-Match."
                    operation["responses"][status].setdefault("headers", {})["ETag"] = {
                        "schema": {"type": "string"},
                        "description": text,
                    }
        return operation

    def _is_detail(self) -> bool:
        return "{" in self.path

    def _is_versioned(self) -> bool:
        queryset = getattr(self.view, "queryset", None)
        return self.view.versioned or (queryset is not None and issubclass(queryset.model, Versioned))

    def _needs_version(self) -> bool:
        return self._is_versioned() and self._is_detail() and self.method in ("PUT", "PATCH", "DELETE", "POST")
