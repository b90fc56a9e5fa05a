"""Clients of people with roles."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def login(db: None) -> Callable[..., Any]:
    """`login("rita", "lead")` gives a client that asks as a new user with this role; `.user` is who."""
    from tests.django.people import client, person

    def made(name: str, role: str = "", seat: str = "", **options: Any) -> Any:
        user = person(name, role, seat, **options)
        found = client(user)
        found.user = user
        return found

    return made
