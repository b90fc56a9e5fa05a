"""Passwords are checked here, for every door (console, administration, tokens), and guessing them is made slow.

Failures are counted by name and address together, by name, and by address. The last two do not hold up who came in from that
address before with that name: so a stranger who guesses, or a colleague at the same address, locks nobody out.
"""

import logging
from datetime import datetime, timedelta
from ipaddress import IPv6Network, ip_address
from math import ceil
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import LoginAttempt
from ccenter.calls.rights import permissions_of
from ccenter.prepared import Prepared, Slot

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=10)
FOR_BOTH, FOR_NAME, FOR_ADDRESS = 10, 30, 60  # failures in the window until one has to wait
KNOWN = timedelta(days=90)  # so long an address is known to be a name's
HELD_UP = "held_up"  # the code of the error
_users = Prepared(lambda: get_user_model().objects.filter(pk=Slot("key")))


class Backend(ModelBackend):
    """Django's, with patience running out. A call without a request (from a program of ours) is not counted."""

    def authenticate(self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any) -> Any:
        """The user, or None. Raises ValidationError with code HELD_UP, which forms and serializers show, without looking at
        the password, while there were too many failures."""
        name = username if username is not None else kwargs.get(get_user_model().USERNAME_FIELD)
        if request is None or not name or password is None:
            return self._authenticate(request, username, password, **kwargs)
        address = _address(request)
        attempt = _begin(str(name), address)
        user = self._authenticate(request, username, password, **kwargs)
        if user is None:
            # What is nobody's name is not written down: people type their password there.
            log.warning("login refused for %s from %s", repr(name) if attempt.user_id else "an unknown name", address)
        else:
            LoginAttempt.objects.filter(pk=attempt.pk).update(succeeded=True, user=user)
        return user

    def _authenticate(self, request: Any, username: str | None, password: str | None, **kwargs: Any) -> Any:
        """A password that is hashed anew, as today's settings want it, is the same: its tokens stay (see migration 0009)."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ccenter.same_password = 'yes'")
            user = super().authenticate(request, username, password, **kwargs)
            cursor.execute("SET LOCAL ccenter.same_password = 'no'")  # the transaction may be a longer one
        return user

    def get_user(self, user_id: Any) -> Any:
        """As Django's, with a query that stands ready: each request of a page begins with it."""
        return next((user for user in _users(key=user_id) if self.user_can_authenticate(user)), None)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As Django's, in the query with which each request begins."""
        if not user_obj.is_active or user_obj.is_superuser or user_obj.is_anonymous or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        return set(permissions_of(user_obj))


def _address(request: Any) -> str:
    """Where the request comes from. In IPv6 it is the network that counts: who has one address has 2^64."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # by a socket of this machine
        return "0.0.0.0"  # noqa: S104
    return str(IPv6Network((address, 64), strict=False)[0] if address.version == 6 else address)


def _begin(name: str, address: str) -> LoginAttempt:
    """The attempt, counted as a failure until it succeeds: of many at the same moment no more pass than the limit."""
    digest = salted_hmac("ccenter.login", name.casefold()).hexdigest()
    user = get_user_model().objects.filter(username=name).first()
    attempt = LoginAttempt.objects.create(name=digest, user=user, address=address)
    if until := _held_up_until(digest, address):
        attempt.delete()
        seconds = max(1, ceil((until - timezone.now()).total_seconds()))
        log.warning("login held up for %s from %s", repr(name) if user else "an unknown name", address)
        text = _("Too many wrong passwords. Please try again in %(minutes)s minutes.")
        raise ValidationError(text, code=HELD_UP, params={"minutes": ceil(seconds / 60), "seconds": seconds})
    return attempt


def _held_up_until(digest: str, address: str) -> datetime | None:
    now = timezone.now()
    failures = LoginAttempt.objects.filter(succeeded=False, at__gt=now - WINDOW)
    limits = [(failures.filter(name=digest, address=address), FOR_BOTH)]
    came_in = LoginAttempt.objects.filter(name=digest, address=address, succeeded=True, at__gt=now - KNOWN)
    if not came_in.exists():
        limits += [(failures.filter(name=digest), FOR_NAME), (failures.filter(address=address), FOR_ADDRESS)]
    waits = [until for found, most in limits if (until := _until(found, most))]
    return max(waits, default=None)


def _until(failures: QuerySet[LoginAttempt], most: int) -> datetime | None:
    """When there is room for one more among these, the one at hand included; None: there is."""
    latest = list(failures.order_by("-at").values_list("at", flat=True)[: most + 1])
    return latest[most] + WINDOW if len(latest) > most else None


def held_up(error: Any) -> ValidationError | None:
    """The error of a form that says so, if one does."""
    return next((one for one in error.non_field_errors().as_data() if one.code == HELD_UP), None)
