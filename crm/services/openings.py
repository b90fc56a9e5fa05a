"""Who was shown which customer: the log itself is kept by an app above this one, which registers here."""

from collections.abc import Callable, Collection
from typing import Any

Note = Callable[[Any, Collection[int]], None]
_notes: list[Note] = []


def register(note: Note) -> None:
    """`note(request, customers)` puts on record that the user of this request is shown the customers with these keys."""
    _notes.append(note)


def note(request: Any, customers: Collection[int]) -> None:
    for one in _notes:
        one(request, customers)
