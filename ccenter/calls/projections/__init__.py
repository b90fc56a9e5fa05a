"""Facts folded into current rows. `fold` is the whole of it; `recorder` and `rebuild_projections` call it."""

import logging
from collections.abc import Sequence

from ccenter.acd.facts import Fact
from ccenter.calls.projections import agents, callbacks, calls, trunks  # noqa: F401 - they register their folds
from ccenter.calls.projections.book import FOLDED, FOLDS, Book

__all__ = ["FOLDED", "Book", "fold"]

log = logging.getLogger(__name__)


def fold(batch: Sequence[Fact], book: Book | None = None) -> Book:
    """Folds facts, in their order, into the database, inside the caller's transaction; the book says what is to follow.

    `book`: of the batch before, if nothing went wrong since. A fact whose fold raises is passed over with an alarm.
    Raises DatabaseError when the rows cannot be written.
    """
    book = book or Book()
    book.turn_page()
    book.load(batch)
    for fact in batch:
        apply = FOLDS.get(type(fact))
        if apply is None:
            continue
        try:
            apply(book, fact)
        except Exception as error:
            log.exception("fact %d (%s) cannot be folded", fact.seq, type(fact).__name__)
            book.alarm("projection", type(fact).__name__, f"fact {fact.seq}: {error!r}", fact.at)
    book.write()
    return book
