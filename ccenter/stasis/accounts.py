"""SIP accounts in Asterisk, from the database: a desk phone for every agent who has one, a browser's phone for every
sign-in with one, and the trunks.

They are memory objects (asterisk/conf/sorcery.conf), pushed over ARI: nothing is reloaded, nothing rings off. A restart of
Asterisk forgets them, but not where phones are registered (that is in its astdb), so a phone can be dialled as soon as
its account is there again. What was pushed is remembered by digest, so a restart of ours pushes only what changed.
"""

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ccenter.stasis.ari import Ari, AriError

if TYPE_CHECKING:
    from ccenter.calls.models import Trunk

log = logging.getLogger(__name__)

AT_ONCE = 16  # accounts pushed at the same time
CLASS = "res_pjsip"  # of all the types, whatever section of sorcery.conf they have


class Object(Struct, frozen=True):
    """One object of Asterisk's configuration, in its own words."""

    type: str
    id: str
    fields: dict[str, str]


Desired = dict[str, tuple[Object, ...]]  # owner ("1001", "trunk-x") -> its objects in the order in which they need each other

# What holds for every endpoint. Asterisk stays in the media's way (recording, hold), nobody moves our calls by REFER, and
# a display is not updated in mid-call: it would cost a SIP transaction each time two legs are joined.
_ENDPOINT = {
    "disallow": "all",
    "direct_media": "no",
    "rtp_symmetric": "yes",
    "force_rport": "yes",
    "rewrite_contact": "yes",
    "allow_transfer": "no",
    "allow_subscribe": "no",
    "send_connected_line": "no",
    "dtmf_mode": "rfc4733",
}


def seat(number: str, password: str, language: str) -> tuple[Object, ...]:
    """A desk phone that registers as `number`."""
    return (
        Object("auth", number, {"auth_type": "userpass", "username": number, "password": password}),
        Object(
            "aor",
            number,
            {
                "max_contacts": "1",
                "remove_existing": "yes",
                "minimum_expiration": "30",
                "default_expiration": "300",
                "qualify_frequency": "20",  # a phone that was unplugged is known to be
                "qualify_timeout": "3",
            },
        ),
        Object(
            "endpoint",
            number,
            {
                **_ENDPOINT,
                "context": "from-seat",
                "allow": "ulaw,alaw",
                "auth": number,
                "aors": number,
                "language": language,
                "rtp_timeout": "20",  # unplugged in a call: the customer goes on to somebody else
                "rtp_timeout_hold": "600",
            },
        ),
    )


def web_phone(endpoint: str, password: str, language: str) -> tuple[Object, ...]:
    """A browser's phone, for one sign-in: SIP over a websocket, media by WebRTC."""
    return (
        Object("auth", endpoint, {"auth_type": "userpass", "username": endpoint, "password": password}),
        Object(
            "aor",
            endpoint,
            {
                "max_contacts": "1",
                "remove_existing": "yes",
                "remove_unavailable": "yes",
                "minimum_expiration": "30",
                "default_expiration": "300",
                "qualify_frequency": "15",
                "qualify_timeout": "3",
            },
        ),
        Object(
            "endpoint",
            endpoint,
            {
                **_ENDPOINT,
                "webrtc": "yes",
                "dtls_auto_generate_cert": "yes",
                "context": "from-seat",
                "allow": "ulaw,alaw,opus",  # what callers speak comes first: opus costs twice the processor time
                "auth": endpoint,
                "aors": endpoint,
                "language": language,
                # A browser speaks at all times, muted too. Its network is gone: nothing else would tell for half a minute,
                # and meanwhile the customer would hear silence.
                "rtp_timeout": "5",
                "rtp_timeout_hold": "60",
            },
        ),
    )


_WEB = re.compile(r"PJSIP/w[0-9]+-[0-9a-f]{8}")


def is_web(phone: str) -> bool:
    """Is this endpoint ("PJSIP/w1001-0a1b2c3d") a browser's phone?"""
    return _WEB.fullmatch(phone) is not None


def trunk(row: "Trunk", language: str) -> tuple[Object, ...]:
    """A trunk of any kind (see the model). Its calls come in with the variable TRUNK."""
    name = f"trunk-{row.code}"
    transport = "" if row.transport == "udp" else f";transport={row.transport}"
    user, server = quote(row.username, safe=""), f"sip:{row.host}:{row.port}{transport}"
    auth = Object("auth", name, {"auth_type": "userpass", "username": row.username, "password": row.secret})
    common = {
        **_ENDPOINT,
        "transport": row.transport,
        "context": "from-trunk",
        "set_var": f"TRUNK={row.code}",
        "allow": ",".join(row.codecs),
        "language": language,
        "send_pai": "yes",
        "trust_id_inbound": "yes",
        "rtp_timeout": "60",
        "rtp_timeout_hold": "600",
    }
    if row.kind == "accept":
        # A gateway is known by the user name it registers with, so that must be an endpoint; calls to it go by the
        # endpoint all trunks have, and both know where it is.
        known = {**common, "auth": name, "aors": row.username}
        contacts = {"max_contacts": "1", "remove_existing": "yes", "qualify_frequency": "20", "qualify_timeout": "3"}
        return (
            auth,
            Object("aor", row.username, contacts),
            Object("endpoint", row.username, known),
            Object("endpoint", name, {**common, "aors": row.username}),
        )
    contact = server if row.host else f"sip:{_host(row.addresses[0])}:{row.port}{transport}"
    aor = Object("aor", name, {"contact": contact, "qualify_frequency": "60", "qualify_timeout": "3"})
    match = ",".join(dict.fromkeys([*row.addresses, *([row.host] if row.host else [])]))
    identify = Object("identify", name, {"endpoint": name, "match": match})
    if row.kind == "address":
        return (aor, Object("endpoint", name, {**common, "aors": name}), identify)
    outbound = {"outbound_auth": name, "from_user": row.username, "from_domain": row.host}
    registration = {
        "transport": row.transport,
        "server_uri": server,
        "client_uri": f"sip:{user}@{row.host}:{row.port}{transport}",
        "contact_user": user,
        "outbound_auth": name,
        "retry_interval": "10",
        "forbidden_retry_interval": "60",
        "expiration": "300",
        "endpoint": name,
        "line": "yes",  # its calls are known even when they come from another address than `host`
    }
    return (
        auth,
        aor,
        Object("endpoint", name, {**common, **outbound, "aors": name}),
        identify,
        Object("registration", name, registration),
    )


def _host(address: str) -> str:
    return address.partition("/")[0]


def desired(node: str) -> Desired:
    """The accounts this node should have. Reads the database; blocks. Raises DatabaseError."""
    from ccenter.calls import models

    centre = models.CentreSettings.objects.first() or models.CentreSettings()
    language = str(centre.language)
    phones = models.Agent.objects.filter(active=True, desk_phone=True).exclude(sip_password="")
    found = {number: seat(number, secret, language) for number, secret in phones.values_list("number", "sip_password")}
    for name, secret in models.WebPhone.objects.filter(agent__active=True).values_list("endpoint", "password"):
        found[name] = web_phone(name, secret, language)
    for row in models.Trunk.objects.filter(enabled=True, node=node):
        found[f"trunk-{row.code}"] = trunk(row, language)
    return found


class _Pushed(Struct):
    """What one run of Asterisk was given: owner -> digest, and the ids of its objects."""

    since: str = ""
    digests: dict[str, str] = {}
    objects: dict[str, list[tuple[str, str]]] = {}


class Accounts:
    """Pushes accounts to one Asterisk. `memory` is a file that keeps what was pushed over a restart of ours."""

    def __init__(self, ari: Ari, memory: Path) -> None:
        self._ari = ari
        self._memory = memory
        self._lock = asyncio.Lock()
        self._pushed = _Pushed()
        with suppress(OSError, msgspec.DecodeError):
            self._pushed = msgspec.json.decode(memory.read_bytes(), type=_Pushed)

    def lost(self, since: str) -> bool:
        """Has this run of Asterisk, begun at `since`, not got accounts yet?"""
        return self._pushed.since != since

    async def push(self, wanted: Desired, since: str) -> int:
        """Makes Asterisk's accounts what is wanted; how many changed. Raises AriError when Asterisk is not there."""
        async with self._lock:
            if self.lost(since):
                self._pushed = _Pushed(since)
            was = self._pushed
            digests = {owner: _digest(objects) for owner, objects in wanted.items()}
            changed = [owner for owner, digest in digests.items() if was.digests.get(owner) != digest]
            gone = [owner for owner in was.digests if owner not in wanted]
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(owner: str) -> None:
                async with gate:
                    await self._replace(owner, wanted.get(owner, ()), digests.get(owner, ""))

            await asyncio.gather(*map(one, [*changed, *gone]))
            if changed or gone:
                self._keep()
                log.info("accounts: %d pushed, %d taken away", len(changed), len(gone))
            return len(changed) + len(gone)

    async def _replace(self, owner: str, objects: tuple[Object, ...], digest: str) -> None:
        had = self._pushed.objects.pop(owner, [])
        self._pushed.digests.pop(owner, None)
        keys = [(o.type, o.id) for o in objects]
        try:
            # An endpoint with variables cannot be changed, only made anew; the others are changed in place.
            await self._delete(k for k in had if k not in keys or (k[0] == "endpoint" and owner.startswith("trunk-")))
            if owner.startswith("trunk-") and not had and await self._written(objects):
                log.warning("%s stands in pjsip.conf: what the database says of it is not used", owner)
            else:
                for o in objects:
                    await self._ari.asterisk.updateObject(CLASS, o.type, o.id, o.fields)
                self._pushed.objects[owner] = keys
        except AriError as error:
            if error.status in (0, 504) or "configClass" in error.reason:  # it is still starting
                raise
            log.error("the account of %s is refused: %s", owner, error)
        if objects:
            self._pushed.digests[owner] = digest

    async def _delete(self, keys: Iterable[tuple[str, str]]) -> None:
        for type_, ident in [*keys][::-1]:
            with suppress(AriError):
                await self._ari.asterisk.deleteObject(CLASS, type_, ident)

    async def _written(self, objects: tuple[Object, ...]) -> bool:
        """Is one of the endpoints there though we never made it?"""
        for o in objects:
            if o.type == "endpoint" and await self._ari.asterisk.hasObject(CLASS, o.type, o.id):
                return True
        return False

    def _keep(self) -> None:
        draft = self._memory.with_suffix(".draft")
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(msgspec.json.encode(self._pushed))
            os.replace(draft, self._memory)  # noqa: PTH105  # one step
        except OSError as error:
            log.warning("%s cannot be written: %s", self._memory, error)


def _digest(objects: tuple[Object, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode(objects)).hexdigest()
