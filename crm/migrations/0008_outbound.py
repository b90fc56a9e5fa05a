
import django.db.models.deletion
import uuid
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from ccenter.office.schema import versioned

# What was handed over before there were tasks has become a callback of the number's: it is done with here.
OVER = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE crm_outboundtask SET state = 'done', result = 'moved', released_at = due_at, request = gen_random_uuid(), closed_at = due_at
WHERE state = 'released';
UPDATE crm_outboundtask SET closed_at = created_at WHERE state = 'cancelled';
UPDATE crm_outboundtask SET callback = gen_random_uuid();
SET CONSTRAINTS ALL DEFERRED;
"""
# The pairs of crm.models.outbound.STEPS. What is done is never handed over again, and keeps its id in the core.
STEPS = """
CREATE FUNCTION crm_outbound_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.callback <> OLD.callback OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('planned', 'released'), ('planned', 'cancelled'),
        ('released', 'open'), ('released', 'done'), ('released', 'refused'), ('released', 'cancelled'),
        ('open', 'done'), ('open', 'refused'), ('open', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'an outbound call does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER crm_outboundtask_steps BEFORE UPDATE ON crm_outboundtask FOR EACH ROW EXECUTE FUNCTION crm_outbound_steps();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0007_ticket_text"),
        ("office", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint("followupcall", "follow_up_released_names_its_callback"),
        migrations.RemoveConstraint("followupcall", "follow_up_number_is_e164"),
        migrations.RemoveConstraint("followupcall", "follow_up_reason"),
        migrations.RemoveIndex("followupcall", "follow_ups_planned"),
        migrations.RemoveIndex("followupcall", "follow_ups_of_a_customer"),
        migrations.RemoveIndex("followupcall", "follow_ups_by_reason"),
        migrations.RenameModel("FollowUpCall", "OutboundTask"),
        migrations.AlterModelOptions(
            name='outboundtask',
            options={'ordering': ['due_at', 'id'], 'verbose_name': 'outbound call', 'verbose_name_plural': 'outbound calls'},
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='agent',
            field=models.CharField(blank=True, max_length=10, verbose_name='seat'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='call',
            field=models.CharField(blank=True, max_length=40, verbose_name='call'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='closed'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='consent',
            field=models.BooleanField(default=False, verbose_name='the customer has agreed to it'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='flow',
            field=models.CharField(blank=True, max_length=40, verbose_name='flow of the machine that calls'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='kind',
            field=models.CharField(choices=[('follow_up', 'follow-up'), ('visit', 'visit by telephone'), ('survey', 'survey'), ('reminder', 'reminder')], default='follow_up', max_length=9, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='once',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='opened_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='opened'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='order',
            field=models.CharField(blank=True, max_length=16, verbose_name='order'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='priority',
            field=models.SmallIntegerField(default=0, verbose_name='priority'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='record',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='outbound_tasks', to='crm.servicerecord', verbose_name='service record'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='released_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='handed over'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='request',
            field=models.UUIDField(blank=True, editable=False, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='result',
            field=models.CharField(blank=True, max_length=40, verbose_name='result'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='script',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.script', verbose_name='questionnaire'),
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='zone',
            field=models.CharField(blank=True, max_length=40, verbose_name='time zone'),
        ),
        migrations.AddField(
            model_name='scriptrun',
            name='agent',
            field=models.CharField(blank=True, max_length=10, verbose_name='seat'),
        ),
        migrations.AddField(
            model_name='scriptrun',
            name='task',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='run', to='crm.outboundtask', verbose_name='outbound call'),
        ),
        migrations.RunSQL(OVER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='outboundtask',
            name='author',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked for by'),
        ),
        migrations.AlterField(
            model_name='outboundtask',
            name='callback',
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='callback'),
        ),
        migrations.AlterField(
            model_name='outboundtask',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outbound_tasks', to='crm.customer', verbose_name='customer'),
        ),
        migrations.AlterField(
            model_name='outboundtask',
            name='state',
            field=models.CharField(choices=[('planned', 'planned'), ('released', 'handed over'), ('open', 'to be called'), ('done', 'done'), ('refused', 'not allowed'), ('cancelled', 'cancelled')], default='planned', max_length=9, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='outboundtask',
            name='ticket',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='outbound_tasks', to='crm.ticket', verbose_name='ticket'),
        ),
        migrations.AlterField(
            model_name='script',
            name='situation',
            field=models.CharField(choices=[('greeting', 'greeting'), ('order', 'taking an order'), ('service', 'service'), ('complaint', 'complaint'), ('closing', 'closing words'), ('survey', 'questionnaire')], default='greeting', max_length=10, verbose_name='situation'),
        ),
        migrations.CreateModel(
            name='OutboundRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('title', models.CharField(max_length=80, unique=True, verbose_name='heading')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('kind', models.CharField(choices=[('visit', 'visit by telephone'), ('survey', 'survey'), ('reminder', 'reminder')], max_length=8, verbose_name='kind')),
                ('event', models.CharField(choices=[('order_shipped', 'an order is shipped'), ('order_delivered', 'an order is delivered'), ('ticket_settled', 'a complaint or work order is settled'), ('call_ended', 'a caller was served')], max_length=15, verbose_name='after')),
                ('of_queue', models.CharField(blank=True, max_length=40, verbose_name='calls of this queue only')),
                ('days', models.PositiveSmallIntegerField(default=0, verbose_name='days later')),
                ('minutes', models.PositiveSmallIntegerField(default=0, verbose_name='minutes later')),
                ('at', models.TimeField(blank=True, null=True, verbose_name='at this time of the day')),
                ('share', models.PositiveSmallIntegerField(default=100, verbose_name='of a hundred')),
                ('quiet_days', models.PositiveSmallIntegerField(default=0, verbose_name='not again within days')),
                ('queue', models.CharField(blank=True, max_length=40, verbose_name='queue')),
                ('own_agent', models.BooleanField(default=False, verbose_name='the same agent')),
                ('flow', models.CharField(blank=True, max_length=40, verbose_name='flow of the machine that calls')),
                ('priority', models.SmallIntegerField(default=0, verbose_name='priority')),
                ('consent', models.BooleanField(default=False, verbose_name='customers have agreed to such calls')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('script', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.script', verbose_name='questionnaire')),
            ],
            options={
                'verbose_name': 'rule for outbound calls',
                'verbose_name_plural': 'rules for outbound calls',
                'ordering': ['title'],
            },
        ),
        migrations.AddField(
            model_name='outboundtask',
            name='rule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tasks', to='crm.outboundrule', verbose_name='rule'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=GinIndex(models.Func(models.F("reason"), function="crm_parts"), name="tasks_by_reason"),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(condition=models.Q(('state', 'planned')), fields=['due_at', 'id'], name='tasks_planned'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(condition=models.Q(('state__in', ['released', 'open'])), fields=['released_at'], name='tasks_under_way'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(fields=['customer', '-due_at'], name='tasks_of_a_customer'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(fields=['-due_at', '-id'], name='tasks_by_time'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(condition=models.Q(('agent', ''), _negated=True), fields=['agent', 'due_at'], name='tasks_of_an_agent'),
        ),
        migrations.AddIndex(
            model_name='outboundtask',
            index=models.Index(condition=models.Q(('rule__isnull', False)), fields=['rule', 'customer'], name='tasks_of_a_rule'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('number__regex', '^\\+[1-9][0-9]{2,14}\\Z')), name='task_number_is_e164'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='task_reason'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['follow_up', 'visit', 'survey', 'reminder'])), name='task_kind'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'released', 'open', 'done', 'refused', 'cancelled'])), name='task_state'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('opened_at__isnull', True), ('released_at__isnull', True), ('state', 'planned')), models.Q(('closed_at__isnull', True), ('opened_at__isnull', True), ('released_at__isnull', False), ('state', 'released')), models.Q(('closed_at__isnull', True), ('opened_at__isnull', False), ('released_at__isnull', False), ('state', 'open')), models.Q(('closed_at__isnull', False), ('released_at__isnull', False), ('state__in', ['done', 'refused']), models.Q(('result', ''), _negated=True)), models.Q(('closed_at__isnull', False), ('state', 'cancelled')), _connector='OR'), name='task_times_of_its_state'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('released_at__isnull', True), ('request__isnull', True)), models.Q(('released_at__isnull', False), ('request__isnull', False)), _connector='OR'), name='task_released_by_a_request'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('priority__gte', -9), ('priority__lte', 9)), name='task_priority'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('flow', ''), models.Q(('agent', ''), ('script__isnull', True)), _connector='OR'), name='task_machine_or_agent'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'survey'), _negated=True), models.Q(('flow', ''), _negated=True), ('script__isnull', False), _connector='OR'), name='task_survey_asks'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.CheckConstraint(condition=models.Q(('author__isnull', False), models.Q(('once', ''), _negated=True), _connector='OR'), name='task_somebody_wants_it'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.UniqueConstraint(condition=models.Q(('once', ''), _negated=True), fields=('once',), name='task_planned_once'),
        ),
        migrations.AddConstraint(
            model_name='outboundtask',
            constraint=models.UniqueConstraint(condition=models.Q(('record__isnull', False), ('state', 'planned')), fields=('record',), name='one_planned_task_a_record'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('title', ''), _negated=True), models.Q(('reason', ''), _negated=True)), name='outbound_rule_says_why'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['visit', 'survey', 'reminder'])), name='outbound_rule_kind'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('event__in', ['order_shipped', 'order_delivered', 'ticket_settled', 'call_ended'])), name='outbound_rule_event'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('of_queue', ''), ('event', 'call_ended'), _connector='OR'), name='outbound_rule_queue_of_calls'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('days__lte', 365), ('minutes__lte', 1440)), name='outbound_rule_later'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('share__gte', 1), ('share__lte', 100)), name='outbound_rule_share'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('quiet_days__lte', 365)), name='outbound_rule_quiet'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('priority__gte', -9), ('priority__lte', 9)), name='outbound_rule_priority'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(('flow', ''), models.Q(('own_agent', False), ('script__isnull', True)), _connector='OR'), name='outbound_rule_machine_or_agent'),
        ),
        migrations.AddConstraint(
            model_name='outboundrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'survey'), _negated=True), models.Q(('flow', ''), _negated=True), ('script__isnull', False), _connector='OR'), name='outbound_rule_survey_asks'),
        ),
        versioned("crm_outboundrule"),
        migrations.RunSQL(
            "ALTER TRIGGER crm_followupcall_version ON crm_outboundtask RENAME TO crm_outboundtask_version",
            "ALTER TRIGGER crm_outboundtask_version ON crm_outboundtask RENAME TO crm_followupcall_version",
        ),
        migrations.RunSQL(STEPS, "DROP TRIGGER crm_outboundtask_steps ON crm_outboundtask; DROP FUNCTION crm_outbound_steps();"),
        migrations.RunSQL(
            "UPDATE office_right SET action = replace(action, 'follow_ups.', 'outbound_tasks.') WHERE action LIKE 'follow\\_ups.%'",
            "UPDATE office_right SET action = replace(action, 'outbound_tasks.', 'follow_ups.') WHERE action LIKE 'outbound\\_tasks.%'",
        ),
    ]
