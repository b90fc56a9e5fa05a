"""Two customers who are one: merged with everything that hangs on them, and taken apart again.

Every foreign key to a customer, in whatever app, is moved by itself: the keys of the rows are kept, and moved back by `undo`.
Where an UPDATE is not enough (a ledger with a balance for each customer), an app registers a mover of its own.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office import webhooks
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from crm.models import Customer, CustomerAddress, CustomerPhone, Duplicate, Merge
from crm.selectors.duplicates import Reference, references
from crm.services import indexing

TAKEN = ("name", "title", "level", "language", "email")  # what may be taken from the one who goes
FILLED = ("title", "language", "email", "owner_id", "team_id", "branch_id")  # taken where the one who stays has none
SAID = ["consent", "consent_at", "consent_how", "consent_by_id"]  # whether they agree to be called, and how that is known


class Mover(NamedTuple):
    """`move(kept, gone, by)` gives JSON that `back(kept, gone, data, by)` undoes it with."""

    move: Callable[[Customer, Customer, Any], Any]
    back: Callable[[Customer, Customer, Any, Any], None]
    owns: frozenset[str]


_movers: dict[str, Mover] = {}


def register(
    name: str,
    move: Callable[[Customer, Customer, Any], Any],
    back: Callable[[Customer, Customer, Any, Any], None],
    owns: Collection[str] = (),
) -> None:
    """`owns`: models ("orders.pointaccount") whose rows the mover moves, and nobody else."""
    _movers[name] = Mover(move, back, frozenset(owns))


@transaction.atomic
def merge(kept: Customer, gone: Customer, by: Any, take: Collection[str] = ()) -> Merge:
    """`gone` becomes part of `kept`. Of the columns in `take` the value of `gone` is taken, of others where `kept` has none.

    Raises ValidationError, Conflict.
    """
    if kept.pk == gone.pk:
        raise ValidationError(_("These are the same customer."))
    if unknown := set(take) - set(TAKEN):
        raise ValidationError({"take": _("Not this: %(names)s") % {"names": ", ".join(sorted(unknown))}})
    kept, gone = _locked(kept.pk, gone.pk)
    if kept.merged_into_id or gone.merged_into_id:
        raise Conflict(_("This customer was merged into another one."))
    indexing.forget([gone.pk])
    moved: dict[str, Any] = {
        "fields": _fill(kept, gone, take),
        "consent": _take_consent(kept, gone),
        "phones": _move_phones(kept, gone),
        "addresses": _move_addresses(kept, gone),
        "tags": _add_tags(kept, gone),
        "rows": {name: _move(model, field, gone.pk, kept.pk) for name, model, field in _references()},
        "more": {name: mover.move(kept, gone, by) for name, mover in _movers.items()},
    }
    Customer.objects.filter(pk=gone.pk).update(merged_into=kept, updated_at=timezone.now())
    Customer.objects.filter(pk=kept.pk).update(updated_at=timezone.now())
    done = Merge.objects.create(kept=kept, gone=gone, moved=moved, by=by)
    _decide(kept, gone, Duplicate.State.MERGED, by)
    indexing.index([kept.pk])
    audit(by, "customers.merge", kept, {"merged": (None, gone), **_changes(moved)})
    audit(by, "customers.merge", gone, {"merged_into": (None, kept)})
    webhooks.tell("customer.merged", {"id": kept.pk, "number": kept.number, "gone": gone.pk, "gone_number": gone.number})
    return done


@transaction.atomic
def undo(merge: Merge, by: Any) -> Merge:
    """Both are there again, each with what was theirs; what came after the merge stays with `kept`. Raises Conflict."""
    done = Merge.objects.select_for_update().get(pk=merge.pk)
    if done.undone_at is not None:
        raise Conflict(_("This was undone already."))
    kept, gone = _locked(done.kept_id, done.gone_id)
    if kept.merged_into_id is not None:
        raise Conflict(_("The customer was merged into another one since: undo that first."))
    moved = done.moved
    for name, mover in reversed(_movers.items()):
        if name in moved["more"]:
            mover.back(kept, gone, moved["more"][name], by)
    known = {name: (model, field) for name, model, field in _references(every=True)}
    for name, keys in moved["rows"].items():
        model, field = known[name]
        model._base_manager.filter(pk__in=keys, **{field: kept.pk}).update(**{field: gone.pk})
    _phones_back(kept, gone, moved["phones"])
    _addresses_back(kept, gone, moved["addresses"])
    kept.tags.remove(*moved["tags"])
    _unfill(kept, moved["fields"])
    _consent_back(kept, moved.get("consent"))
    Customer.objects.filter(pk=gone.pk).update(merged_into=None, updated_at=timezone.now())
    Customer.objects.filter(pk=kept.pk).update(updated_at=timezone.now())
    done.undone_at, done.undone_by = timezone.now(), by
    done.save(update_fields=["undone_at", "undone_by"])
    _decide(kept, gone, Duplicate.State.DISTINCT, by)
    indexing.index([kept.pk, gone.pk])
    audit(by, "customers.unmerge", kept, {"merged": (gone, None)})
    audit(by, "customers.unmerge", gone, {"merged_into": (kept, None)})
    return done


@transaction.atomic
def distinct(pair: Duplicate, by: Any) -> Duplicate:
    """These are two people: they are not shown as duplicates again. Raises Conflict."""
    pair = Duplicate.objects.select_for_update().get(pk=pair.pk)
    if pair.state == Duplicate.State.MERGED:
        raise Conflict(_("These were merged already."))
    pair.state, pair.decided_by, pair.decided_at = Duplicate.State.DISTINCT, by, timezone.now()
    pair.save(update_fields=["state", "decided_by", "decided_at"])
    audit(by, "customers.distinct", pair)
    return pair


# -- what moves ------------------------------------------------------------------------------------------------


def _locked(one: int, other: int) -> tuple[Customer, Customer]:
    rows = {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=[one, other]).order_by("pk")}
    return rows[one], rows[other]


def _references(*, every: bool = False) -> Iterator[Reference]:
    """Each foreign key to customers that is moved by itself."""
    owned = set() if every else {name for mover in _movers.values() for name in mover.owns}
    for one in references():
        if one.model._meta.label_lower not in owned:
            yield one


def _move(model: type[models.Model], field: str, source: int, target: int) -> list[Any]:
    keys = list(model._base_manager.filter(**{field: source}).values_list("pk", flat=True))
    try:
        with transaction.atomic():
            model._base_manager.filter(pk__in=keys).update(**{field: target})
    except IntegrityError as error:
        raise Conflict(_("Both have one of these: %(what)s") % {"what": model._meta.verbose_name}) from error
    return keys


def _fill(kept: Customer, gone: Customer, take: Collection[str]) -> dict[str, Any]:
    before: dict[str, Any] = {}
    for name in dict.fromkeys((*TAKEN, *FILLED)):
        mine, theirs = getattr(kept, name), getattr(gone, name)
        if mine != theirs and theirs and (name in take or (name in FILLED and not mine)):
            before[name] = [mine, theirs]
            setattr(kept, name, theirs)
    own = {code: value for code, value in gone.fields.items() if code not in kept.fields}
    kept.fields = {**kept.fields, **own}
    kept.save(update_fields=[*before, "fields"])
    return {"columns": before, "own": own}


def _unfill(kept: Customer, moved: dict[str, Any]) -> None:
    """What was changed since stays as it is."""
    kept.refresh_from_db()
    for name, (before, after) in moved["columns"].items():
        if getattr(kept, name) == after:
            setattr(kept, name, before)
    kept.fields = {code: value for code, value in kept.fields.items() if moved["own"].get(code) != value}
    kept.save(update_fields=[*moved["columns"], "fields"])


def _take_consent(kept: Customer, gone: Customer) -> dict[str, Any] | None:
    """Taken where the one who stays has said nothing; who has once said no has not agreed."""
    if not gone.consent or (kept.consent and (kept.consent, gone.consent) != ("yes", "no")):
        return None
    before = {name: getattr(kept, name) for name in SAID}
    for name in SAID:
        setattr(kept, name, getattr(gone, name))
    kept.save(update_fields=SAID)
    return {"before": before, "after": gone.consent}


def _consent_back(kept: Customer, moved: dict[str, Any] | None) -> None:
    """What was said since stays."""
    if moved is not None and kept.consent == moved["after"]:
        Customer.objects.filter(pk=kept.pk).update(**moved["before"])


def _move_phones(kept: Customer, gone: Customer) -> dict[str, Any]:
    """A number both have stays once; whoever of them owned it, they own it now."""
    mine = {phone.number: phone for phone in kept.phones.all()}
    moved, dropped, owned = [], [], []
    for phone in gone.phones.all():
        same = mine.get(phone.number)
        if same is None:
            moved.append(phone.pk)
            continue
        dropped.append({"number": phone.number, "shared": phone.shared})
        phone.delete()
        if same.shared and not phone.shared:
            CustomerPhone.objects.filter(pk=same.pk).update(shared=False)
            owned.append(same.pk)
    CustomerPhone.objects.filter(pk__in=moved).update(customer=kept)
    return {"moved": moved, "dropped": dropped, "owned": owned}


def _phones_back(kept: Customer, gone: Customer, moved: dict[str, Any]) -> None:
    CustomerPhone.objects.filter(pk__in=moved["owned"], customer=kept).update(shared=True)
    CustomerPhone.objects.filter(pk__in=moved["moved"], customer=kept).update(customer=gone)
    for phone in moved["dropped"]:
        taken = CustomerPhone.objects.filter(number=phone["number"], shared=False).exists()  # by somebody, in the meantime
        CustomerPhone.objects.create(customer=gone, number=phone["number"], shared=phone["shared"] or taken)


def _move_addresses(kept: Customer, gone: Customer) -> dict[str, Any]:
    main = list(gone.addresses.filter(main=True).values_list("pk", flat=True))
    keys = list(gone.addresses.values_list("pk", flat=True))
    has_main = kept.addresses.filter(main=True).exists()
    if has_main:
        gone.addresses.filter(main=True).update(main=False)
    CustomerAddress.objects.filter(pk__in=keys).update(customer=kept)
    return {"moved": keys, "main": main}


def _addresses_back(kept: Customer, gone: Customer, moved: dict[str, Any]) -> None:
    back = CustomerAddress.objects.filter(pk__in=moved["moved"], customer=kept)
    main = back.filter(pk__in=moved["main"]).values_list("pk", flat=True).first()
    back.update(customer=gone, main=False)
    if main is not None:
        CustomerAddress.objects.filter(pk=main).update(main=True)
    if not kept.addresses.filter(main=True).exists() and (first := kept.addresses.order_by("id").first()):
        CustomerAddress.objects.filter(pk=first.pk).update(main=True)


def _add_tags(kept: Customer, gone: Customer) -> list[int]:
    there = set(kept.tags.values_list("pk", flat=True))
    new = [pk for pk in gone.tags.values_list("pk", flat=True) if pk not in there]
    kept.tags.add(*new)
    return new


def _decide(kept: Customer, gone: Customer, state: str, by: Any) -> None:
    low, high = sorted((kept.pk, gone.pk))
    values = {"state": state, "decided_by": by, "decided_at": timezone.now()}
    Duplicate.objects.filter(Q(first=low, second=high)).update(**values)


def _changes(moved: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (before, after) for name, (before, after) in moved["fields"]["columns"].items()}
