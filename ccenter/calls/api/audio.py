"""Listening to recordings: who may, from which byte, and on record that they did."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models.functions import Now
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from ccenter.calls.api.base import View
from ccenter.calls.models import Listening, Recording, Voicemail
from ccenter.calls.rights import may_hear_call, voicemails_for

CHUNK = 1 << 18
ONCE = timedelta(minutes=10)  # a player asks for many pieces: that is one listening
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


PARAMETERS = [
    OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes."),
    OpenApiParameter("download", bool, description="As a file to be kept."),
]
NONE = OpenApiResponse(description="There are no such bytes.")


class AudioView(View):
    @extend_schema(
        tags=["calls"],
        operation_id="recording_audio",
        parameters=PARAMETERS,
        responses={(200, "audio/ogg"): OpenApiTypes.BINARY, (206, "audio/ogg"): OpenApiTypes.BINARY, 416: NONE},
    )
    def get(self, request: Request, ident: str) -> HttpResponseBase:
        """The recording, two channels: customer left, what they heard right. For leads and who spoke in it; it is logged."""
        recording = Recording.objects.filter(pk=ident).first()
        if recording is None or not may_hear_call(request.user, recording.call):
            raise NotFound(_("There is no such recording, or it is not for you."))
        path = Path(settings.RECORDINGS) / recording.file
        if recording.deleted_at or not recording.converted_at or not path.is_file():
            raise NotFound(_("The recording is not there yet, or not any more."))
        return serve(request, path, "audio/ogg", recording)


class VoicemailAudioView(View):
    @extend_schema(
        tags=["voicemail"],
        operation_id="voicemail_audio",
        parameters=PARAMETERS,
        responses={(200, "audio/wav"): OpenApiTypes.BINARY, (206, "audio/wav"): OpenApiTypes.BINARY, 416: NONE},
    )
    def get(self, request: Request, ident: str) -> HttpResponseBase:
        """The message. For leads, and agents whose mailbox or queue it was left for; it is logged, and counts as heard."""
        message = voicemails_for(request.user).filter(pk=ident).first()
        if message is None:
            raise NotFound(_("There is no such message, or it is not for you."))
        path = Path(settings.VOICEMAILS) / f"{message.id}.wav"
        if path.parent != Path(settings.VOICEMAILS) or not path.is_file():
            raise NotFound(_("The message is not there any more."))
        if message.heard_at is None:
            Voicemail.objects.filter(pk=ident, heard_at=None).update(heard_at=Now(), heard_by=request.user.pk)
        return serve(request, path, "audio/wav", message)


def serve(request: Request, path: Path, kind: str, row: Recording | Voicemail) -> HttpResponseBase:
    """The file, or the part of it that is asked for; that somebody listens is put on record."""
    size = path.stat().st_size
    first, last = _range(request.headers.get("Range", ""), size)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    note(request, row)
    partial = (first, last) != (0, size - 1)
    response = StreamingHttpResponse(_bytes(path, first, last), status=206 if partial else 200, content_type=kind)
    if partial:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    kept = request.query_params.get("download", "") not in ("", "0", "false")
    response["Content-Length"] = str(last - first + 1)
    response["Content-Disposition"] = f'{"attachment" if kept else "inline"}; filename="{path.name}"'
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-store"
    return response


def note(request: Request, row: Recording | Voicemail) -> None:
    """Puts on record that somebody listens."""
    lately = Listening.objects.filter(recording=row.id, user=request.user, at__gt=Now() - ONCE)
    if not lately.exists():
        address = request.META.get("REMOTE_ADDR") or None
        Listening.objects.create(recording=row.id, call=row.call, user=request.user, address=address)


def _range(header: str, size: int) -> tuple[int, int]:
    """First and last byte asked for; all of them without a header, or with one we do not know. first > last: there are none."""
    found = RANGE.match(header)
    if not found or not any(found.groups()):
        return 0, size - 1
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


async def _bytes(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, first)
        left = last - first + 1
        while left > 0 and (chunk := await asyncio.to_thread(file.read, min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    finally:
        file.close()
