"""What callers hear: flows with their versions, and uploaded prompts."""

from django.conf import settings
from django.core.validators import FileExtensionValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import Flow as FlowDefinition
from ccenter.calls.models.centre import Language
from ccenter.calls.models.fields import CODE, CodeField, StructField, code_is_code


class Flow(models.Model):
    """A course of prompts, menus and look-ups. What it does is its live version; without one the core does not know it."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        ordering = ["code"]
        constraints = [code_is_code("flow")]

    def __str__(self) -> str:
        return self.name or self.code


class FlowVersion(models.Model):
    """One state of a flow. Drafts change; what was published once never does (`services.publish_flow`)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("live")
        RETIRED = "retired", _("retired")

    flow = models.ForeignKey(Flow, models.CASCADE, related_name="versions", verbose_name=_("flow"))
    number = models.PositiveIntegerField(_("version"))
    definition = StructField(_("definition"), of=FlowDefinition)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("version of a flow")
        verbose_name_plural = _("versions of flows")
        ordering = ["flow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="one_version_a_number"),
            models.UniqueConstraint(fields=["flow"], condition=Q(state="live"), name="one_live_version_a_flow"),
            models.CheckConstraint(
                condition=Q(state="draft", published_at__isnull=True) | (~Q(state="draft") & Q(published_at__isnull=False)),
                name="published_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow_id} v{self.number}"


class Prompt(models.Model):
    """An uploaded recording. It replaces the rendered prompt of the same name and language, or adds a new one."""

    name = models.CharField(_("name"), max_length=80, validators=[RegexValidator(CODE)])
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    text = models.TextField(_("what it says"), blank=True)
    audio = models.FileField(_("recording"), upload_to="prompts/", validators=[FileExtensionValidator(["wav"])])
    uploaded_at = models.DateTimeField(auto_now=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ["name", "language"]
        constraints = [
            models.UniqueConstraint(fields=["name", "language"], name="one_prompt_a_language"),
            models.CheckConstraint(condition=Q(name__regex=CODE), name="prompt_name"),  # it becomes a file's name
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
