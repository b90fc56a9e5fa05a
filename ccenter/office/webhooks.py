"""Tells programs elsewhere what happened, as https://www.standardwebhooks.com has it: receivers find libraries for it.

    webhooks.tell("order.approved", {"number": "60000001"})     # in the transaction of the approval

A POST of {"type", "timestamp", "data"} with the headers webhook-id (the same at each attempt), webhook-timestamp (UNIX
seconds) and webhook-signature ("v1," + base64 of the HMAC-SHA256 over id.timestamp.body). Any 2xx is an answer. Anything
else is tried again after each of DELAYS; then the delivery is a dead letter until somebody sends it again. Order is not
promised.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import secrets
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from ccenter.celery import app
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.models import Webhook, WebhookDelivery
from ccenter.prepared import Prepared, Slot

log = logging.getLogger(__name__)

DELAYS = (10, 60, 300, 1800, 7200, 21600, 86400)  # seconds
PATIENCE = 15.0  # seconds for an answer
LEASE = timedelta(minutes=2)  # a worker that died with a delivery gives it back after that
AT_ONCE = 50
OLDEST = 300  # seconds: an older signature may be a replay
KEPT = timedelta(days=30)
PREFIX = "whsec_"
GONE = 410

State = WebhookDelivery.State
_wanted = Prepared(lambda: Webhook.objects.filter(active=True, events__overlap=Slot("events")).only("pk").order_by())
_events: dict[str, Any] = {"webhook.test": _("a test, sent by hand")}


def declare(event: str, title: Any) -> None:
    """Makes an event known: "order.approved" and what it is called."""
    _events[event] = title


def events() -> dict[str, Any]:
    return dict(sorted(_events.items()))


def tell(event: str, data: Mapping[str, Any]) -> None:
    """Whoever asked for this event is told once the transaction is committed. One query, and one for those who asked."""
    if event not in _events:
        raise LookupError(f"no such event: {event}")
    wanted = _wanted(events=[event, f"{event.partition('.')[0]}.*", "*"])
    _put([webhook.pk for webhook in wanted], event, data)


def _put(webhooks: Any, event: str, data: Mapping[str, Any]) -> None:
    ident, body = uuid.uuid4(), {"type": event, "timestamp": timezone.now(), "data": dict(data)}
    rows = [WebhookDelivery(webhook_id=key, event_id=ident, event=event, body=body) for key in webhooks]
    if rows:
        WebhookDelivery.objects.bulk_create(rows)
        transaction.on_commit(hand_over)


def hand_over() -> None:
    """To the workers; when Valkey is away, the next sweep finds it."""
    with suppress(OperationalError):
        app.send_task("ccenter.office.tasks.send_webhooks", retry=False)


# -- signatures ------------------------------------------------------------------------------------------------


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, ident: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{ident}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request signed like ours is what it says, and not older than five minutes. For addresses of our own, too."""
    ident, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not timestamp.isascii() or not timestamp.isdecimal() or abs(now - int(timestamp[:12])) > OLDEST:
        return False
    expected = sign(secret, ident, int(timestamp), body).encode()
    given = headers.get("webhook-signature", "").encode()
    return any(hmac.compare_digest(expected, one) for one in given.split())


# -- sending ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sent:
    key: int
    status: int | None
    error: str

    @property
    def well(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_due(at: datetime | None = None) -> int:
    """Sends what is due (at this time, or now), AT_ONCE side by side so that a slow receiver holds up nobody; how many."""
    now = at or timezone.now()
    with transaction.atomic():
        due = WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("webhook")
        found = due.filter(state=State.WAITING, next_at__lte=now, webhook__active=True)
        rows = list(found.order_by("next_at")[:AT_ONCE])
        keys = [row.pk for row in rows]
        WebhookDelivery.objects.filter(pk__in=keys).update(next_at=now + LEASE, attempts=F("attempts") + 1)
    if not rows:
        return 0
    sent = asyncio.run(_send_all(rows, int(now.timestamp())))
    attempts = {row.pk: row.attempts + 1 for row in rows}
    for one in sent:
        _note(one, attempts[one.key], at or timezone.now())
    if gone := [row.webhook_id for row, one in zip(rows, sent, strict=True) if one.status == GONE]:
        log.warning("webhooks %s say they are gone: switched off", gone)
        Webhook.objects.filter(pk__in=gone).update(active=False)
    return len(rows)


def _note(sent: _Sent, attempts: int, now: datetime) -> None:
    mine = WebhookDelivery.objects.filter(pk=sent.key, state=State.WAITING)
    outcome = {"status": sent.status, "error": sent.error[:300]}
    if sent.well:
        mine.update(state=State.SENT, sent_at=now, **outcome)
    elif attempts > len(DELAYS):
        mine.update(state=State.DEAD, **outcome)
    else:
        mine.update(next_at=now + timedelta(seconds=DELAYS[attempts - 1]), **outcome)


async def _send_all(rows: list[WebhookDelivery], at: int) -> list[_Sent]:
    # no cookies, no proxy of the environment, no redirects: what is signed goes to the address given, and only there
    options = {"timeout": aiohttp.ClientTimeout(total=PATIENCE), "cookie_jar": aiohttp.DummyCookieJar()}
    async with aiohttp.ClientSession(**options) as http:
        return await asyncio.gather(*(_send(http, row, at) for row in rows))


async def _send(http: aiohttp.ClientSession, row: WebhookDelivery, at: int) -> _Sent:
    body = json.dumps(row.body, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(row.event_id),
        "webhook-timestamp": str(at),
        "webhook-signature": sign(row.webhook.secret, str(row.event_id), at, body),
    }
    try:
        async with http.post(row.webhook.url, data=body, headers=headers, allow_redirects=False) as answer:
            text = "" if answer.status < 300 else (await answer.content.read(200)).decode(errors="replace")
            return _Sent(row.pk, answer.status, text.replace("\0", ""))
    except TimeoutError:
        return _Sent(row.pk, None, f"no answer within {PATIENCE:.0f} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _Sent(row.pk, None, f"{type(error).__name__}: {error}")


# -- administration --------------------------------------------------------------------------------------------


def check_url(url: str) -> None:
    """https; http only within the house. Raises ValidationError."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or not c.isprintable() for c in url):
        raise ValidationError({"url": _("Not an address.")})
    if parts.username is not None:
        raise ValidationError({"url": _("No user name or password in the address.")})
    if parts.scheme == "http" and not _inside(host):
        raise ValidationError({"url": _("Outside the house only https.")})


def _inside(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def check_events(wanted: list[str]) -> None:
    """Raises ValidationError for an event that is none."""
    known = {*_events, "*", *(f"{event.partition('.')[0]}.*" for event in _events)}
    if unknown := sorted(set(wanted) - known):
        raise ValidationError({"events": [_("There is no such event: %(event)s") % {"event": event} for event in unknown]})
    if not wanted:
        raise ValidationError({"events": _("At least one.")})


@transaction.atomic
def add(user: Any, values: dict[str, Any]) -> Webhook:
    """`values`: name, url, events, active. Its `secret` is new. Raises ValidationError."""
    check_url(values["url"])
    check_events(values["events"])
    webhook = Webhook.objects.create(**values, secret=new_secret())
    audit(user, "webhooks.add", webhook, {"url": ("", webhook.url), "events": ([], webhook.events)})
    return webhook


@transaction.atomic
def change(user: Any, webhook: Webhook, values: dict[str, Any]) -> Webhook:
    """Raises ValidationError."""
    before = state_of(webhook, without=["secret"])
    if "url" in values:
        check_url(values["url"])
    if "events" in values:
        check_events(values["events"])
    for name, value in values.items():
        setattr(webhook, name, value)
    webhook.save(update_fields=list(values) or None)
    if changes := changed(before, webhook):
        audit(user, "webhooks.change", webhook, changes)
    return webhook


@transaction.atomic
def new_key(user: Any, webhook: Webhook) -> Webhook:
    """Another secret, from now on."""
    webhook.secret = new_secret()
    webhook.save(update_fields=["secret"])
    audit(user, "webhooks.change", webhook, {"secret": ("***", "***")})
    return webhook


@transaction.atomic
def remove(user: Any, webhook: Webhook) -> None:
    audit(user, "webhooks.delete", webhook, {"url": (webhook.url, "")})
    webhook.delete()


def test(webhook: Webhook) -> None:
    """Sends it an event of no meaning."""
    _put([webhook.pk], "webhook.test", {"text": "This is a test."})


@transaction.atomic
def send_again(deliveries: QuerySet[WebhookDelivery]) -> int:
    """Those that were given up, or sent, go out once more, under the same id; how many."""
    again = deliveries.exclude(state=State.WAITING)
    count = again.update(state=State.WAITING, attempts=0, next_at=timezone.now(), sent_at=None, status=None, error="")
    transaction.on_commit(hand_over)
    return count
