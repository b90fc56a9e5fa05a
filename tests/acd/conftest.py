"""The centre the scenarios share."""

from collections.abc import Iterator

import pytest

from tests.acd import promises
from tests.acd.centre import Centre


@pytest.fixture
def centre() -> Iterator[Centre]:
    """The small centre at noon on a Monday, nobody signed in. In the end its record is whole, and a replay says the same."""
    centre = Centre()
    yield centre
    promises.the_record_is_whole(centre.out, all_over=False)
    promises.who_reached_nobody_is_owed_a_call(centre.acd, centre.out)
    assert centre.replay() == centre.out
