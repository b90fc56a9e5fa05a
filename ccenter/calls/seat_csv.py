"""Seat records as CSV: the first line names the columns, in English or Chinese; a column that is not there stays as it is.

Lists are separated by spaces ("orders vip"), skills have their level behind a colon ("order:5 vip:8"), yes and no are "1" and "0"
(also yes, no, true, false, 是, 否).
"""

import csv
import io
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from ccenter.calls.rights import led_seats
from ccenter.calls.seat_records import FIELDS, Record, book_of, changes, complete, records, repeated, write

MOST = 5000  # lines
COLUMNS = {
    "工号": "number",
    "姓名": "name",
    "登录名": "login",
    "级别": "level",
    "组": "group",
    "队列": "queues",
    "技能": "skills",
    "权限": "permissions",
    "启用": "active",
    "座机": "desk_phone",
    "网页电话": "browser_phone",
    "手机": "mobile",
}
YES = {"1", "yes", "true", "y", "是"}
NO = {"0", "no", "false", "n", "否", ""}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate


class Error(NamedTuple):
    line: int
    field: str
    error: str


class Change(NamedTuple):
    """A line that is right. `action`: new, change or same; `fields`: what it was and will be."""

    line: int
    number: str
    name: str
    action: str
    fields: dict[str, tuple[Any, Any]]


class Outcome(NamedTuple):
    changes: list[Change]
    errors: list[Error]
    passwords: dict[str, str]  # of new logins; told this once


def export(user: Any) -> str:
    """The records one may change. Begins with a byte order mark: so Excel reads it as what it is."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for record in records(led_seats(user)):
        writer.writerow([_written(record[field]) for field in FIELDS])
    return "\ufeff" + out.getvalue()


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict):
        return " ".join(f"{code}:{level}" for code, level in value.items())
    if isinstance(value, list):
        return " ".join(value)
    text = str(value)
    return "'" + text if text.startswith(FORMULA) else text


@transaction.atomic
def take_in(user: Any, text: str, *, apply: bool = False) -> Outcome:
    """What an import would change, and, with `apply` and no error in any line, does change. A fixed number of queries."""
    lines, errors = read(text)
    book = book_of(user)
    for field in ("number", "login"):
        twice = repeated(given[field] for _line, given in lines if given.get(field))
        errors += [Error(n, field, _("This stands in more than one line.")) for n, given in lines if given.get(field) in twice]
    found, pairs = [], []
    wrong = {error.line for error in errors}
    for line, given in lines:
        if line in wrong:
            continue
        before, wanted, problems = complete(book, given)
        errors += [Error(line, field, why) for field, why in problems.items()]
        if not problems:
            changed = changes(before, wanted)
            found.append(
                Change(
                    line, wanted["number"], wanted["name"], "new" if before is None else "change" if changed else "same", changed
                )
            )
            pairs.append((before, wanted))
    errors.sort()
    passwords = {}
    if apply and not errors:
        passwords = write([pair for pair, change in zip(pairs, found, strict=True) if change.action != "same"])
    return Outcome(found, errors, passwords)


def read(text: str) -> tuple[list[tuple[int, Record]], list[Error]]:
    """Lines with their number in the file, and what cannot be read."""
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[tuple[int, Record]] = []
    errors: list[Error] = []
    try:
        columns = [COLUMNS.get(name.strip(), name.strip().lower()) for name in next(rows, [])]
        if unknown := [name for name in columns if name not in FIELDS]:
            return [], [Error(1, "", _("There is no such column: %s") % " ".join(unknown))]
        if "number" not in columns or repeated(columns):
            return [], [Error(1, "", _("Each column once, and one of them the number."))]
        for row in rows:
            number = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(lines) == MOST:
                return [], [Error(number, "", _("More than %s lines.") % MOST)]
            if len(row) != len(columns):
                errors.append(
                    Error(
                        number,
                        "",
                        _("There are %(found)s columns, not %(wanted)s.") % {"found": len(row), "wanted": len(columns)},
                    )
                )
                continue
            given: Record = {}
            for field, cell in zip(columns, row, strict=True):
                try:
                    given[field] = _value(field, cell.strip())
                except ValueError:
                    errors.append(Error(number, field, _("This cannot be understood: %s") % cell[:60]))
            lines.append((number, given))
    except csv.Error as error:
        errors.append(Error(rows.line_num, "", str(error)))
    return lines, errors


def _value(field: str, cell: str) -> Any:
    """Raises ValueError."""
    if field == "level":
        return int(cell)
    if field in ("active", "desk_phone", "browser_phone"):
        if cell.lower() in YES:
            return True
        if cell.lower() in NO:
            return False
        raise ValueError(cell)
    if field in ("queues", "permissions"):
        return cell.split()
    if field == "skills":
        pairs = [word.replace("：", ":").partition(":") for word in cell.split()]
        return {code: int(level or 5) for code, _colon, level in pairs}
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
