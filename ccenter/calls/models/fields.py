"""Fields that several models share."""

import re
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import AnyTarget, Target

CODE = r"^[a-z0-9][a-z0-9_-]*\Z"
TARGETS = sorted(str(kind.__struct_config__.tag) for kind in Target.__subclasses__())


class StructField(models.JSONField):
    """JSON that has the shape of a type of `ccenter.acd.config`, checked by msgspec when a form or `full_clean` checks it.

    The column holds plain JSON: reading it for a list costs nothing, `selectors.load_config` converts.
    """

    def __init__(self, *args: Any, of: Any = AnyTarget, **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **kwargs)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if value is None:
            return
        try:
            msgspec.convert(value, self.of)
        except msgspec.ValidationError as error:
            raise ValidationError(_("Not understood: %(error)s"), params={"error": str(error)}) from error

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """A field left empty is as at first, where the column must hold something."""
        super().save_form_data(instance, self.get_default() if data is None and not self.null else data)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """In migrations it is what it is in the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class CodeField(models.CharField):
    """A name for machines: "sales". Facts and journals keep it for ever, so give one away only once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 40, "unique": True, "verbose_name": _("code"), **kwargs})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """What Django leaves out of a migration as its own default is not ours."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "unique": self.unique}

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if not re.match(CODE, str(value)):
            raise ValidationError(_("Small letters, digits, - and _ only."))


class SecretField(models.CharField):
    """A password the switch needs in the clear. Write-only for people: no list, answer, log or dump shows it."""

    def value_to_string(self, obj: models.Model) -> str:
        """Serialisers (dumpdata) get nothing."""
        return ""


class MinuteOfDayField(models.PositiveSmallIntegerField):
    """Minutes since midnight, 0 to 1440."""


def code_is_code(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(code__regex=CODE), name=f"{name}_code")


class TargetConstraint(models.CheckConstraint):
    """Django checks what a form brings with JSON's null for None, and writes SQL's NULL, which passes: so None passes here."""

    def validate(self, model: Any, instance: models.Model, *args: Any, **kwargs: Any) -> None:
        field, _, _ = self.condition.children[0][0].partition("__")
        if getattr(instance, field) is not None:
            super().validate(model, instance, *args, **kwargs)

    def deconstruct(self) -> tuple[str, Any, Any]:
        """In migrations it is what it is in the database."""
        _path, args, kwargs = super().deconstruct()
        return "django.db.models.CheckConstraint", args, kwargs


def target_is_known(name: str, field: str) -> models.CheckConstraint:
    """A target names a kind the core knows; NULL passes where the column allows it."""
    return TargetConstraint(condition=models.Q(**{f"{field}__has_key": "to", f"{field}__to__in": TARGETS}), name=name)
