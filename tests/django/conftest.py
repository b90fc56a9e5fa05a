"""English everywhere; and the two teams of `rights_world`, made once for a file of tests, each of which is rolled back to them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What is said outside of requests is English; a request before has left its own language."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, object]]:
    with django_db_blocker.unblock(), transaction.atomic():
        from tests.django.rights_world import more, set_up

        set_up()
        yield more()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: dict[str, object]) -> dict[str, Any]:
    """A client for each, signed in by token and by session; making one costs more than most requests."""
    from django.contrib.auth.models import User

    from tests.django.rights_world import PEOPLE, client_of

    found = {name: client_of(name) for name in PEOPLE}
    for name in PEOPLE.keys() - {"nobody"}:
        found[name].force_login(User.objects.get(username=name))
    return found


@pytest.fixture
def told(world: dict[str, object], db: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    from django.utils import timezone

    from ccenter.calls.models import Recording

    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 0.0)
    settings.RECORDINGS = settings.VOICEMAILS = tmp_path
    (tmp_path / "r.opus").write_bytes(b"OggS")
    (tmp_path / "m1.wav").write_bytes(b"RIFF")
    Recording.objects.update(file="r.opus", converted_at=timezone.now(), peaks=bytes([0, 255, 51, 102]))
    return world
