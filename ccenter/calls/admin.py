"""Configuration pages for administrators. Passwords are written here and never shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ccenter.calls import models, prompts, services
from ccenter.calls.models.fields import MinuteOfDayField, SecretField, StructField


class SecretWidget(forms.PasswordInput):
    """Empty on the page; left empty it keeps what there is."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", "placeholder": "••••••••", **(attrs or {})}, render_value=False)


class MinuteField(forms.Field):
    """ "9:00" for 540; "24:00" for 1440."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 60}:{value % 60:02}" if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        hours, _colon, minutes = str(value or "").strip().replace("：", ":").partition(":")
        if not (hours.isdecimal() and (minutes or "0").isdecimal()):
            raise ValidationError(_("A time of day, such as 9:00 or 24:00."))
        total = int(hours) * 60 + int(minutes or 0)
        if total > 1440 or int(minutes or 0) > 59:
            raise ValidationError(_("A time of day, such as 9:00 or 24:00."))
        return total


class ConfigAdmin(admin.ModelAdmin):  # type: ignore[misc]
    """Base: checks targets against what exists, keeps passwords that were left empty."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, SecretField):
            kwargs["widget"] = SecretWidget
            kwargs["required"] = False
        elif isinstance(db_field, StructField):
            kwargs["widget"] = forms.Textarea(attrs={"rows": 3, "cols": 80})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        secrets = [f.name for f in self.model._meta.fields if isinstance(f, SecretField)]

        class Checked(form):  # type: ignore[misc, valid-type]
            def clean(self) -> Any:
                data = super().clean()
                for name in secrets:
                    if name in data and not data[name] and self.instance.pk:
                        data[name] = getattr(self.instance, name)
                return data

            def _post_clean(self) -> None:
                super()._post_clean()
                for name, problems in services.target_problems(self.instance).items():
                    if name in self.fields:
                        self.add_error(name, [problem.text for problem in problems])

        return Checked

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._delete(request, type(obj).objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        try:
            services.delete(rows)
        except ValidationError as error:
            self.message_user(request, _("Not deleted: %s") % " ".join(error.messages), messages.ERROR)


class AgentSkillInline(admin.TabularInline):  # type: ignore[misc]
    model = models.AgentSkill
    extra = 0


class QueueSkillInline(admin.TabularInline):  # type: ignore[misc]
    model = models.QueueSkill
    extra = 0


class HoursInline(admin.TabularInline):  # type: ignore[misc]
    model = models.OpeningHours
    extra = 0

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, MinuteOfDayField):
            return MinuteField(label=db_field.verbose_name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class HolidayInline(admin.TabularInline):  # type: ignore[misc]
    model = models.Holiday
    extra = 0


class VersionInline(admin.TabularInline):  # type: ignore[misc]
    model = models.FlowVersion
    fields = readonly_fields = ("number", "state", "note", "published_at", "published_by")
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.CentreSettings)
class CentreSettingsAdmin(ConfigAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return not models.CentreSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Calendar)
class CalendarAdmin(ConfigAdmin):
    list_display = ("code", "name")
    inlines = (HoursInline, HolidayInline)


@admin.register(models.Queue)
class QueueAdmin(ConfigAdmin):
    list_display = ("code", "name", "strategy", "priority", "max_wait", "max_length")
    search_fields = ("code", "name")
    inlines = (QueueSkillInline,)


@admin.register(models.SeatGroup)
class SeatGroupAdmin(ConfigAdmin):
    list_display = ("code", "name", "kind")
    filter_horizontal = ("queues", "leads")


@admin.register(models.Agent)
class AgentAdmin(ConfigAdmin):
    list_display = ("number", "name", "group", "user", "active")
    list_filter = ("group", "active")
    list_select_related = ("group", "user")
    search_fields = ("number", "name", "user__username")
    autocomplete_fields = ("user",)
    filter_horizontal = ("queues",)
    inlines = (AgentSkillInline,)


@admin.register(models.Flow)
class FlowAdmin(ConfigAdmin):
    list_display = ("code", "name")
    inlines = (VersionInline,)


@admin.register(models.FlowVersion)
class FlowVersionAdmin(ConfigAdmin):
    list_display = ("flow", "number", "state", "note", "published_at", "published_by")
    list_filter = ("flow", "state")
    list_select_related = ("flow", "published_by")
    fields = ("flow", "number", "definition", "note", "state", "published_at", "published_by")
    readonly_fields = ("number", "state", "published_at", "published_by")
    actions = ("publish",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was published is read only: a change is a new version."""
        return super().has_change_permission(request, obj) and (obj is None or obj.state == "draft")

    def save_model(self, request: HttpRequest, obj: models.FlowVersion, form: Any, change: bool) -> None:
        draft = services.save_draft(obj.flow, obj.definition, obj.note)
        obj.pk, obj.number = draft.pk, draft.number

    @admin.action(description=_("Publish"), permissions=["publish"])
    def publish(self, request: HttpRequest, chosen: QuerySet[models.FlowVersion]) -> None:
        for version in chosen.select_related("flow"):
            try:
                services.publish_flow(version, by=request.user)
                self.message_user(request, _("%(flow)s is live.") % {"flow": version}, messages.SUCCESS)
            except ValidationError as error:
                self.message_user(request, f"{version}: {' '.join(error.messages)}", messages.ERROR)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("calls.change_flowversion"))


@admin.register(models.Prompt)
class PromptAdmin(ConfigAdmin):
    list_display = ("name", "language", "text", "uploaded_at", "uploaded_by")
    list_filter = ("language",)
    search_fields = ("name", "text")
    exclude = ("uploaded_by",)

    def save_model(self, request: HttpRequest, obj: models.Prompt, form: Any, change: bool) -> None:
        obj.uploaded_by = request.user
        super().save_model(request, obj, form, change)
        prompts.materialise(obj)

    def delete_model(self, request: HttpRequest, obj: models.Prompt) -> None:
        super().delete_model(request, obj)
        prompts.withdraw(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[models.Prompt]) -> None:
        for prompt in list(queryset):
            self.delete_model(request, prompt)


@admin.register(models.Trunk)
class TrunkAdmin(ConfigAdmin):
    list_display = ("code", "name", "kind", "host", "capacity", "outbound", "enabled")


@admin.register(models.Number)
class NumberAdmin(ConfigAdmin):
    list_display = ("number", "name", "label", "language", "priority", "target")
    list_filter = ("language",)
    search_fields = ("number", "name", "label")


@admin.register(models.Surge)
class SurgeAdmin(ConfigAdmin):
    list_display = ("code", "name", "position", "curve", "enabled")
    filter_horizontal = ("trunks", "numbers")


@admin.register(models.BlacklistEntry)
class BlacklistAdmin(ConfigAdmin):
    list_display = ("number", "reason", "active", "until", "created_at", "created_by")
    search_fields = ("number", "reason")
    exclude = ("created_by",)

    def save_model(self, request: HttpRequest, obj: models.BlacklistEntry, form: Any, change: bool) -> None:
        obj.created_by = obj.created_by or request.user
        super().save_model(request, obj, form, change)


class LogAdmin(admin.ModelAdmin):  # type: ignore[misc]
    """Base: what the system wrote down, to be read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.CallbackEntry)
class CallbackAdmin(LogAdmin):
    list_display = ("asked_at", "number", "kind", "queue", "source", "state", "attempts", "result", "closed_reason")
    list_filter = ("state", "kind", "source")
    search_fields = ("number",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.RefusedCall)
class RefusedCallAdmin(LogAdmin):
    list_display = ("at", "number", "dnis", "trunk", "reason")
    search_fields = ("number",)


@admin.register(models.LoginAttempt)
class LoginAttemptAdmin(LogAdmin):
    list_display = ("at", "user", "address", "succeeded")
    list_filter = ("succeeded",)
    list_select_related = ("user",)
    search_fields = ("user__username", "address")
    exclude = ("name",)


admin.site.register(models.Skill, ConfigAdmin)
admin.site.register(models.ReasonCode, ConfigAdmin)
admin.site.register(models.RecordingRule, ConfigAdmin)
