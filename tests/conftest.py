"""What every test folder shares.

tests/acd and tests/sim are pure: nothing is started for them. Folders in WITH_DATABASE get PostgreSQL, Valkey and
Django's settings; that has to happen before their modules are imported, so it is done in pytest_configure, and only
when such a folder is among what is collected. Their conftest.py must not import models at its top. tests/asterisk
starts a whole stack in its own conftest.

HYPOTHESIS_PROFILE=long plays for minutes, with new dice each time.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]
settings.register_profile("fast", max_examples=100, stateful_step_count=80, derandomize=True, deadline=None, database=None)
settings.register_profile("long", max_examples=2000, stateful_step_count=150, deadline=None, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

HERE = Path(__file__).parent
WITH_DATABASE = ("django", "stasis")

_open = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("help", False) and _collects(config, WITH_DATABASE):
        _start_database()


def pytest_unconfigure(config: pytest.Config) -> None:
    _open.close()


def _collects(config: pytest.Config, folders: tuple[str, ...]) -> bool:
    paths = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
    wanted = [HERE / name for name in folders if (HERE / name).is_dir()]
    return any(path in (w, *w.parents) or w in path.parents for path in paths for w in wanted)


def _start_database() -> None:
    from tests.stacks import running

    described = _open.enter_context(running("django", only=("postgres", "valkey")))
    os.environ.update(described["environment"])
    _write_lazily(described["environment"]["DATABASE_URL"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccenter.settings")
    from django.conf import settings

    # This loads the settings: from here pytest-django goes on.
    fast = "django.contrib.auth.hashers.MD5PasswordHasher"  # people here sign in by the hundred
    settings.PASSWORD_HASHERS = [fast, *settings.PASSWORD_HASHERS]
    settings.WHITENOISE_AUTOREFRESH = True  # each client of a test would read all static files anew


def _write_lazily(url: str) -> None:
    """PostgreSQL is to keep nothing through a loss of power: each test that empties the tables waits for the disk otherwise."""
    import psycopg2

    connection = psycopg2.connect(url.rpartition("/")[0] + "/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute(f"ALTER SYSTEM SET {name} = off")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
