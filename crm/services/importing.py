"""Customers from a file: a job that takes what is right and writes down, row by row, what is not and why.

`params`: "mapping" {heading: target}; "known": what becomes of a row whose member number or telephone number somebody has
("refuse", "skip", "update"); "tags": make those that are not there; "dry": only look what would be.
New rows go in by the hundreds; a row that changes a customer goes through `change_customer`, if whoever imports may change them.
"""

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from ccenter.office import rights
from ccenter.office.audit import audit
from ccenter.office.jobs import LARGEST, JobFailed, Progress, kind
from crm import tables
from crm.models import Customer, CustomerAddress, CustomerPhone, CustomField, Tag
from crm.selectors.customers import resolve
from crm.selectors.fields import visible
from crm.services import columns, indexing
from crm.services.columns import Row
from crm.services.customers import CONSENT, MEMBERS, change_customer, say_consent, tags_of

BATCH = 500
KNOWN = ("refuse", "skip", "update")


class Line(NamedTuple):
    """A row of the file: `place` counts as spreadsheets do, the heading is 1."""

    place: int
    cells: Sequence[Any]
    row: Row


@kind("customers.import")
def run(job: Progress) -> None:
    try:
        Import(job).run()
    except tables.BadFile as error:
        raise JobFailed(str(error)) from error


class Import:
    """One run over a file."""

    def __init__(self, job: Progress) -> None:
        self.job = job
        self.fields = visible(job.user)
        self.dry = bool(job.params.get("dry"))
        self.known = job.params.get("known", "refuse")
        self.make_tags = bool(job.params.get("tags"))
        self._read_tags()
        self.numbers: set[str] = set()  # that a dry run has seen
        rows = tables.rows(job.upload)
        self.heading = [tables.text_of(cell) for cell in next(rows, [])]
        self.places = columns.mapping(self.heading, self.fields, job.params.get("mapping"))
        self.rows: Iterator[tuple[int, list[Any]]] = (
            (place, cells) for place, cells in enumerate(rows, 2) if any(tables.text_of(cell) for cell in cells)
        )

    def run(self) -> None:
        job = self.job
        job.total(tables.count(job.upload))
        rows = islice(self.rows, job.place, None)
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                before = dict(job.report)
                try:
                    with transaction.atomic():
                        self._take(batch)
                except IntegrityError:  # somebody else wrote one of these meanwhile: one by one, to find which
                    self._read_tags()  # those made for the batch are gone with it
                    job.report.clear()
                    job.report.update(before)
                    for one in batch:
                        self._alone(one)
                job.advance(len(batch))
        if not self.dry and job.user is not None:
            audit(job.user, "customers.import", job._job, {"rows": (None, job.report)})

    def _read_tags(self) -> None:
        self.tags = {tag.name: tag for tag in Tag.objects.all()}

    def _alone(self, one: tuple[int, list[Any]]) -> None:
        try:
            with transaction.atomic():
                self._take([one])
        except IntegrityError:
            self._read_tags()
            self._refuse(one[0], one[1], {"": [_("Somebody else has just written this customer.")]})

    def _take(self, batch: list[tuple[int, list[Any]]]) -> None:
        refused: list[tuple[int, list[Any], dict[str, list[str]]]] = []
        lines: list[Line] = []
        for place, cells in batch:
            try:
                lines.append(Line(place, cells, columns.read(cells, self.places, self.fields)))
            except ValidationError as error:
                refused.append((place, cells, error.message_dict))
        there = _Known(lines)
        new: list[Line] = []
        again: list[Line] = []
        for line in lines:
            try:
                if (found := there.of(line.row)) is not None:
                    self._known(line, found)
                elif there.claims(line.row, self.numbers if self.dry else set()):
                    self._levelled(line.row)
                    self._tagged(line.row)
                    new.append(line)
                else:
                    again.append(line)
            except ValidationError as error:
                refused.append((line.place, line.cells, _messages(error)))
        if not self.dry:
            self._add(new)
        self._count("added", len(new))
        for line in again:  # once those before them are there, to be changed
            try:
                self._twice(line)
            except ValidationError as error:
                refused.append((line.place, line.cells, _messages(error)))
        for one in sorted(refused):
            self._refuse(*one)

    def _known(self, line: Line, found: list[int]) -> None:
        if len(found) > 1:
            raise ValidationError({"phones": _("These numbers belong to different customers.")})
        if self.known == "skip":
            self._count("skipped", 1)
        elif self.known == "refuse":
            raise ValidationError({"phones" if line.row.phones else "number": _("This customer is there already.")})
        else:
            self._change(found[0], line)
            self._count("changed", 1)

    def _twice(self, line: Line) -> None:
        number, twice = line.row.number, ValidationError({"phones": _("This number was in the file already.")})
        if self.known == "refuse" or (self.dry and number and number not in self.numbers):
            raise twice
        if self.dry:
            self._count("skipped" if self.known == "skip" else "changed", 1)
        elif (found := _Known([line]).of(line.row)) is not None:
            self._known(line, found)
        else:  # the row before was refused
            raise twice

    def _change(self, key: int, line: Line) -> None:
        """What the file says; a cell that is empty changes nothing, points only their own book changes."""
        row = columns.read(line.cells, self.places, self.fields, new=False)
        tags = self._tagged(row)
        customer, user = resolve(Customer.objects.get(pk=key)), self.job.user
        if user is not None and not all(rights.may(user, f"customers.{verb}", customer) for verb in ("view", "change")):
            raise ValidationError(_("You have no right to change this customer."))
        self._levelled(row, customer.level)
        if not self.dry:
            change_by_row(customer, row, tags, by=user, seen=self.fields)

    def _levelled(self, row: Row, was: str = Customer.Level.ORDINARY) -> None:
        user = self.job.user
        if user is not None and row.columns.get("level", was) != was and not rights.may(user, "customers.level"):
            raise ValidationError({"level": _("You have no right to decide about levels.")})

    def _tagged(self, row: Row) -> list[Tag]:
        for name in row.tags:
            if name not in self.tags:
                if not self.make_tags:
                    raise ValidationError({"tags": _("There is no tag “%(name)s”.") % {"name": name}})
                if not self.dry:
                    self.tags[name] = tags_of([name], make=True)[0]
        return [self.tags[name] for name in row.tags if name in self.tags]

    def _add(self, lines: list[Line]) -> None:
        ids = _ids([line.row.number for line in lines])
        defaults = {"level": Customer.Level.ORDINARY}
        people = [
            Customer(
                id=ident, number=number, fields=line.row.own, points=line.row.points or 0, **{**defaults, **line.row.columns}
            )
            for line, (ident, number) in zip(lines, ids, strict=True)
        ]
        for one, line in zip(people, lines, strict=True):
            say_consent(one, {}, CONSENT & set(line.row.columns), self.job.user)
        Customer.objects.bulk_create(people)
        pairs = list(zip(people, lines, strict=True))
        CustomerPhone.objects.bulk_create(
            CustomerPhone(customer=one, number=number) for one, line in pairs for number in line.row.phones
        )
        CustomerAddress.objects.bulk_create(
            CustomerAddress(customer=one, main=True, **line.row.address) for one, line in pairs if line.row.address
        )
        through = Customer.tags.through
        through.objects.bulk_create(
            through(customer_id=one.pk, tag_id=tag.pk) for one, line in pairs for tag in dict.fromkeys(self._tagged(line.row))
        )
        indexing.index([one.pk for one in people])

    def _count(self, what: str, more: int) -> None:
        self.job.report[what] = self.job.report.get(what, 0) + more

    def _refuse(self, place: int, cells: Sequence[Any], reasons: dict[str, list[str]]) -> None:
        names = [name or f"{column + 1}" for column, name in enumerate(self.heading)]
        texts = [tables.text_of(cell) for cell in cells]
        row = dict(zip(names, [*texts, *[""] * len(names)], strict=False))
        self.job.refuse(place, row, reasons)


def change_by_row(
    customer: Customer, row: Row, tags: Sequence[Tag], *, by: Any = None, seen: list[CustomField] | None = None
) -> None:
    """What a row says: numbers and tags come to those there are, what is empty changes nothing; nor do number and points."""
    given: dict[str, Any] = {name: value for name, value in row.columns.items() if value}
    if tags:
        given["tags"] = list({*customer.tags.all(), *tags})
    if row.address:
        main = customer.addresses.filter(main=True).first()
        given["addresses"] = [{"id": one.pk} for one in customer.addresses.all() if one != main]
        given["addresses"].append({**row.address, **({"id": main.pk} if main else {}), "main": True})
    change_customer(customer, {**given, "fields": row.own}, row.phones, by=by, seen=seen)


class _Known:
    """Who of a batch is there already. Two queries."""

    def __init__(self, lines: list[Line]) -> None:
        numbers = {line.row.number for line in lines if line.row.number}
        phones = {phone for line in lines for phone in line.row.phones}
        self.members = dict(Customer.objects.filter(number__in=numbers).values_list("number", "pk"))
        rows = CustomerPhone.objects.filter(number__in=phones).order_by("-shared", "-customer")
        self.phones = dict(rows.values_list("number", "customer"))  # of several, who owns it comes last and stays
        self.claimed: set[str] = set()

    def of(self, row: Row) -> list[int] | None:
        """Keys of the customers this row may be; a member number decides. None: nobody.

        Raises ValidationError for the telephone of one customer under a member number that is none's: it is somebody else's row.
        """
        if row.number and row.number in self.members:
            return [self.members[row.number]]
        found = {self.phones[phone] for phone in row.phones if phone in self.phones}
        if row.number and found:
            raise ValidationError({"phones": _("These numbers belong to different customers.")})
        return sorted(found) or None

    def claims(self, row: Row, seen: set[str]) -> bool:
        """Whether nobody before in this file has one of its numbers; from now on they are its."""
        mine = {*row.phones, *([row.number] if row.number else [])}
        if mine & (self.claimed | seen):
            return False
        self.claimed |= mine
        seen |= mine
        return True


def _ids(numbers: list[str]) -> list[tuple[int, str]]:
    """Keys and member numbers for new rows; "" gets one of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_customer', 'id')) FROM generate_series(1, %s)", [len(numbers)])
        keys = [key for (key,) in cursor.fetchall()]
    ours = {str(MEMBERS + key) for key, number in zip(keys, numbers, strict=True) if not number}
    taken = set(Customer.objects.filter(number__in=ours).values_list("number", flat=True)) | (ours & set(numbers))
    found = []
    for key, number in zip(keys, numbers, strict=True):
        mine = number or str(MEMBERS + key)
        if not number and mine in taken:  # somebody brought it from elsewhere: the next free one far away
            mine = str(10 * MEMBERS + key)
        found.append((key, mine))
    return found


def _messages(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def preview(path: Any, user: Any, said: dict[str, str] | None = None, *, strict: bool = True, most: int = 20) -> dict[str, Any]:
    """What a file begins with and what its columns would be: {"columns": [{"heading", "target", "examples"}], "targets": {…}}."""
    fields: list[CustomField] = visible(user)
    table = list(islice(tables.rows(path), most + 1))
    heading = table[0] if table else []
    found = columns.mapping(heading, fields, said, strict=strict)
    return {
        "columns": [
            {
                "heading": tables.text_of(cell),
                "target": found.get(place, ""),
                "examples": [tables.text_of(row[place]) for row in table[1:4] if place < len(row)],
            }
            for place, cell in enumerate(heading)
        ],
        "targets": columns.targets(fields),
    }


def look(upload: UploadedFile, user: Any, said: dict[str, str] | None, *, strict: bool = True) -> dict[str, Any]:
    """The preview of a file that was sent; it can be read again afterwards. Raises ValidationError."""
    if (upload.size or 0) > LARGEST:
        raise ValidationError({"file": _("The file is too large.")})
    with tempfile.NamedTemporaryFile(suffix=Path(upload.name or "").suffix[:8]) as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        upload.seek(0)
        try:
            return preview(Path(copy.name), user, said, strict=strict)
        except tables.BadFile as error:
            raise ValidationError({"file": str(error)}) from None
