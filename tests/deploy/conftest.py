"""PostgreSQL and Valkey under the supervisor: a stack small enough to be broken in every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks import running

SERVERS = ("postgres", "valkey")


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """The folder of a running stack of PostgreSQL and Valkey."""
    with running("deploy", only=SERVERS) as described:
        yield Path(described["state"])
