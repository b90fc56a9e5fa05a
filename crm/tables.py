"""Files with a table in them: CSV (UTF-8 or GB18030, with comma, semicolon or tab) and XLSX, read row by row and written so."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Protocol

import xlsxwriter
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
LONGEST = 10_000  # signs of a cell
UNPACKED = 2 * 2**30  # bytes that an XLSX may become: more is meant to fill the memory
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class BadFile(Exception):
    """It cannot be read; the text is for whoever sent it."""


class Writer(Protocol):
    def __call__(self, cells: Sequence[Any]) -> None: ...


def rows(path: Path) -> Iterator[list[Any]]:
    """All rows, the heading first; cells are texts, in XLSX also numbers, dates and booleans. Raises BadFile."""
    for count, row in enumerate(_xlsx(path) if zipfile.is_zipfile(path) else _csv(path)):
        if count > MOST_ROWS:
            raise BadFile(_("More than a million rows: please send several files."))
        if len(row) > MOST_COLUMNS:
            raise BadFile(_("More than 200 columns."))
        yield row


def count(path: Path) -> int:
    """Rows below the heading that hold something. Raises BadFile."""
    return max(0, sum(1 for row in rows(path) if any(_filled(cell) for cell in row)) - 1)


def _filled(cell: Any) -> bool:
    return cell is not None and cell != ""


def _xlsx(path: Path) -> Iterator[list[Any]]:
    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED:
            raise BadFile(_("The file is too large."))
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheet = book.get_sheet_by_index(0)
            yield from ([_cell(cell) for cell in row] for row in sheet.iter_rows())
    except (CalamineError, IndexError) as error:
        raise BadFile(_("Not a table that can be read: %(error)s") % {"error": str(error)[:100]}) from error


def _cell(cell: Any) -> Any:
    """As somebody would type it: 13800138000 and not 13800138000.0."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell[:LONGEST] if isinstance(cell, str) else cell


def _csv(path: Path) -> Iterator[list[Any]]:
    encoding = _encoding(path)
    csv.field_size_limit(1_000_000)
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=head.count)
        try:
            for row in csv.reader(file, delimiter=delimiter):
                yield [cell[:LONGEST].replace("\0", "") for cell in row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadFile(_("Not a table that can be read: %(error)s") % {"error": str(error)[:100]}) from error


def _encoding(path: Path) -> str:
    """What Excel writes in China is GB18030; it is not UTF-8 by chance."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadFile(_("Not a text in UTF-8 or GB18030."))


def text_of(cell: Any) -> str:
    """A cell as one would type it; the apostrophe that keeps spreadsheets from calculating is not part of it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        cell = cell.date() if cell.time() == datetime.min.time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell).strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


# -- writing ---------------------------------------------------------------------------------------------------


@contextmanager
def writing(file: IO[bytes], kind: str) -> Iterator[Writer]:
    """Gives a function that writes a row; `kind` "csv" or "xlsx". No cell becomes a formula."""
    if kind == "xlsx":
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        at = 0

        def row(cells: Sequence[Any]) -> None:
            nonlocal at
            for column, cell in enumerate(cells):
                if isinstance(cell, bool | int | float):
                    sheet.write(at, column, cell)
                elif _filled(cell):
                    sheet.write_string(at, column, text_of(cell)[:32_000])
            at += 1

        yield row
        book.close()
        return
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text)
    yield lambda cells: writer.writerow([_safe(cell) for cell in cells])
    text.flush()
    text.detach()


def _safe(cell: Any) -> Any:
    if isinstance(cell, bool | int | float):
        return cell
    text = text_of(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def write(file: IO[bytes], kind: str, table: Iterable[Sequence[Any]]) -> None:
    with writing(file, kind) as row:
        for cells in table:
            row(cells)
