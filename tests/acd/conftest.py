"""The centre the scenarios share, and how long the state machine plays.

HYPOTHESIS_PROFILE=long plays for minutes, with new dice each time.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.acd import promises
from tests.acd.centre import Centre

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]
settings.register_profile("fast", max_examples=100, stateful_step_count=80, derandomize=True, deadline=None, database=None)
settings.register_profile("long", max_examples=2000, stateful_step_count=150, deadline=None, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def centre() -> Iterator[Centre]:
    """The small centre at noon on a Monday, nobody signed in. In the end its record is whole, and a replay says the same."""
    centre = Centre()
    yield centre
    promises.the_record_is_whole(centre.out, all_over=False)
    promises.who_reached_nobody_is_owed_a_call(centre.acd, centre.out)
    assert centre.replay() == centre.out
