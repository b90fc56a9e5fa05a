"""Writes about customers: one function makes one, one changes one, with numbers, addresses, tags and own fields."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from ccenter.calls.tokens import masked
from ccenter.office import webhooks
from ccenter.office.audit import audit, changed, state_of
from crm.models import Customer, CustomerAddress, CustomerNote, CustomerPhone, CustomField, Duplicate, Tag
from crm.selectors.fields import definitions
from crm.services import indexing, outbound
from crm.services.fields import values_of

MOST_PHONES = MOST_ADDRESSES = 10
MEMBERS = 90_000_000  # member numbers that we give out are above
CONSENT = frozenset({"consent", "consent_at", "consent_how"})
COLUMNS = frozenset({"name", "title", "level", "language", "email", "owner", "team", "branch", *CONSENT})
# a main address, told with the customer's own columns
MAIN = {"province": "province", "city": "city", "district": "district", "address": "street"}
PARTS = ("province", "city", "district", "street", "postcode", "receiver", "phone")
Item = Mapping[str, Any]


@transaction.atomic
def add_customer(
    fields: Mapping[str, Any],
    numbers: Iterable[str | Item] = (),
    *,
    by: Any = None,
    seen: list[CustomField] | None = None,
) -> Customer:
    """A new customer with a member number of its own.

    `fields`: COLUMNS, "number" and "points" brought along from elsewhere, "fields" {code: value}, "tags" [Tag], "phones" and
    "addresses" (as in `set_phones`, `set_addresses`), or province, city, district, address of the main one. `numbers` are more
    phones, in any way of writing. `by`: who does it, None the system; `seen`: the own fields they see, default all.
    Raises ValidationError by field.
    """
    given, own = dict(fields), _parts_of(fields)
    ident, number = _next_number()
    number = given.get("number") or number
    if given.get("number") and Customer.objects.filter(number=number).exists():
        raise ValidationError({"number": _("Somebody else has this member number.")})
    values = values_of(given.get("fields", {}), definitions(), seen=seen)
    columns = {name: value for name, value in given.items() if name in COLUMNS or name == "points"}
    customer = Customer(id=ident, number=number, fields=values, **columns)
    say_consent(customer, {}, CONSENT & set(given), by)
    customer.full_clean(exclude=["owner", "team", "branch", "fields"], validate_unique=False, validate_constraints=False)
    customer.save(force_insert=True)
    set_phones(customer, [*given.get("phones", ()), *numbers], by=by)
    set_addresses(customer, [*given.get("addresses", ()), *([{**own, "main": True}] if any(own.values()) else [])])
    customer.tags.set(given.get("tags", ()))
    indexing.index([customer.pk])
    audit(by, "customers.add", customer)
    webhooks.tell("customer.added", {"id": customer.pk, "number": customer.number})
    return customer


@transaction.atomic
def change_customer(
    customer: Customer,
    fields: Mapping[str, Any],
    numbers: Iterable[str | Item] = (),
    without: Iterable[int] = (),
    *,
    by: Any = None,
    seen: list[CustomField] | None = None,
) -> Customer:
    """Changes what `fields` has, as in `add_customer`; "phones" and "addresses" there are all that shall be left.

    `numbers` are added to the phones, those with the ids `without` taken away. Nothing changed is no new version.
    """
    customer = Customer.objects.select_for_update().get(pk=customer.pk)
    if customer.merged_into_id is not None:
        raise ValidationError(_("This customer was merged into another one."))
    given, own = dict(fields), _parts_of(fields)
    before, hung = state_of(customer), _hanging(customer)
    for name in COLUMNS & set(given):
        setattr(customer, name, given[name])
    say_consent(customer, before, CONSENT & set(given), by)
    if "fields" in given:
        customer.fields = values_of(given["fields"], definitions(), customer.fields, seen=seen)
    if "phones" in given:
        set_phones(customer, given["phones"], by=by, all_of_them=True)
    customer.phones.filter(pk__in=list(without)).delete()
    set_phones(customer, numbers, by=by)
    if "addresses" in given:
        set_addresses(customer, given["addresses"], all_of_them=True)
    if own:
        _set_main(customer, own)
    if "tags" in given:
        customer.tags.set(given["tags"])
    now_hung = _hanging(customer)
    changes = changed(before, customer) | {name: (hung[name], now_hung[name]) for name in hung if hung[name] != now_hung[name]}
    if changes:
        customer.full_clean(exclude=["owner", "team", "branch", "fields"], validate_unique=False, validate_constraints=False)
        customer.updated_at = timezone.now()
        customer.save(update_fields=[*(COLUMNS & set(given)), *CONSENT, "consent_by", "fields", "updated_at"])
        indexing.index([customer.pk])
        audit(by, "customers.change", customer, changes)
        webhooks.tell("customer.changed", {"id": customer.pk, "number": customer.number, "fields": sorted(changes)})
    if before["consent"] == Customer.Consent.YES != customer.consent:
        outbound.withdraw(customer)
    return customer


@transaction.atomic
def delete_customer(customer: Customer, *, by: Any = None) -> None:
    """With numbers and addresses. Raises ProtectedError for one something was done for: that is kept."""
    audit(by, "customers.delete", customer)
    Duplicate.objects.filter(first=customer).delete()
    Duplicate.objects.filter(second=customer).delete()
    customer.delete()


def add_note(customer: Customer, text: str, author: Any) -> CustomerNote:
    note = CustomerNote(customer=customer, text=text.strip(), author=author)
    note.full_clean()
    note.save()
    return note


# -- consent ---------------------------------------------------------------------------------------------------


def say_consent(customer: Customer, before: Mapping[str, Any], said: Collection[str], by: Any) -> None:
    """What goes with a consent: since when, how and from whom it is known. `before`: the columns as they were; `said`: which of
    CONSENT were given. Raises ValidationError by field."""
    if not customer.consent:
        customer.consent_at, customer.consent_how, customer.consent_by = None, "", None
        return
    anew = customer.consent != before.get("consent")
    if anew and "consent_how" not in said:
        customer.consent_how = ""
    if anew and "consent_at" not in said:
        customer.consent_at = None
    customer.consent_at = (customer.consent_at or timezone.now()).replace(second=0, microsecond=0)
    if customer.consent == Customer.Consent.YES and not customer.consent_how:
        raise ValidationError({"consent_how": _("How did they say so?")})
    if customer.consent_at.year < 1902:
        raise ValidationError({"consent_at": _("A year from 1902 to 2200.")})
    if customer.consent_at > timezone.now():
        raise ValidationError({"consent_at": _("This is not yet.")})
    if any(getattr(customer, name) != before.get(name) for name in CONSENT):
        customer.consent_by = by


# -- numbers ---------------------------------------------------------------------------------------------------


def add_phones(customer: Customer, numbers: Iterable[str | Item]) -> None:
    """A number the customer has already is no error."""
    set_phones(customer, numbers)


def set_phones(customer: Customer, items: Iterable[str | Item], *, by: Any = None, all_of_them: bool = False) -> None:
    """Writes numbers: a text, or {"number", "shared"?}, or {"id", "shared"?} for one they have; `all_of_them`: others go.

    A number that somebody else has needs shared=True. Raises ValidationError. Whoever calls this keeps the index.
    """
    wanted = [dict(item) if isinstance(item, Mapping) else {"number": item} for item in items]
    if not wanted and not all_of_them:
        return
    there = {phone.pk: phone for phone in customer.phones.all()}
    if any(item["id"] not in there for item in wanted if "id" in item):
        raise _no_such("phones")
    kept = {item["id"] for item in wanted if "id" in item}
    if all_of_them:
        for pk in set(there) - kept:
            there.pop(pk).delete()
    by_number = {phone.number: phone for phone in there.values()}
    for item in wanted:
        phone = there[item["id"]] if "id" in item else None
        number = _e164(item["number"], "phones") if item.get("number") else phone.number if phone else ""
        if not number:
            raise ValidationError({"phones": _("Not a telephone number.")})
        phone = phone or by_number.get(number) or CustomerPhone(customer=customer)
        shared = bool(item.get("shared", phone.shared))
        if phone.pk is None or (phone.number, phone.shared) != (number, shared):
            phone.number, phone.shared = number, shared
            _save_phone(phone)
            by_number[number] = phone
            if shared and by is not None:
                _shared_by_choice(customer, number, by)
    if len(by_number) > MOST_PHONES:
        raise ValidationError({"phones": _("A customer has at most ten numbers.")})


def _save_phone(phone: CustomerPhone) -> None:
    try:
        with transaction.atomic():
            phone.save()
    except IntegrityError as error:
        if "one_owner_a_phone" in str(error):
            why = _("Somebody else has this number already. Is it shared, or the same customer?")
            raise ValidationError({"phones": ValidationError(why, code="taken")}) from None
        if "one_phone_a_customer_and_number" in str(error):
            raise ValidationError({"phones": _("This number is there twice.")}) from None
        raise


def _shared_by_choice(customer: Customer, number: str, by: Any) -> None:
    """Whoever says that a number is shared has said that these are different people."""
    now = timezone.now()
    others = CustomerPhone.objects.filter(number=number).exclude(customer=customer).values_list("customer", flat=True)[:20]
    Duplicate.objects.bulk_create(
        (
            Duplicate(
                first_id=min(customer.pk, other),
                second_id=max(customer.pk, other),
                reason=Duplicate.Reason.NUMBER,
                state=Duplicate.State.DISTINCT,
                decided_by=by,
                decided_at=now,
            )
            for other in others
        ),
        ignore_conflicts=True,
    )


def _e164(written: Any, field: str) -> str:
    read = normalise(str(written))
    if not read.is_e164:
        raise ValidationError({field: _("Not a telephone number.")})
    return read.number


def _no_such(field: str) -> ValidationError:
    return ValidationError({field: _("There is no such thing, or it is another customer's.")})


# -- addresses -------------------------------------------------------------------------------------------------


def set_addresses(customer: Customer, items: Iterable[Item], *, all_of_them: bool = False) -> None:
    """Writes addresses: PARTS and "main", with "id" for one they have; `all_of_them`: others go.

    One is always the main one: that which says so, else the one that was, else the first. Raises ValidationError.
    """
    wanted = [dict(item) for item in items]
    if not wanted and not all_of_them:
        return
    there = {address.pk: address for address in customer.addresses.all()}
    if any(item["id"] not in there for item in wanted if "id" in item):
        raise _no_such("addresses")
    if all_of_them:
        for pk in set(there) - {item["id"] for item in wanted if "id" in item}:
            there.pop(pk).delete()
    rows = list(there.values())
    main = next((address for address in rows if address.main), None)
    said: list[CustomerAddress] = []
    for item in wanted:
        address = there[item["id"]] if "id" in item else CustomerAddress(customer=customer)
        for part in set(PARTS) & set(item):
            setattr(address, part, (item[part] or "").strip())
        if address.phone:
            address.phone = _e164(address.phone, "addresses")
        if not (address.province or address.city or address.district or address.street):
            raise ValidationError({"addresses": _("Where is that?")})
        address.clean_fields(exclude=["customer"])
        if "id" not in item:
            rows.append(address)
        if item.get("main"):
            said.append(address)
    if len(rows) > MOST_ADDRESSES:
        raise ValidationError({"addresses": _("A customer has at most ten addresses.")})
    if len(said) > 1:
        raise ValidationError({"addresses": _("Only one is the main address.")})
    chosen = said[0] if said else main or (rows[0] if rows else None)
    customer.addresses.exclude(pk=chosen.pk if chosen else None).filter(main=True).update(main=False)
    for address in rows:
        address.main = address is chosen
        address.save()


def _parts_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The main address as the desk tells it."""
    return {part: (fields[name] or "").strip() for name, part in MAIN.items() if name in fields}


def _set_main(customer: Customer, parts: dict[str, str]) -> None:
    there = customer.addresses.filter(main=True).first()
    if there is None:
        if any(parts.values()):
            set_addresses(customer, [{**parts, "main": True}])
        return
    for part, value in parts.items():
        setattr(there, part, value)
    if there.province or there.city or there.district or there.street:
        there.clean_fields(exclude=["customer"])
        there.save()
    else:
        there.delete()
        set_addresses(customer, [{"id": pk} for pk in customer.addresses.values_list("pk", flat=True)])


# -- tags ------------------------------------------------------------------------------------------------------


def tags_of(names: Iterable[str], *, make: bool = False) -> list[Tag]:
    """The tags of these names; with `make`, new ones are made, else they are an error. Raises ValidationError."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    there = {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}
    for name in wanted:
        if name not in there:
            if not make:
                raise ValidationError({"tags": _("There is no tag “%(name)s”.") % {"name": name}})
            tag = Tag(name=name)
            tag.clean_fields()
            there[name], _new = Tag.objects.get_or_create(name=name)
    return [there[name] for name in wanted]


# -- parts -----------------------------------------------------------------------------------------------------


def _next_number() -> tuple[int, str]:
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_customer', 'id'))")
            ident = cursor.fetchone()[0]
            number = str(MEMBERS + ident)
            if not Customer.objects.filter(number=number).exists():
                return ident, number


def _hanging(customer: Customer) -> dict[str, list[str]]:
    """For the audit log, which other people read: numbers masked, addresses without the street."""
    return {
        "phones": [masked(phone.number) + (" +" if phone.shared else "") for phone in customer.phones.all()],
        "addresses": [_told(address) for address in customer.addresses.all()],
        "tags": sorted(customer.tags.values_list("name", flat=True)),
    }


def _told(address: CustomerAddress) -> str:
    """Two that differ only where it is masked differ by a check sum."""
    mark = sha256("|".join(getattr(address, part) for part in PARTS).encode()).hexdigest()[:6]
    return f"{address.province}{address.city}{address.district}**** ({mark}{', main' if address.main else ''})"
