"""Keeps customers and orders equal with another system: read from its database on a schedule, or sent by it, signed.

A row there and a row here are linked once (`SourceRow`), by member or telephone number where both exist already. From then on
each side is compared with what it was when they were last equal: what changed there comes here, what changed here goes there
(where the source allows it), and where both changed the source's rule decides. A row that is refused is kept with its reasons
and tried again when it changes, or its time has come, until it is given up (`RefusedRow`); nothing else stops because of it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sql
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from ccenter.office.webhooks import DELAYS
from crm.models import RefusedRow, Source, SourceRow, SourceRun
from crm.tables import text_of

BATCH = 500
SHOWN = 100  # refused rows kept of a run
LOCKS = 0x50CE
OVERLAP = timedelta(minutes=5)
Texts = dict[str, str]
Refused = RefusedRow.State


class SourceError(Exception):
    """The other system cannot be read; the text is for people and holds no password."""


class Adapter(NamedTuple):
    """How rows of one kind are read and written here; all values are texts by target.

    `targets()`: {target: name}; `known(texts)`: keys of rows here that this one may be; `save(key or None, texts)` gives the key,
    raises ValidationError; `load(keys)`: {key: texts of all targets}; `changed(since)`: keys of rows changed here since;
    `when(key)`: when that one was; `ours`: targets that are only told there, never taken; `added`: targets that nobody takes
    back (payments), which are taken whoever counts: `add(key, texts)` says whether something was new, raises ValidationError.
    """

    targets: Callable[[], dict[str, str]]
    known: Callable[[Texts], list[int]]
    save: Callable[[int | None, Texts], int]
    load: Callable[[Iterable[int]], dict[int, Texts]]
    changed: Callable[[datetime], list[int]]
    when: Callable[[int], datetime]
    ours: Collection[str] = ()
    added: Collection[str] = ()
    add: Callable[[int, Texts], bool] = lambda key, texts: False


_adapters: dict[str, Adapter] = {}


def register(entity: str, adapter: Adapter) -> None:
    _adapters[entity] = adapter


def targets_of(entity: str) -> dict[str, str]:
    """{field of ours: what it is called}; empty for what cannot be synchronised here."""
    return _adapters[entity].targets() if entity in _adapters else {}


def adapter_of(source: Source) -> Adapter:
    """Raises ValidationError."""
    if source.entity not in _adapters:
        raise ValidationError({"entity": _("This cannot be synchronised here.")})
    return _adapters[source.entity]


# -- one row ---------------------------------------------------------------------------------------------------


class Sync:
    """Rows of one run of one source."""

    def __init__(self, source: Source, run: SourceRun) -> None:
        self.source, self.run, self.adapter = source, run, adapter_of(source)
        self.write_back: dict[str, Texts] = {}  # their key -> what they shall have
        run.counts = dict.fromkeys(("read", "again", "added", "changed", "same", "kept", "refused", "given_up", "written"), 0)

    def take(self, theirs: Iterable[Mapping[str, Any]], counted: str = "read") -> None:
        """Rows as they come from there, each in a savepoint of its own. One that was refused as it is waits for its time."""
        rows = {text_of(row.get(self.source.key)): row for row in theirs}
        refused = {one.key: one for one in RefusedRow.objects.filter(source=self.source, key__in=rows)}
        links = {link.key: link for link in SourceRow.objects.filter(source=self.source, key__in=rows)}
        ours = self.adapter.load([link.row for link in links.values()])
        for key, row in rows.items():
            self.run.counts[counted] += 1
            was, texts = refused.get(key), {column: _text(value).replace("\0", "") for column, value in row.items()}
            if was is not None and was.row == texts and not (was.state == Refused.WAITING and was.next_at <= timezone.now()):
                continue
            try:
                if not key or len(key) > 100:
                    raise ValidationError(_("It has no key."))
                link, told = links.get(key), self._told(row)
                with transaction.atomic():  # money that came in is taken whatever becomes of the rest
                    added = link is not None and link.row in ours and self._add(link.row, told, ours[link.row])
                with transaction.atomic():
                    self._one(key, row, told, link, ours, added)
                    connection.check_constraints()  # of this row, not of all at the end
                    if was is not None:
                        was.delete()
            except (ValidationError, DatabaseError) as error:
                self._refuse(key, error, texts, was)

    def again(self, now: datetime) -> None:
        """Refused rows whose time has come."""
        due = RefusedRow.objects.filter(source=self.source, state=Refused.WAITING, next_at__lte=now).order_by("next_at")
        self.take([one.row for one in due[:BATCH]], "again")

    def _told(self, row: Mapping[str, Any]) -> Texts:
        """What a row of theirs says, by target."""
        mapping = self.source.mapping.items()
        return {target: _text(row.get(column)) for target, column in mapping if target not in self.adapter.ours}

    def _one(
        self, key: str, row: Mapping[str, Any], texts: Texts, link: SourceRow | None, ours: dict[int, Texts], added: bool
    ) -> None:
        digest = digest_of({target: text for target, text in texts.items() if target not in self.adapter.added})
        if link is not None and link.row not in ours:  # deleted here: begin anew
            link.delete()
            link = None
        if link is None:
            self._first(key, texts, digest)
            return
        here = digest_of(self._mapped(ours[link.row]))
        if digest == link.theirs:
            self.run.counts["changed" if added else "same"] += 1
            return
        if here != link.ours and not self._theirs_counts(row, link.row):
            self.run.counts["kept"] += 1
            self.write_back[key] = self._mapped(ours[link.row])
            SourceRow.objects.filter(pk=link.pk).update(theirs=digest, ours=here, at=timezone.now())
            return
        self.adapter.save(link.row, texts)
        self.run.counts["changed"] += 1
        self._link(key, link.row, digest)

    def _first(self, key: str, texts: Texts, digest: str) -> None:
        found = self.adapter.known(texts)
        if len(found) > 1:
            raise ValidationError(_("These numbers belong to different customers."))
        if found and SourceRow.objects.filter(source=self.source, row=found[0]).exclude(key=key).exists():
            raise ValidationError(_("Another row of theirs is this one already."))
        row = self.adapter.save(found[0] if found else None, texts)
        self._add(row, texts, {})
        self.run.counts["changed" if found else "added"] += 1
        self._link(key, row, digest)

    def _add(self, row: int, texts: Texts, ours: Texts) -> bool:
        """What is only added to: whether some of it is new."""
        told = any(texts[target] and texts[target] != ours.get(target) for target in self.adapter.added if target in texts)
        return told and self.adapter.add(row, texts)

    def _link(self, key: str, row: int, digest: str) -> None:
        here = digest_of(self._mapped(self.adapter.load([row])[row]))
        values = {"row": row, "theirs": digest, "ours": here, "at": timezone.now()}
        SourceRow.objects.update_or_create(source=self.source, key=key, defaults=values)

    def _mapped(self, texts: Texts) -> Texts:
        return {target: texts.get(target, "") for target in self.source.mapping if target not in self.adapter.added}

    def _theirs_counts(self, row: Mapping[str, Any], key: int) -> bool:
        if self.source.conflict != Source.Conflict.NEWEST:
            return self.source.conflict == Source.Conflict.THEIRS
        changed = row.get(self.source.changed)
        if isinstance(changed, str):
            with suppress(ValueError):
                changed = datetime.fromisoformat(changed)
        if not isinstance(changed, datetime):
            return True  # a counter says nothing of the hour
        changed = changed if changed.tzinfo else timezone.make_aware(changed)  # a clock in the house shows the centre's time
        return changed >= self.adapter.when(key)

    def _refuse(self, key: str, error: Exception, texts: Texts, was: RefusedRow | None) -> None:
        reasons = _reasons(error)
        self.run.counts["refused"] += 1
        if len(self.run.refused) < SHOWN:
            self.run.refused.append({"key": key[:100], "reasons": reasons})
        if not key or len(key) > 100:
            return  # it cannot be told from others
        row = was or RefusedRow(source=self.source, key=key)
        if row.row != texts:
            row.tries, row.row, row.state = 0, texts, Refused.WAITING
        row.tries, row.reasons, row.tried_at = row.tries + 1, reasons, timezone.now()
        if row.tries > len(DELAYS):
            row.state = Refused.DEAD
            self.run.counts["given_up"] += 1
        else:
            row.next_at = row.tried_at + timedelta(seconds=DELAYS[row.tries - 1])
        row.save()

    def ours_changed(self, since: datetime) -> None:
        """What changed here since then and not there: for `write_back`."""
        keys = self.adapter.changed(since)
        for start in range(0, len(keys), BATCH):
            links = SourceRow.objects.filter(source=self.source, row__in=keys[start : start + BATCH])
            ours = self.adapter.load([link.row for link in links])
            for link in links:
                texts = self._mapped(ours.get(link.row, {}))
                if link.row in ours and digest_of(texts) != link.ours:
                    self.write_back[link.key] = texts


def digest_of(texts: Mapping[str, str]) -> str:
    return hashlib.blake2b(json.dumps(dict(sorted(texts.items()))).encode(), digest_size=16).hexdigest()


def _text(value: Any) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) and value == value.to_integral_value() else text_of(value)


def _reasons(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return _("It is not possible here.")
    if hasattr(error, "error_dict"):
        return "; ".join(f"{field}: {' '.join(why)}" for field, why in error.message_dict.items())[:300]
    return " ".join(error.messages)[:300]


# -- sent by a program -----------------------------------------------------------------------------------------


def received(source: Source, message: str, rows: list[Mapping[str, Any]]) -> SourceRun:
    """Rows that a program sent under this message id; sent again, the first answer comes once more. Raises ValidationError."""
    with transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        there = SourceRun.objects.filter(source=source, message=message).first()
        if there is not None:
            return there
        run = SourceRun(source=source, message=message)
        Sync(source, run).take(rows)
        run.ended_at = timezone.now()
        run.save()
        return run


def again_due(now: datetime) -> int:
    """Tries refused rows of programs again; those of databases are when these are read. How many sources had some."""
    waiting = RefusedRow.objects.filter(state=Refused.WAITING, next_at__lte=now, source__active=True, source__table="")
    sources = list(Source.objects.filter(pk__in=waiting.values("source")))
    for source in sources:
        with transaction.atomic():
            Source.objects.select_for_update().get(pk=source.pk)
            run = SourceRun(source=source, started_at=now)
            Sync(source, run).again(now)
            run.ended_at = timezone.now()
            run.save()
    return len(sources)


# -- read from a database --------------------------------------------------------------------------------------


def run(source: Source, *, clock: Callable[[], datetime] = timezone.now) -> SourceRun:
    """One synchronisation with the source's database. What goes wrong as a whole stands in the run's `error`."""
    with _only_here(source) as mine:
        done = SourceRun.objects.create(source=source, started_at=clock())
        if not mine:
            done.error = _("It is being synchronised already.")
        else:
            source.refresh_from_db()
            try:
                _read_all(source, done)
            except (SourceError, ValidationError) as error:
                done.error = (_reasons(error) if isinstance(error, ValidationError) else str(error))[:300]
            except sql.exc.SQLAlchemyError as error:
                done.error = f"{type(error).__name__}: {str(getattr(error, 'orig', None) or '').splitlines()[:1]}"[:300]
        done.ended_at = clock()
        done.save()
        if source.every:
            Source.objects.filter(pk=source.pk).update(next_at=clock() + timedelta(minutes=source.every))
    return done


def run_due(now: datetime) -> int:
    """Those whose hour has come."""
    due = list(Source.objects.filter(active=True, every__isnull=False).exclude(next_at__gt=now).order_by("next_at"))
    for source in due:
        run(source)
    return len(due)


def variable_of(source: Source) -> str:
    """The name of the environment's variable that holds the address of their database."""
    return f"CC_SOURCE_{source.code.upper().replace('-', '_')}"


def url_of(source: Source) -> str:
    """Raises SourceError."""
    name = variable_of(source)
    if not os.environ.get(name):
        raise SourceError(_("%(name)s is not set: the address of their database.") % {"name": name})
    return os.environ[name]


def _read_all(source: Source, done: SourceRun) -> None:
    sync = Sync(source, done)
    last = source.runs.filter(error="", ended_at__isnull=False, message="").exclude(pk=done.pk).first()
    engine = sql.create_engine(url_of(source), pool_pre_ping=True, poolclass=sql.pool.NullPool)
    try:
        with engine.connect() as theirs:
            table = _table(source, theirs)
            for rows, mark in _batches(source, theirs, table):
                with transaction.atomic():
                    sync.take(rows)
                    Source.objects.filter(pk=source.pk).update(mark=mark)
        with transaction.atomic():
            sync.again(done.started_at)
        if source.write:
            if last is not None:
                sync.ours_changed(last.started_at)
            with engine.begin() as theirs:
                _write(source, theirs, table, sync)
    finally:
        engine.dispose()


def _table(source: Source, theirs: sql.Connection) -> sql.Table:
    schema, _dot, name = source.table.rpartition(".")
    try:
        table = sql.Table(name, sql.MetaData(schema=schema or None), autoload_with=theirs)
    except sql.exc.NoSuchTableError:
        raise SourceError(_("There is no table %(name)s.") % {"name": source.table}) from None
    wanted = {source.key, *source.mapping.values(), *([source.changed] if source.changed else [])}
    if missing := sorted(wanted - set(table.c.keys())):
        raise SourceError(_("There is no column %(name)s.") % {"name": ", ".join(missing)})
    return table


def _batches(source: Source, theirs: sql.Connection, table: sql.Table) -> Iterator[tuple[list[Mapping[str, Any]], Any]]:
    """Rows from the mark on, and the mark after each batch: `changed` of the last row; None without such a column."""
    key, columns = table.c[source.key], [table.c[name] for name in dict.fromkeys([source.key, *source.mapping.values()])]
    changed = table.c[source.changed] if source.changed else None
    order = [key] if changed is None else [changed, key]
    if changed is not None and changed not in columns:
        columns.append(changed)
    first = _mark(source.mark, changed) if changed is not None else None
    last: list[Any] | None = None
    while True:
        query = sql.select(*columns).order_by(*order).limit(BATCH)
        if changed is not None:
            query = query.where(changed.is_not(None))
        if last is None and first is not None:
            query = query.where(changed >= first)
        elif last is not None:
            after = (changed > last[0]) | ((changed == last[0]) & (key > last[1])) if changed is not None else key > last[-1]
            query = query.where(after)
        rows = [dict(row) for row in theirs.execute(query).mappings()]
        if not rows:
            return
        last = [rows[-1][column.name] for column in order]
        yield rows, last[0] if changed is not None else None
        if len(rows) < BATCH:
            return


def _mark(mark: Any, changed: sql.Column[Any]) -> Any:
    """Where reading begins, as the column has it. What was read is read again, for some of it may have been committed late."""
    kind = changed.type.python_type
    if isinstance(mark, str) and kind is datetime:
        begin = datetime.fromisoformat(mark) - OVERLAP
        return begin if getattr(changed.type, "timezone", False) else begin.replace(tzinfo=None)
    return date.fromisoformat(mark) if isinstance(mark, str) and kind is date else mark


def _write(source: Source, theirs: sql.Connection, table: sql.Table, sync: Sync) -> None:
    for key, texts in sync.write_back.items():
        kind = table.c[source.key].type.python_type
        values = {source.mapping[target]: _for(table.c[source.mapping[target]], text) for target, text in texts.items()}
        values.pop(source.key, None)
        theirs.execute(sql.update(table).where(table.c[source.key] == (kind(key) if kind is int else key)).values(**values))
        link = SourceRow.objects.filter(source=source, key=key)
        taken = {target: text for target, text in texts.items() if target not in sync.adapter.ours}
        link.update(theirs=digest_of(taken), ours=digest_of(texts), at=timezone.now())
        sync.run.counts["written"] += 1


def _for(column: sql.Column[Any], text: str) -> Any:
    """A text as their column takes it; an empty one is NULL where that may be."""
    if not text and column.nullable:
        return None
    kind = column.type.python_type
    if kind is bool:
        return text == "true"
    return kind.fromisoformat(text) if kind in (date, datetime) else kind(text) if kind in (int, float, Decimal) else text


def hand_over(task: Any, key: int) -> None:
    """To the workers; with Valkey away, the next round of the schedule does it."""
    with suppress(OperationalError):
        task.apply_async((key,), retry=False)


@contextmanager
def _only_here(source: Source) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, source.pk])
        got = cursor.fetchone()[0]
    try:
        yield got
    finally:
        if got:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, source.pk])
