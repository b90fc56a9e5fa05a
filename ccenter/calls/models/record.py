"""The record: what happened, as it was told (`Fact`) and folded into current rows.

`Fact` and everything marked *folded* are written by the recorder alone, in one transaction, and can be made anew from the
facts (`manage.py rebuild_projections`). Codes (agents, queues, trunks, calls) are kept as text: the record outlives the
configuration. Numbers are personal data: who may see them is decided in `ccenter.calls.rights`, how long they are kept in
`ccenter.calls.tasks`.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Fact(models.Model):
    """One thing that became true. `data` holds the fields of the core's fact that have no column here."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    type = models.TextField()
    call = models.TextField(default="")
    agent = models.TextField(default="")
    queue = models.TextField(default="")
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["call", "seq"], condition=~Q(call=""), name="fact_of_call"),
            models.Index(fields=["agent", "seq"], condition=~Q(agent=""), name="fact_of_agent"),
            models.Index(fields=["at"], name="fact_at"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Call(models.Model):
    """A call, folded. `answered_by` took it first, `agent` has or had it last. `steps` is its way: see `projections.calls`.

    `number` is the outside party's in E.164 (who calls, or is called), "" when it cannot be called; `ani` and `dnis` are as told.

    Seconds: `waited` in queues, `talked` with an agent or outside party (hold included), `held`.
    """

    id = models.TextField(primary_key=True)
    direction = models.TextField(_("direction"), default="in")
    ani = models.TextField(_("caller"), default="")
    number = models.TextField(_("number"), default="")
    province = models.TextField(_("province"), default="")
    city = models.TextField(_("city"), default="")
    name = models.TextField(_("name"), default="")
    dnis = models.TextField(_("called number"), default="")
    label = models.TextField(_("label"), default="")
    trunk = models.TextField(_("trunk"), default="")
    language = models.TextField(_("language"), default="")
    leg = models.TextField(default="")
    queue = models.TextField(_("queue"), default="")
    state = models.TextField(_("state"), default="OFFERED")
    outcome = models.TextField(_("outcome"), default="")
    answered_by = models.TextField(_("answered by"), default="")
    agent = models.TextField(_("agent"), default="")
    customer = models.TextField(_("customer"), default="")
    started_at = models.DateTimeField(_("started"))
    answered_at = models.DateTimeField(_("line taken"), null=True)
    queued_at = models.DateTimeField(_("queued"), null=True)
    waiting_since = models.DateTimeField(_("waits since"), null=True)  # in the line it is in now, null when in none
    offered_at = models.DateTimeField(_("first offered"), null=True)
    connected_at = models.DateTimeField(_("connected"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    waited = models.FloatField(_("waited"), default=0.0)
    talked = models.FloatField(_("talked"), default=0.0)
    held = models.FloatField(_("held"), default=0.0)
    ended_by = models.TextField(_("ended by"), default="")
    ended_in = models.TextField(_("ended in state"), default="")
    cause = models.IntegerField(_("cause"), null=True)
    note = models.TextField(_("note"), default="")
    callback = models.BooleanField(_("callback promised"), default=False)
    voicemail = models.BooleanField(_("voicemail left"), default=False)
    recorded = models.BooleanField(_("recorded"), default=False)
    routed = models.BigIntegerField(default=0)  # seq of the routing decision that the next offers come of
    owed = models.TextField(default="")  # the callback this call is about: an attempt of it, asking for it, or in its place
    surge = models.TextField(default="")  # the surge attendant that took it
    away = models.BooleanField(_("agent's phone is away"), default=False)
    steps = models.JSONField(default=list)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="call_started"),
            models.Index(fields=["number", "-started_at"], condition=~Q(number=""), name="call_of_number"),
            models.Index(fields=["trunk"], condition=Q(ended_at__isnull=True), name="call_live"),
            models.Index(fields=["queue", "-queued_at"], condition=~Q(queue=""), name="call_of_queue"),
        ]

    def __str__(self) -> str:
        return self.id


class CallAgent(models.Model):
    """That an agent has to do with a call, from fact `seq` on, folded: what an agent may see. `spoke`: and hear."""

    pk = models.CompositePrimaryKey("call", "agent")
    call = models.TextField()
    agent = models.TextField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    spoke = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["agent", "-at"], name="call_of_agent")]

    def __str__(self) -> str:
        return f"{self.call} {self.agent}"


class SurveyAnswer(models.Model):
    """A key that a customer chose once an agent had served them, or in a call of the machine's, folded: what surveys ask.

    `seq` is of the fact; `agent` and `queue` are those that served. `callback`: the task whose call it was, "" of none.
    """

    seq = models.BigIntegerField(primary_key=True)
    call = models.TextField()
    callback = models.TextField(default="")
    agent = models.TextField(default="")
    queue = models.TextField(default="")
    flow = models.TextField()
    node = models.TextField()
    key = models.TextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer to a survey by telephone")
        verbose_name_plural = _("answers to surveys by telephone")
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["call"], name="survey_answer_of_call"),
            models.Index(fields=["flow", "at"], name="survey_answer_of_flow"),
            models.Index(fields=["at"], name="survey_answer_at"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(key="") & ~Q(flow="") & ~Q(node=""), name="survey_answer_says_something")
        ]

    def __str__(self) -> str:
        return f"{self.call} {self.node} {self.key}"


class TrunkChannel(models.Model):
    """A channel of a trunk and the leg that has or had it, folded. In use while `ended_at` is null.

    `number` is who calls or is called by it, in E.164 if it can be called, "" if withheld. `agent`: the seat whose phone
    that is, "" for others.
    """

    leg = models.TextField(primary_key=True)
    trunk = models.TextField(_("trunk"))
    call = models.TextField(default="")
    agent = models.TextField(default="")
    direction = models.TextField(_("direction"))
    number = models.TextField(_("number"), default="")
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("channel of a trunk")
        verbose_name_plural = _("channels of trunks")
        indexes = [
            models.Index(fields=["trunk"], condition=Q(ended_at__isnull=True), name="channel_in_use"),
            models.Index(fields=["started_at"], name="channel_started"),
        ]
        constraints = [models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="channel_direction")]

    def __str__(self) -> str:
        return f"{self.trunk} {self.leg}"


class CallOffer(models.Model):
    """An agent's phone was made to ring for a call, folded. `routed` is the seq of the fact that says why, 0 if asked for.

    `result`: "" while it rings, connected, or the reason the offer ended; `rang` in seconds.
    """

    seq = models.BigIntegerField(primary_key=True)
    call = models.TextField(db_index=True)
    agent = models.TextField()
    leg = models.TextField(default="")
    queue = models.TextField(default="")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    result = models.TextField(default="")
    rang = models.FloatField(default=0.0)
    routed = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["seq"]
        indexes = [models.Index(fields=["agent", "at"], name="offer_of_agent")]

    def __str__(self) -> str:
        return f"{self.call} {self.agent} {self.result}"


class Recording(models.Model):
    """A call's recording, left channel the customer's side. The fields before `file` are folded, the others the converter's.

    `state`: recording, raw (as the switch wrote it), failed (never appeared). `path` is relative to the recordings folder.
    """

    id = models.TextField(primary_key=True)
    call = models.TextField(db_index=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    state = models.TextField(default="recording")
    reason = models.TextField(default="")
    pauses = models.IntegerField(default=0)
    path = models.TextField(default="")
    bytes = models.BigIntegerField(default=0)
    file = models.TextField(default="", db_default="")
    file_bytes = models.BigIntegerField(default=0, db_default=0)
    sha256 = models.TextField(default="", db_default="")
    seconds = models.FloatField(default=0.0, db_default=0.0)
    converted_at = models.DateTimeField(null=True)
    raw_deleted_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    peaks = models.BinaryField(null=True)  # see `audio.peaks`
    attempts = models.IntegerField(default=0, db_default=0)
    error = models.TextField(default="", db_default="")

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["ended_at"], condition=Q(state="raw", converted_at__isnull=True), name="recording_unconverted"),
            models.Index(fields=["started_at"], condition=Q(deleted_at__isnull=True), name="recording_kept"),
        ]

    def __str__(self) -> str:
        return self.id


class Listening(models.Model):
    """That somebody fetched a recording or a voicemail. Kept longer than what was listened to."""

    recording = models.TextField(db_index=True)
    call = models.TextField(default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        verbose_name = _("listening")
        verbose_name_plural = _("listenings")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.user} {self.recording}"


class Voicemail(models.Model):
    """A message that was left, folded; `heard_*` is set by who listens. `mailbox` is "agent:1001", or a queue's or other name."""

    id = models.TextField(primary_key=True)
    call = models.TextField(db_index=True)
    mailbox = models.TextField()
    caller = models.TextField(default="")
    at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    heard_at = models.DateTimeField(null=True)
    heard_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("voicemail")
        verbose_name_plural = _("voicemails")
        ordering = ["-at"]
        indexes = [models.Index(fields=["mailbox", "-at"], name="voicemail_of_mailbox")]

    def __str__(self) -> str:
        return self.id


class AgentStatus(models.Model):
    """What an agent does now, folded. No row: never signed in."""

    agent = models.TextField(primary_key=True)
    state = models.TextField(default="LOGGED_OUT")
    reason = models.TextField(default="")
    call = models.TextField(default="")
    endpoint = models.TextField(default="")
    online = models.BooleanField(default=True)
    allows = models.JSONField(default=list)  # names of requests the core would accept from this seat
    since = models.DateTimeField()
    seq = models.BigIntegerField()

    class Meta:
        verbose_name = _("state of an agent")
        verbose_name_plural = _("states of agents")

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"


class AgentStateSpan(models.Model):
    """A state an agent was in, folded. `seq` is of the fact that ended it; the state they are in now is in `AgentStatus`."""

    seq = models.BigIntegerField(primary_key=True)
    agent = models.TextField()
    state = models.TextField()
    reason = models.TextField(default="")
    call = models.TextField(default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["agent", "started_at"], name="span_of_agent")]

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"


class Monitoring(models.Model):
    """That a lead heard a seat's call, folded; `seq` is of the fact that began it.

    `supervisor` is the lead's seat, `by` the user; `mode` is the last of `modes` (listen, whisper, barge); `reason` why it ended.
    """

    seq = models.BigIntegerField(primary_key=True)
    call = models.TextField(db_index=True)
    agent = models.TextField()
    supervisor = models.TextField()
    by = models.TextField()
    mode = models.TextField()
    modes = models.JSONField(default=list)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(default="")

    class Meta:
        verbose_name = _("monitoring")
        verbose_name_plural = _("monitorings")
        ordering = ["seq"]
        indexes = [models.Index(fields=["supervisor"], condition=Q(ended_at__isnull=True), name="monitoring_live")]

    def __str__(self) -> str:
        return f"{self.supervisor} {self.mode} {self.agent}"


class AgentDay(models.Model):
    """What an agent did on a day of the centre's time zone, folded. Seconds of states count for the day they end in.

    `answered` calls of customers, `out` calls made, `missed` offers not taken, `transferred` calls sent on.
    """

    pk = models.CompositePrimaryKey("agent", "day")
    agent = models.TextField()
    day = models.DateField()
    answered = models.IntegerField(default=0)
    out = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    transferred = models.IntegerField(default=0)
    talk = models.FloatField(default=0.0)
    wrap_up = models.FloatField(default=0.0)
    ready = models.FloatField(default=0.0)
    not_ready = models.FloatField(default=0.0)
    ringing = models.FloatField(default=0.0)

    class Meta:
        verbose_name = _("day of an agent")
        verbose_name_plural = _("days of agents")
        indexes = [models.Index(fields=["day"], name="agent_day")]

    def __str__(self) -> str:
        return f"{self.agent} {self.day}"


class Request(models.Model):
    """What a person asked of the core, or the system by itself (no `user`). `key` makes a repeated click the same request; the
    answer is a fact.

    `action` is the name of an event of `ccenter.acd.events`, `params` its fields but request, by and agent.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    agent = models.TextField()
    action = models.TextField()
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    reason = models.TextField(default="")
    call = models.TextField(default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="request_pending"),
            models.Index(fields=["-created_at"], name="request_created"),
        ]
        constraints = [models.UniqueConstraint(fields=["user", "key"], condition=~Q(key=""), name="one_request_a_key")]

    def __str__(self) -> str:
        return f"{self.action} {self.agent} {self.state}"


class RecorderPosition(models.Model):
    """How far the recorder has come: the next byte of a journal segment, and the last fact's seq. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    segment = models.TextField(default="")
    offset = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)  # when the last fact happened

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_recorder_position")]

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset} ({self.seq})"


class Alarm(models.Model):
    """Something a person should see to. Said again, it counts up; it is open until somebody clears it.

    `kind`: projection, journal, core, recording, conversion, retention, spool. `subject` names the thing: a fact's type, a
    recording's id.
    """

    kind = models.TextField()
    subject = models.TextField()
    text = models.TextField(default="")
    count = models.IntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(cleared_at__isnull=True), name="one_open_alarm")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
