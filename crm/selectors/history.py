"""All that ever was with a customer, on one page: calls, notes, orders, mails, points. A query for each kind, some for calls.

Apps above this one `register` what they know; each reader asks for the rights of whoever looks.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import Call, Recording
from ccenter.calls.outcomes import outcome
from ccenter.calls.rights import Role, hearable, role_of
from ccenter.office.models import AuditEntry
from ccenter.office.rest import as_read
from ccenter.office.rights import may, scoped
from crm.models import Customer, CustomerNote, CustomerPhone
from crm.selectors.customers import with_absorbed

PAGE = 50
CALL = (
    "id", "direction", "started_at", "queue", "agent", "answered_by", "outcome", "waited", "talked", "label", "voicemail",
)  # fmt: skip


class Entry(NamedTuple):
    """`kind` and `key` say what it is, `title` and `detail` are for people; `data` what a screen needs besides."""

    at: datetime
    kind: str
    key: str
    title: str
    detail: str = ""
    amount: str = ""
    state: str = ""
    data: dict[str, Any] = {}


Reader = Callable[[Any, list[int], datetime | None, int], list[Entry]]
Text = str | Promise


class Kind(NamedTuple):
    """How a kind of entry is called and drawn; `page` gives the address where more of one is read, "" when there is none."""

    label: Text
    icon: str
    page: Callable[[Entry], str]


_readers: dict[str, Reader] = {}
_kinds: dict[str, Kind] = {}


class Page(NamedTuple):
    """`before` is where the next page begins; None on the last."""

    entries: list[Entry]
    before: datetime | None


def register(
    kind: str, read: Reader, label: Text = "", icon: str = "point", page: Callable[[Entry], str] = lambda entry: ""
) -> None:
    """`read(user, customers, before, most)`: the newest first, only before that moment. One query."""
    _readers[kind] = read
    _kinds[kind] = Kind(label or kind, icon, page)


def kinds() -> dict[str, Kind]:
    return _kinds


def history(user: Any, customer: Customer, before: datetime | None = None, only: Collection[str] = (), most: int = PAGE) -> Page:
    """The newest first; also what was with those who were merged into this customer."""
    keys = with_absorbed(customer)
    wanted = [read for kind, read in _readers.items() if not only or kind in only]
    found = sorted((entry for read in wanted for entry in read(user, keys, before, most)), key=_newest, reverse=True)
    if len(found) <= most:
        full = any(sum(entry.kind == kind for entry in found) >= most for kind in _readers)
        return Page(found, found[-1].at if full else None)
    last = found[most - 1].at  # what happened at the same moment belongs to the same page
    return Page([entry for entry in found if entry.at >= last], last)


def _newest(entry: Entry) -> tuple[datetime, str, str]:
    return entry.at, entry.kind, entry.key


def _calls(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    numbers = list(CustomerPhone.objects.filter(customer__in=customers).values_list("number", flat=True))
    rows = Call.objects.filter(number__in=numbers).order_by("-started_at")
    rows = rows.filter(started_at__lt=before) if before else rows
    recordings = Recording.objects.filter(call=OuterRef("id"), deleted_at=None).order_by("started_at")
    ready = Subquery(recordings.filter(converted_at__isnull=False).values("id")[:1])
    found = list(rows.only(*CALL).annotate(recording=Subquery(recordings.values("id")[:1]), ready=ready)[:most])
    recorded = [call.id for call in found if call.ready]
    heard = hearable(user, recorded) if recorded and role_of(user) > Role.NONE else set()
    return [
        Entry(
            at=call.started_at,
            kind="call",
            key=call.id,
            title=call.label or call.queue,
            state=call.outcome,
            data={
                "direction": call.direction,
                "agent": call.agent or call.answered_by,
                "waited": call.waited,
                "talked": call.talked,
                "recorded": call.recording is not None,
                "recording": call.ready if call.id in heard else "",
                "voicemail": call.voicemail,
                "state_name": outcome(call.outcome),
            },
        )
        for call in found
    ]


def _notes(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    rows = (
        scoped(user, CustomerNote.objects.filter(customer__in=customers), "notes")
        .select_related("author")
        .only("text", "created_at", "author__username")
    )
    rows = rows.filter(created_at__lt=before) if before else rows
    return [Entry(note.created_at, "note", str(note.pk), note.author.get_username(), note.text) for note in rows[:most]]


def _changes(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    """From the audit log, for who may read that."""
    if not may(user, "audit.view"):
        return []
    rows = AuditEntry.objects.filter(entity="crm.customer", key__in=[str(key) for key in customers]).select_related("user")
    rows = rows.filter(at__lt=before) if before else rows
    return [
        Entry(
            one.at,
            "change",
            str(one.pk),
            one.action,
            one.user.get_username() if one.user else "",
            data={"changes": {field: as_read(user, field, pair) for field, pair in one.changes.items()}},
        )
        for one in rows.order_by("-at", "-id")[:most]
    ]


register("call", _calls, _("Calls"), "phone")
register("note", _notes, _("Notes"), "note")
register("change", _changes, _("Changes"), "history")
