"""Celery: work off the path of a call. It never touches ARI and never picks an agent."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccenter.settings")
app = Celery("ccenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
