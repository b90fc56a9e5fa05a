"""Makes the folded tables anew from the facts: after a change of a fold, or when one is doubted."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.fields.json import KT

from ccenter.calls.models import (
    AgentDay,
    AgentStateSpan,
    AgentStatus,
    Call,
    CallAgent,
    CallbackAttempt,
    CallbackEntry,
    CallOffer,
    Fact,
    Monitoring,
    RecorderPosition,
    Recording,
    SurgeSpan,
    SurveyAnswer,
    TrunkChannel,
    Voicemail,
)
from ccenter.calls.projections import fold
from ccenter.calls.recorder import restore

BATCH = 2000


class Command(BaseCommand):
    """`manage.py rebuild_projections`: all in one transaction, in which the recorder waits and readers see the old rows.

    After a change of a fold, restart the recorder first: it works with the folds it began with.
    """

    help = "Make the folded tables anew from the facts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH, help="facts folded at once")

    def handle(self, *args: Any, batch: int = BATCH, **options: Any) -> None:
        done = rebuild(batch)
        if options.get("verbosity", 1):
            self.stdout.write(f"{done} facts folded")


def rebuild(batch: int = BATCH) -> int:
    """Folds all facts on record into emptied tables; how many. Raises DatabaseError."""
    with transaction.atomic():
        RecorderPosition.objects.select_for_update().filter(id=1).first()
        _empty()
        done = last = 0
        while True:
            rows = list(Fact.objects.filter(seq__gt=last).order_by("seq")[:batch])
            if not rows:
                break
            facts = []
            for row in rows:
                try:
                    facts.append(restore(row))
                except ValueError:  # a poison row: it has its alarm
                    continue
            fold(facts)
            last = rows[-1].seq
            done += len(rows)
        # what the facts no longer know of has no place any more, except the files a converter made
        Recording.objects.filter(state="unknown").delete()
    return done


def _empty() -> None:
    """Takes the rows the facts will make again. Recordings and voicemails keep what others wrote into them, and calls of which
    no fact tells were brought by others (the last resort's, the past of a demo). So were callbacks that the core never opened.
    Who wants no calls stays on the list longer than any fact is kept."""
    opened = Fact.objects.filter(type="CallbackOpened").annotate(ident=KT("data__callback")).values("ident")
    CallbackEntry.objects.filter(id__in=opened).delete()
    Call.objects.filter(Exists(Fact.objects.filter(call=OuterRef("id")))).delete()
    Recording.objects.update(state="unknown", pauses=0)
    emptied = (CallAgent, CallOffer, AgentStatus, AgentStateSpan, AgentDay, Monitoring, TrunkChannel)
    emptied += (CallbackAttempt, SurgeSpan, SurveyAnswer)
    tables = ", ".join(model._meta.db_table for model in emptied)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")
    Voicemail.objects.filter(heard_at=None).delete()
