"""The administrator's pages: they open, they keep secrets, and they refuse what would harm."""

import io
import math
import re
import struct
import wave
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from ccenter.calls import models, prompts, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="x")


def page(root: User, model: type, row: Any = None, data: dict[str, Any] | None = None) -> Any:
    """The form of the admin's page for a row; bound when there is data."""
    request = RequestFactory().get("/")
    request.user = root
    form = admin.site._registry[model].get_form(request, row, change=row is not None)
    return form(data, instance=row) if data is not None else form(instance=row)


def trunk(**fields: Any) -> models.Trunk:
    row = {"code": "city", "kind": "accept", "username": "gw", "secret": "top-secret"}
    return models.Trunk.objects.create(**(row | fields))


TRUNK = {
    "code": "city",
    "kind": "accept",
    "username": "gw",
    "port": 5060,
    "transport": "udp",
    "codecs": "alaw",
    "capacity": 30,
    "kept": 0,
    "node": "ast1",
}


def test_given_the_centres_settings_when_their_page_is_sent_then_the_wait_for_a_browser_is_kept_or_refused(root: User) -> None:
    row = models.CentreSettings.objects.create()
    sent = {name: value for name, value in page(root, models.CentreSettings, row).initial.items() if value is not None}
    form = page(root, models.CentreSettings, row, sent | {"away_seconds": 45})
    assert form.errors == {}
    form.save()
    assert models.CentreSettings.objects.get().away_seconds == 45
    refused = page(root, models.CentreSettings, row, sent | {"away_seconds": 3600})
    assert list(refused.errors) == ["away_seconds"]


def test_given_a_queue_that_goes_nowhere_else_when_its_page_is_sent_then_it_is_saved(root: User) -> None:
    row = models.Queue.objects.create(code="sales")
    sent = {name: value for name, value in page(root, models.Queue, row).initial.items() if value is not None}
    form = page(root, models.Queue, row, sent | {"name": "订购", "keys": ""})
    assert form.errors == {}
    form.save()
    row.refresh_from_db()
    assert (row.name, row.on_timeout, row.keys) == ("订购", None, {})


def test_given_a_password_when_its_page_is_shown_then_it_is_not_on_it(root: User) -> None:
    assert "top-secret" not in page(root, models.Trunk, trunk()).as_p()


def test_given_a_password_field_left_empty_when_saved_then_the_password_stays(root: User) -> None:
    form = page(root, models.Trunk, trunk(), TRUNK | {"secret": "", "name": "城市"})
    assert form.is_valid(), form.errors
    saved = form.save()
    saved.refresh_from_db()
    assert (saved.secret, saved.name) == ("top-secret", "城市")


def test_given_a_new_password_when_saved_then_it_is_the_password(root: User) -> None:
    form = page(root, models.Trunk, trunk(), TRUNK | {"secret": "new-secret"})
    assert form.is_valid(), form.errors
    assert form.save().secret == "new-secret"


def test_given_a_target_that_does_not_exist_when_saved_then_the_page_says_so(root: User) -> None:
    data = {"number": "4001", "target": '{"to": "queue", "queue": "gone"}', "language": "zh", "priority": 0}
    form = page(root, models.Number, data=data)
    assert "gone" in str(form.errors["target"])


@pytest.mark.parametrize("code", ["phone_busy", "phone_offline", "missed_calls"])
def test_given_a_reason_that_the_core_gives_when_set_up_for_people_then_it_is_refused(root: User, code: str) -> None:
    data = {"code": code, "name_zh": "忙", "name_en": "Busy", "position": 0}
    assert "code" in page(root, models.ReasonCode, data=data).errors
    assert page(root, models.ReasonCode, data={**data, "code": "training"}).is_valid()


def test_given_opening_hours_when_typed_as_people_do_then_they_are_minutes() -> None:
    from ccenter.calls.admin import MinuteField

    field = MinuteField()
    assert [field.clean(text) for text in ("9:00", "09：30", "24:00", "7")] == [540, 570, 1440, 420]
    assert [field.prepare_value(minutes) for minutes in (540, 1440)] == ["9:00", "24:00"]
    for wrong in ("25:00", "9:75", "nine", "24:01", ""):
        with pytest.raises(ValidationError):
            field.clean(wrong)


def test_given_a_published_version_when_opened_then_it_cannot_be_changed(root: User) -> None:
    models.Queue.objects.create(code="sales")
    flow = models.Flow.objects.create(code="main")
    nodes = {"go": {"type": "go", "target": {"to": "queue", "queue": "sales"}}}
    version = services.save_draft(flow, {"start": "go", "nodes": nodes})
    request = RequestFactory().get("/")
    request.user = root
    pages = admin.site._registry[models.FlowVersion]
    assert pages.has_change_permission(request, version)
    services.publish_flow(version)
    assert not pages.has_change_permission(request, version)


def test_given_every_model_of_ours_when_its_pages_are_opened_then_they_open(root: User, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.SECURE_SSL_REDIRECT = False
    trunk()
    client = Client()
    client.force_login(root)
    ours = [model for model in admin.site._registry if model._meta.app_label == "calls"]
    assert len(ours) >= 15
    for model in ours:
        where = f"/admin/calls/{model._meta.model_name}/"
        assert client.get(where).status_code == 200, where
        assert client.get(f"{where}add/").status_code in (200, 403), where
    shown = client.get(f"/admin/calls/trunk/{models.Trunk.objects.get().pk}/change/").content.decode()
    assert not re.search("top-secret", shown)


def _urlpatterns() -> list[Any]:
    from django.urls import path

    return [path("admin/", admin.site.urls)]


urlpatterns = _urlpatterns()


# -- prompts ----------------------------------------------------------------------------------------------------


def recording(hz: float, rate: int = 44100, channels: int = 2, width: int = 2, seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        for n in range(int(rate * seconds)):
            value = math.sin(2 * math.pi * hz * n / rate) * 0.5
            sample = {
                1: bytes([128 + round(value * 127)]),
                2: struct.pack("<h", round(value * 32767)),
                3: struct.pack("<i", round(value * 8388607))[:3],
            }[width]
            out.writeframesraw(sample * channels)
    return file.getvalue()


def level(sound: bytes, hz: float) -> float:
    """How strong a frequency is in A-law sound; 0.5 for a sine of half the full scale."""
    decoded = [0.0] * 256
    for sample in range(-32768, 32768, 8):
        decoded[prompts._alaw_table()[sample + 32768]] = sample / 32768
    real = sum(decoded[b] * math.cos(2 * math.pi * hz * n / 8000) for n, b in enumerate(sound))
    imaginary = sum(decoded[b] * math.sin(2 * math.pi * hz * n / 8000) for n, b in enumerate(sound))
    return 2 * math.hypot(real, imaginary) / len(sound)


@pytest.mark.parametrize(
    ("rate", "channels", "width"), [(8000, 1, 2), (16000, 1, 2), (44100, 2, 2), (48000, 1, 3), (22050, 2, 1), (11025, 1, 2)]
)
def test_given_a_recording_of_any_kind_when_converted_then_the_tone_is_the_same(rate: int, channels: int, width: int) -> None:
    sound = prompts.to_alaw(io.BytesIO(recording(1000, rate, channels, width)))
    assert abs(len(sound) - 4000) <= 2
    assert level(sound, 1000) == pytest.approx(0.5, abs=0.03)
    assert level(sound, 1700) < 0.01


def test_given_tones_a_telephone_cannot_carry_when_converted_then_they_do_not_come_back_as_others() -> None:
    sound = prompts.to_alaw(io.BytesIO(recording(5000, 44100, 1)))
    assert level(sound, 3000) < 0.01  # its mirror at 8 kHz
    assert level(prompts.to_alaw(io.BytesIO(recording(3300, 44100, 1))), 3300) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "wrong", [b"", b"RIFF", b"ID3\x04" + bytes(400), recording(440, 4000)], ids=["empty", "torn", "mp3", "4 kHz"]
)
def test_given_a_file_that_is_no_recording_when_converted_then_it_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValidationError):
        prompts.to_alaw(io.BytesIO(wrong))


def test_given_an_upload_when_it_comes_and_goes_then_the_rendered_prompt_is_replaced_and_back(
    settings: Any, tmp_path: Path
) -> None:
    settings.STATE, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    folder = tmp_path / "data" / "sounds" / "zh" / "cc"
    folder.mkdir(parents=True)
    rendered = settings.BASE_DIR / "asterisk" / "sounds" / "zh" / "welcome.alaw"
    (folder / "welcome.alaw").symlink_to(rendered)
    before = rendered.read_bytes()
    upload = SimpleUploadedFile("w.wav", recording(1000, 8000, 1))
    prompt = models.Prompt.objects.create(name="welcome", language="zh", audio=upload)
    path = prompts.materialise(prompt)
    assert level(path.read_bytes(), 1000) > 0.4
    assert not path.is_symlink()
    prompts.withdraw(prompt)
    assert path.resolve() == rendered
    assert rendered.read_bytes() == before
