"""Who is not to be called: the core keeps the list, here it is asked to change it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ccenter.calls import requests
from ccenter.calls.models import Request
from ccenter.calls.numbers import normalise
from ccenter.office.audit import audit


@transaction.atomic
def bar(user: Any, number: str) -> Request:
    """Nobody calls there any more, except who asks for it. Raises ValidationError."""
    read = normalise(number)
    if not read.is_e164:
        raise ValidationError({"number": _("Not a telephone number.")})
    return _ask(user, read.number, True)


@transaction.atomic
def lift(user: Any, number: str) -> Request:
    """They may be called again. `number` as the list has it."""
    return _ask(user, number, False)


def _ask(user: Any, number: str, barred: bool) -> Request:
    """In the audit log stands the request, not the number."""
    asked = requests.submit(user, "", "BarNumber", {"number": number, "barred": barred})
    audit(user, "barred_numbers.add" if barred else "barred_numbers.delete", asked)
    return asked
