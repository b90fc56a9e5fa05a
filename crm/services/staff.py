"""Mails to people who work here. What they must not miss stands on a screen too: a mail is only quicker."""

import logging
from collections.abc import Collection
from typing import Any

from django.db import transaction

log = logging.getLogger(__name__)


def tell(people: Collection[Any], subject: str, text: str) -> None:
    """After the transaction, by a worker; who has no address, or no queue to give it to, gets none."""
    to = sorted({one.email for one in people if one.email})
    if not to:
        return

    def hand_over() -> None:
        from crm.tasks import mail_to_staff

        try:
            mail_to_staff.delay(to, subject, text)
        except Exception as error:
            log.warning("no mail to staff: %r", error)

    transaction.on_commit(hand_over)
