"""Members' PINs. A few digits cannot be made safe by slow hashing alone, so they are also mixed with the server's key,
and a member whose PIN was missed too often is locked for a while."""

from datetime import timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from crm.models import Customer

ITERATIONS = 20_000  # some 5 ms: a caller waits for it
MISSES = 5
LOCKED = timedelta(minutes=15)
_hasher = PBKDF2PasswordHasher()


def _keyed(pin: str) -> str:
    return salted_hmac("crm.pins", pin, algorithm="sha256").hexdigest()


def hashed(pin: str, iterations: int = ITERATIONS) -> str:
    """What to keep of a PIN."""
    return _hasher.encode(_keyed(pin), get_random_string(12), iterations)


def check(member: str, pin: str) -> Customer | None:
    """The customer with this member number and PIN. None when there is no such pair, or the member is locked."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().filter(number=member).exclude(pin="").first()
        if customer is None:
            return None
        if customer.pin_locked_until and customer.pin_locked_until > timezone.now():
            return None
        if _hasher.verify(_keyed(pin), customer.pin):
            if customer.pin_misses:
                Customer.objects.filter(pk=customer.pk).update(pin_misses=0, pin_locked_until=None)
            return customer
        locked = timezone.now() + LOCKED if customer.pin_misses + 1 >= MISSES else None
        misses = F("pin_misses") + 1 if locked is None else 0
        Customer.objects.filter(pk=customer.pk).update(pin_misses=misses, pin_locked_until=locked)
        return None
