
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0010_callbacks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SurveyAnswer',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('call', models.TextField()),
                ('callback', models.TextField(default='')),
                ('agent', models.TextField(default='')),
                ('queue', models.TextField(default='')),
                ('flow', models.TextField()),
                ('node', models.TextField()),
                ('key', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'answer to a survey by telephone',
                'verbose_name_plural': 'answers to surveys by telephone',
                'ordering': ['seq'],
            },
        ),
        migrations.AlterField(
            model_name='request',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='callbackentry',
            index=models.Index(fields=['-asked_at', '-id'], name='callback_by_time'),
        ),
        migrations.AddIndex(
            model_name='surveyanswer',
            index=models.Index(fields=['call'], name='survey_answer_of_call'),
        ),
        migrations.AddIndex(
            model_name='surveyanswer',
            index=models.Index(fields=['flow', 'at'], name='survey_answer_of_flow'),
        ),
        migrations.AddIndex(
            model_name='surveyanswer',
            index=models.Index(fields=['at'], name='survey_answer_at'),
        ),
        migrations.AddConstraint(
            model_name='surveyanswer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key', ''), _negated=True), models.Q(('flow', ''), _negated=True), models.Q(('node', ''), _negated=True)), name='survey_answer_says_something'),
        ),
    ]
