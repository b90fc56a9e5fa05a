"""The shell as a Django app: it has no tables, only the command `cti`."""

from django.apps import AppConfig


class StasisConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    name = "ccenter.stasis"
