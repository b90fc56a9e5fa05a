"""Who works in the desk's tests: two agents and the lead of their group."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has categories and scripts of its own."""
    from ccenter.desktop import guides

    monkeypatch.setattr(guides, "KEPT", -1.0)


@pytest.fixture
def alice_user(db: None) -> Any:
    from tests.django.people import person

    return person("alice", "agent", "1001")


@pytest.fixture
def alice(alice_user: Any) -> Any:
    from tests.django.people import client

    return client(alice_user)


@pytest.fixture
def bob_user(db: None) -> Any:
    from tests.django.people import person

    return person("bob", "agent", "1002")


@pytest.fixture
def bob(bob_user: Any) -> Any:
    from tests.django.people import client

    return client(bob_user)


@pytest.fixture
def lead_user(db: None) -> Any:
    from tests.django.people import person

    return person("lead", "lead")


@pytest.fixture
def lead(lead_user: Any) -> Any:
    from tests.django.people import client

    return client(lead_user)
