"""Who works in the office: people with roles, a branch, clients that read English."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def login(db: None) -> Callable[..., Any]:
    """`login("rita", "order_reviewer")` gives a client that asks as a new user with these roles; `.user` is who."""
    from django.contrib.auth.models import Group

    from tests.django.people import client, person

    def made(name: str, *roles: str, **options: Any) -> Any:
        user = person(name, *roles[:1], **options)
        user.groups.add(*[Group.objects.get_or_create(name=role)[0] for role in roles[1:]])
        found = client(user)
        found.user = user
        return found

    return made
