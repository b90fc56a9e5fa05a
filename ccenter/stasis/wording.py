"""What is said to Asterisk in words that may have come from outside: nothing in them can be more than it should be."""

import logging
import re

from ccenter.acd import commands
from ccenter.calls.numbers import spelt

log = logging.getLogger(__name__)

_ENDPOINT = re.compile(r"PJSIP/[0-9A-Za-z+*#._-]{1,64}(@[0-9A-Za-z._-]{1,64})?")
_SOUND = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.-]*")
_MEDIA = re.compile(r"(tone|digits|number|characters):[0-9A-Za-z+*#!/;-]+")
_NUMBER = re.compile(r"[^0-9A-Za-z+*#._-]")
_NAME = re.compile(r"[\x00-\x1f\x7f\"<>\\;,]")


def is_endpoint(text: str) -> bool:
    """Is it one endpoint of PJSIP, or a number over one?"""
    return _ENDPOINT.fullmatch(text) is not None


def as_dialled(endpoint: str) -> str:
    """A number over a trunk as it is dialled in this country: PJSIP/+8613800138000@trunk-x -> PJSIP/13800138000@trunk-x."""
    number, at, trunk = endpoint.partition("@")
    return f"PJSIP/{spelt(number.removeprefix('PJSIP/'))}@{trunk}" if at else endpoint


def media_uri(sound: str) -> str:
    """The media URI of a sound's name; "" for what is no name."""
    if _SOUND.fullmatch(sound) and ".." not in sound:
        return f"sound:cc/{sound}"
    if _MEDIA.fullmatch(sound):
        return sound
    log.error("no sound: %.80r", sound)
    return ""


def caller_id(text: str) -> str:
    """What a phone shows, safe to be put into a SIP header: a number, or `"name" <number>`."""
    name, bracket, number = text.rpartition("<")
    if not bracket:
        name, number = ("", text) if not _NUMBER.search(text) else (text, "")
    number = _NUMBER.sub("", number)[:40]
    name = _NAME.sub("", name).strip()[:60]
    return f'"{name}" <{number}>' if name else number


def headers(command: commands.Dial) -> dict[str, str]:
    """The variables that make an INVITE say which call it is about, and whether the phone should answer by itself.

    A leg over a trunk counts among its lines, as calls that come in do (see the dialplan).
    """
    found = {"PJSIP_HEADER(add,X-CC-Call)": command.call}
    if trunk := command.endpoint.partition("@trunk-")[2]:
        found["GROUP(lines)"] = trunk
    if command.auto_answer:
        found["PJSIP_HEADER(add,Call-Info)"] = "<sip:127.0.0.1>;answer-after=0"
        found["PJSIP_HEADER(add,Alert-Info)"] = "<http://127.0.0.1>;info=alert-autoanswer;delay=0"
    return found
