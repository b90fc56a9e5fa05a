"""A POST that is sent twice happens once: the header Idempotency-Key.

The answer is kept in the transaction of the effect. While that goes on, an advisory lock holds the key, so nothing is left
behind by a process that dies.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from ccenter.office.errors import KeyInUse, KeyOfAnother
from ccenter.office.models import StoredAnswer

KEPT_HEADERS = ("ETag", "Location")


def answered_once(request: Request, handler: Callable[[], Any]) -> Any:
    """The handler's answer, or the one kept for this user and key. Inside a transaction.

    Raises KeyInUse (409), KeyOfAnother (422), ValidationError. A refusal is not kept: nothing happened, the key is free.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return handler()
    if not re.fullmatch(r"[\x21-\x7e]{1,100}", key):
        raise ValidationError({"Idempotency-Key": [_("1 to 100 printable ASCII characters.")]})
    asked = _fingerprint(request)
    lock = int.from_bytes(hashlib.sha256(f"{request.user.pk} {key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        if not cursor.fetchone()[0]:
            raise KeyInUse
    kept = StoredAnswer.objects.filter(user=request.user, key=key).first()
    if kept is not None:
        if kept.asked != asked:
            raise KeyOfAnother
        headers = {**kept.headers, "Idempotent-Replayed": "true"}
        return HttpResponse(bytes(kept.body), status=kept.status, headers=headers, content_type="application/json")
    response = handler()
    if isinstance(response, Response) and response.status_code < 300:
        body = json.dumps(response.data, cls=JSONEncoder, ensure_ascii=False).encode()
        StoredAnswer.objects.create(
            user=request.user,
            key=key,
            asked=asked,
            status=response.status_code,
            headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
            body=body,
        )
    return response


def _fingerprint(request: Request) -> str:
    """SHA-256 of what is asked. Files are read through, and wound back for the handler."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        for name in sorted(request.data):
            for value in request.data.getlist(name):
                digest.update(f"\n{name}\n".encode())
                if hasattr(value, "chunks"):
                    for chunk in value.chunks():
                        digest.update(chunk)
                    value.seek(0)
                else:
                    digest.update(str(value).encode())
    else:
        digest.update(request._request.body)
    return digest.hexdigest()
