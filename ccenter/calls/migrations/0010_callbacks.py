"""Callbacks as the core tells of them, what it must be told, and the surge attendant's configuration.

Callbacks of before are not known to the core. Those that were open are told to it as callers it missed, so none is lost; the
others stay as they were closed.
"""

import ccenter.calls.models.centre
import ccenter.calls.models.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.constraints
import django.db.models.deletion
from django.db import migrations, models

KEEP = "CREATE TEMPORARY TABLE callbacks_before AS SELECT * FROM calls_callbackentry"
CONVERT = """
INSERT INTO calls_missedcaller (id, source, number, dnis, language, at)
SELECT id, 'last_resort', number, dnis, language, asked_at FROM callbacks_before WHERE state = 'open';
INSERT INTO calls_callbackentry (id, number, kind, source, state, queue, priority, dnis, label, call, chosen, language, zone,
  customer, agent, flow, asked_at, times_asked, offered_to, by, attempt, attempts, result, reason, closed_at, closed_reason, closed_detail)
SELECT id::text, number, 'callback', CASE source WHEN 'queue' THEN 'asked' WHEN 'menu' THEN 'asked' ELSE source END, 'CLOSED', queue,
  0, dnis, '', call, '', language, '', '', '', '', asked_at, times_asked, '', '', '', 0, '', '', closed_at, closed_reason, ''
FROM callbacks_before WHERE state = 'closed';
DROP TABLE callbacks_before;
"""
TRIGGER = """
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON calls_{0}
FOR EACH STATEMENT EXECUTE FUNCTION calls_config_changed();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0009_tokens_end'),
    ]

    operations = [
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.DeleteModel('CallbackEntry'),
        migrations.CreateModel(
            name='BarredNumber',
            fields=[
                ('number', models.TextField(primary_key=True, serialize=False, verbose_name='number')),
                ('barred', models.BooleanField(default=True, verbose_name='barred')),
                ('at', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'number not to be called',
                'verbose_name_plural': 'numbers not to be called',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='CallbackAttempt',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('callback', models.TextField()),
                ('call', models.TextField(db_index=True, default='')),
                ('agent', models.TextField(default='')),
                ('attempt', models.IntegerField()),
                ('shown', models.TextField(default='')),
                ('at', models.DateTimeField()),
                ('reached_at', models.DateTimeField(null=True)),
                ('result', models.TextField(default='')),
                ('resulted_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
                'ordering': ['seq'],
            },
        ),
        migrations.CreateModel(
            name='CallbackEntry',
            fields=[
                ('id', models.TextField(primary_key=True, serialize=False)),
                ('number', models.TextField(verbose_name='number')),
                ('kind', models.TextField(default='callback', verbose_name='kind')),
                ('source', models.TextField(verbose_name='source')),
                ('state', models.TextField(choices=[('LATER', 'later'), ('WAITING', 'waiting'), ('PRESENTED', 'shown to an agent'), ('DIALLING', 'being called'), ('TALKING', 'talking'), ('RESULT', 'result to be said'), ('ON_LINE', 'on the line'), ('CLOSED', 'closed')], default='WAITING', verbose_name='state')),
                ('queue', models.TextField(default='', verbose_name='queue')),
                ('priority', models.IntegerField(default=0, verbose_name='priority')),
                ('dnis', models.TextField(default='', verbose_name='called number')),
                ('label', models.TextField(default='', verbose_name='label')),
                ('call', models.TextField(default='', verbose_name='call')),
                ('chosen', models.TextField(default='', verbose_name='chosen')),
                ('language', models.TextField(default='', verbose_name='language')),
                ('zone', models.TextField(default='', verbose_name='time zone')),
                ('customer', models.TextField(default='', verbose_name='customer')),
                ('agent', models.TextField(default='', verbose_name='agent')),
                ('flow', models.TextField(default='', verbose_name='flow')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('opened_at', models.DateTimeField(null=True, verbose_name='opened')),
                ('due_at', models.DateTimeField(null=True, verbose_name='due')),
                ('times_asked', models.IntegerField(default=1, verbose_name='times asked')),
                ('offered_to', models.TextField(default='')),
                ('by', models.TextField(default='', verbose_name='called by')),
                ('attempt', models.TextField(default='')),
                ('attempts', models.IntegerField(default=0, verbose_name='attempts')),
                ('result', models.TextField(default='', verbose_name='result')),
                ('reason', models.TextField(default='', verbose_name='why not yet')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('closed_reason', models.TextField(default='', verbose_name='why closed')),
                ('closed_detail', models.TextField(default='')),
            ],
            options={
                'verbose_name': 'callback',
                'verbose_name_plural': 'callbacks',
                'ordering': ['asked_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='MissedCaller',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('source', models.CharField(choices=[('blocked', 'no line was free'), ('last_resort', 'called during a failure')], max_length=12)),
                ('number', models.CharField(max_length=40)),
                ('dnis', models.CharField(blank=True, max_length=64)),
                ('language', models.CharField(blank=True, max_length=10)),
                ('at', models.DateTimeField()),
                ('told_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'missed caller',
                'verbose_name_plural': 'missed callers',
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='Surge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', ccenter.calls.models.fields.CodeField(max_length=40, unique=True, verbose_name='code')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='name')),
                ('enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('curve', models.JSONField(verbose_name='curve')),
                ('lines', models.PositiveIntegerField(default=0, verbose_name='lines')),
                ('hysteresis', models.FloatField(default=0.05, verbose_name='ends so far below the first threshold')),
                ('every', models.FloatField(default=0.0, verbose_name='one call in so many seconds at most')),
                ('exempt_priority', models.SmallIntegerField(blank=True, null=True, verbose_name='not callers of this priority or more')),
                ('exempt_orders', models.BooleanField(default=False, verbose_name='not callers with an open order')),
                ('exempt_seconds', models.FloatField(default=1.0, verbose_name='waits so long to know')),
                ('flow', models.CharField(blank=True, default='surge', max_length=40, verbose_name='flow')),
            ],
            options={
                'verbose_name': 'surge attendant',
                'verbose_name_plural': 'surge attendants',
                'ordering': ['position', 'code'],
            },
        ),
        migrations.CreateModel(
            name='SurgeSpan',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('surge', models.TextField()),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('use', models.FloatField(default=0.0)),
                ('highest', models.FloatField(default=0.0)),
                ('share', models.FloatField(default=0.0)),
                ('taken', models.IntegerField(default=0)),
                ('passed', models.IntegerField(default=0)),
            ],
            options={
                'verbose_name': 'surge',
                'verbose_name_plural': 'surges',
                'ordering': ['seq'],
            },
        ),
        migrations.AddField(
            model_name='call',
            name='owed',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='call',
            name='surge',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='centresettings',
            name='callback_queue',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='calls.queue', verbose_name='callbacks of callers who reached no queue'),
        ),
        migrations.AddField(
            model_name='centresettings',
            name='machine_calls',
            field=models.PositiveIntegerField(default=10, verbose_name='calls by machines alone at once'),
        ),
        migrations.AddField(
            model_name='centresettings',
            name='needs_consent',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=ccenter.calls.models.centre._with_consent, size=None, verbose_name='calls that need consent'),
        ),
        migrations.AddField(
            model_name='centresettings',
            name='owes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=ccenter.calls.models.centre._owed, size=None, verbose_name='who is called back'),
        ),
        migrations.AddField(
            model_name='centresettings',
            name='zones',
            field=models.JSONField(blank=True, default=dict, verbose_name='time zones by beginning of the number'),
        ),
        migrations.AddField(
            model_name='number',
            name='owes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, null=True, size=None, verbose_name='who is called back'),
        ),
        migrations.AddField(
            model_name='number',
            name='queue',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='calls.queue', verbose_name='callbacks of callers who reached no queue'),
        ),
        migrations.AddField(
            model_name='queue',
            name='callbacks',
            field=models.JSONField(blank=True, default=dict, verbose_name='rules for callbacks'),
        ),
        migrations.AddField(
            model_name='queue',
            name='survey',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='calls.flow', verbose_name='survey after the call'),
        ),
        migrations.AddField(
            model_name='trunk',
            name='kept',
            field=models.PositiveIntegerField(default=0, verbose_name='channels kept for who calls in'),
        ),
        migrations.AddConstraint(
            model_name='centresettings',
            constraint=models.CheckConstraint(condition=models.Q(('owes__contained_by', ['asked', 'surge', 'abandoned', 'menu', 'voicemail', 'closed', 'failed', 'blocked', 'last_resort'])), name='settings_owes'),
        ),
        migrations.AddConstraint(
            model_name='number',
            constraint=models.CheckConstraint(condition=models.Q(('owes__isnull', True), ('owes__contained_by', ['asked', 'surge', 'abandoned', 'menu', 'voicemail', 'closed', 'failed', 'blocked', 'last_resort']), _connector='OR'), name='number_owes'),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.CheckConstraint(condition=models.Q(('callbacks', {}), models.Q(('callbacks__has_key', 'mode'), _negated=True), ('callbacks__mode__in', ['pull', 'preview', 'progressive']), _connector='OR'), name='queue_callback_mode'),
        ),
        migrations.AddConstraint(
            model_name='trunk',
            constraint=models.CheckConstraint(condition=models.Q(('kept__lte', models.F('capacity'))), name='trunk_kept'),
        ),
        migrations.AddConstraint(
            model_name='barrednumber',
            constraint=models.CheckConstraint(condition=models.Q(('number', ''), _negated=True), name='barred_number'),
        ),
        migrations.AddIndex(
            model_name='callbackattempt',
            index=models.Index(fields=['at'], name='callback_attempt_at'),
        ),
        migrations.AddIndex(
            model_name='callbackattempt',
            index=models.Index(fields=['callback', 'seq'], name='attempt_of_callback'),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['asked_at'], name='callback_open'),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(fields=['number', '-asked_at'], name='callback_of_number'),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(condition=models.Q(('call', ''), _negated=True), fields=['call'], name='callback_of_call'),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(condition=models.Q(('attempt', ''), _negated=True), fields=['attempt'], name='callback_of_attempt'),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(fields=['-closed_at'], name='callback_closed'),
        ),
        migrations.AddConstraint(
            model_name='callbackentry',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('closed_at__isnull', True), ('kind', 'callback')), deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], expressions=[('number', '=')], index_type='SPGIST', name='one_open_callback_a_number'),
        ),
        migrations.AddConstraint(
            model_name='callbackentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('number', ''), _negated=True), models.Q(('kind', ''), _negated=True)), name='callback_number'),
        ),
        migrations.AddConstraint(
            model_name='callbackentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'CLOSED')), models.Q(models.Q(('state', 'CLOSED'), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='callback_closed_has_a_time'),
        ),
        migrations.AddConstraint(
            model_name='callbackentry',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['LATER', 'WAITING', 'PRESENTED', 'DIALLING', 'TALKING', 'RESULT', 'ON_LINE', 'CLOSED'])), name='callback_state'),
        ),
        migrations.AddConstraint(
            model_name='callbackentry',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__gte', 0), ('times_asked__gte', 1)), name='callback_counts'),
        ),
        migrations.AddIndex(
            model_name='missedcaller',
            index=models.Index(condition=models.Q(('told_at__isnull', True)), fields=['at'], name='missed_to_tell'),
        ),
        migrations.AddConstraint(
            model_name='missedcaller',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('number', ''), _negated=True), ('source__in', ['blocked', 'last_resort'])), name='missed_known'),
        ),
        migrations.AddField(
            model_name='surge',
            name='numbers',
            field=models.ManyToManyField(blank=True, related_name='+', to='calls.number', verbose_name='called numbers'),
        ),
        migrations.AddField(
            model_name='surge',
            name='trunks',
            field=models.ManyToManyField(blank=True, related_name='+', to='calls.trunk', verbose_name='trunks'),
        ),
        migrations.AddIndex(
            model_name='surgespan',
            index=models.Index(fields=['-started_at'], name='surge_started'),
        ),
        migrations.AddConstraint(
            model_name='surgespan',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('surge',), name='one_surge_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='surgespan',
            constraint=models.CheckConstraint(condition=models.Q(('passed__gte', 0), ('taken__gte', 0)), name='surge_counts'),
        ),
        migrations.AddConstraint(
            model_name='surge',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z0-9][a-z0-9_-]*\\Z')), name='surge_code'),
        ),
        migrations.AddConstraint(
            model_name='surge',
            constraint=models.CheckConstraint(condition=models.Q(('every__gte', 0), ('exempt_seconds__range', (0, 10)), ('hysteresis__range', (0, 1))), name='surge_numbers'),
        ),
        migrations.RunSQL(CONVERT, migrations.RunSQL.noop),
        migrations.RunSQL("".join(TRIGGER.format(table) for table in ("surge", "surge_trunks", "surge_numbers")), migrations.RunSQL.noop),
    ]
