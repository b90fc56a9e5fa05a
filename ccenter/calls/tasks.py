"""Work off the path of a call: recordings become compact, spooled notes come into the record, old data goes."""

from celery import shared_task


@shared_task
def convert_recording(recording: str) -> None:
    """Make the compact file of a recording."""
