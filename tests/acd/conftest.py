"""How long the state machines play: HYPOTHESIS_PROFILE=long plays for minutes, with new dice each time."""

import os

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]
settings.register_profile("fast", max_examples=60, stateful_step_count=60, derandomize=True, deadline=None, database=None)
settings.register_profile("long", max_examples=2000, stateful_step_count=150, deadline=None, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
