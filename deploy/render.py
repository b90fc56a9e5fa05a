"""Asterisk's configuration: the templates of asterisk/conf filled in, and the folder of its data.

A template's holes are written `@@{NAME}`, so that the dialplan's own `${...}` needs no escape. `render` is for a local
stack. `python -m deploy.render ETC` is for an installation with an Asterisk of its own: it fills ETC (/etc/asterisk)
from the environment, see .env.example, and copies the prompts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import string
import struct
import sys
from pathlib import Path
from urllib.parse import urlsplit

from deploy import asterisk, music
from deploy.layout import NODE, REPO, Layout, StackError, write_private

TEMPLATES = REPO / "asterisk" / "conf"
SOUNDS = REPO / "asterisk" / "sounds"
LANGUAGES = ("zh", "en")
CARD_FILES = ("chan_dahdi.conf", "ss7.conf")  # only where an E1 card is
LOCAL_FILES = ("pjsip_local.conf", "manager_local.conf")  # only in a local stack
NOT_ASTERISK = ("system.conf",)  # for /etc/dahdi


class _Template(string.Template):
    delimiter = "@@"


def fill(text: str, values: dict[str, str]) -> str:
    """`text` with every hole filled. Raises KeyError for a hole without a value."""
    return _Template(text).substitute(values)


def render(layout: Layout) -> None:
    """Writes STATE/etc and STATE/data. Safe to repeat: an uploaded prompt in STATE/data is kept."""
    root = asterisk.find()
    passwords = layout.passwords
    home = layout.state / "asterisk"
    for folder in ("lib", "spool/monitor", "spool/tmp", "lib/agi-bin", "lib/cache", "lib/keys"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    _put(home / "spool/recording", layout.state / "recordings", copy=False)  # where Asterisk puts messages: beside the recordings
    (layout.log / "asterisk").mkdir(exist_ok=True)
    layout.etc.chmod(0o700)
    values = {
        "ETC": str(layout.etc),
        "MODULES": str(root.modules),
        "VARLIB": str(home / "lib"),
        "DATA": str(layout.state / "data"),
        "SPOOL": str(home / "spool"),
        "RUN": str(layout.run),
        "LOG": str(layout.log / "asterisk"),
        "NODE": NODE,
        "SIP_BIND": f"127.0.0.1:{layout.sip_port}",
        "TRUNK_PORT": str(layout.trunk_port),
        "HTTP_PORT": str(layout.http_port),
        "AMI_PORT": str(layout.ami_port),
        "AGI_PORT": str(layout.agi_port),
        "RTP_FIRST": str(layout.rtp_ports[0]),
        "RTP_LAST": str(layout.rtp_ports[1]),
        "UDPTL_FIRST": str(layout.base + 10),
        "UDPTL_LAST": str(layout.base + 99),
        "ARI_PASSWORD": passwords["ari"],
        "AMI_PASSWORD": passwords["ami"],
        "BENCH_PASSWORD": passwords["bench"],
        "CALLBACKS": str(layout.state / "spool" / "lastresort.csv"),
        "ICE": "\n".join(f"{own} => 127.0.0.1,include_local_address" for own in addresses()[:1]),
    }
    _write(layout.etc, values, local=True)
    _link_data(layout.state / "data", root.data)


def install(etc: Path, environment: dict[str, str]) -> None:
    """The configuration of an Asterisk that systemd or a container runs: `etc`, and prompts in CC_STATE/data.

    Raises StackError for a variable that is missing.
    """
    try:
        state = Path(environment["CC_STATE"])
        values = {
            "ETC": str(etc),
            "MODULES": environment.get("CC_ASTERISK_MODULES") or str(asterisk.find().modules),
            "VARLIB": "/var/lib/asterisk",
            "DATA": str(state / "data"),
            "SPOOL": "/var/spool/asterisk",
            "RUN": "/var/run/asterisk",
            "LOG": "/var/log/asterisk",
            "NODE": environment["CC_NODE"],
            "SIP_BIND": f"{environment.get('CC_SIP_BIND', '0.0.0.0')}:{environment['CC_SIP_PORT']}",  # noqa: S104
            "HTTP_PORT": str(urlsplit(environment["CC_ARI_URL"]).port),
            "AMI_PORT": environment.get("CC_AMI_PORT", "5038"),
            "AGI_PORT": environment["CC_AGI_PORT"],
            "RTP_FIRST": environment.get("CC_RTP_FIRST", "10000"),
            "RTP_LAST": environment.get("CC_RTP_LAST", "19999"),
            "UDPTL_FIRST": environment.get("CC_UDPTL_FIRST", "4000"),
            "UDPTL_LAST": environment.get("CC_UDPTL_LAST", "4499"),
            "ARI_PASSWORD": environment["CC_ARI_PASSWORD"],
            "AMI_PASSWORD": environment["CC_AMI_PASSWORD"],
            "CALLBACKS": str(state / "spool" / "lastresort.csv"),
            "ICE": _seen(environment.get("CC_MEDIA_ADDRESSES", "")),
        }
    except KeyError as missing:
        raise StackError(f"{missing.args[0]} is not set: see .env.example") from None
    etc.mkdir(parents=True, exist_ok=True)
    _write(etc, values, local=False)
    shared = Path(environment.get("CC_ASTERISK_DATA", "/usr/share/asterisk"))
    _link_data(state / "data", shared, copy=True)


def addresses() -> list[str]:
    """This machine's IPv4 addresses but the loopback's, one for each interface that is up."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode())
            try:
                answer = fcntl.ioctl(probe, 0x8915, request)  # SIOCGIFADDR: the sockaddr_in stands after the name
            except OSError:  # has none
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in found if not address.startswith("127.")]


def _seen(pairs: str) -> str:
    """ "10.0.0.5=203.0.113.7,..." as lines of rtp.conf. Raises StackError for what is none."""
    lines = []
    for pair in filter(None, (piece.strip() for piece in pairs.split(","))):
        own, _, seen = pair.partition("=")
        try:
            lines += [f"{socket.inet_ntoa(socket.inet_aton(own))} => {socket.inet_ntoa(socket.inet_aton(seen))}"]
        except OSError:
            raise StackError(f"CC_MEDIA_ADDRESSES: {pair} is not own=seen") from None
    return "\n".join(lines)


def _write(etc: Path, values: dict[str, str], *, local: bool) -> None:
    card = Path("/dev/dahdi").exists()
    values = {
        **values,
        "DAHDI": "load = chan_dahdi.so" if card else "; none here",
        "LOCAL_TRUNK": "#include pjsip_local.conf" if local else "; trunks come from the database",
        "LOCAL_MANAGER": "#include manager_local.conf" if local else "",
    }
    left_out = NOT_ASTERISK + (() if card else CARD_FILES) + (() if local else LOCAL_FILES)
    for template in sorted(TEMPLATES.glob("*.conf")):
        if template.name not in left_out:
            write_private(etc / template.name, fill(template.read_text(), values))


def _link_data(data: Path, shared: Path, *, copy: bool = False) -> None:
    """Asterisk's shared data by link; our prompts one by one, so that an upload takes the place of one.

    `copy`: prompts as files, for an Asterisk that does not see this folder; what is there is kept.
    """
    for language in LANGUAGES:
        folder = data / "sounds" / language / "cc"
        folder.mkdir(parents=True, exist_ok=True)
        for stale in [file for file in folder.iterdir() if file.is_symlink() and not file.exists()]:
            stale.unlink()
        for prompt in (SOUNDS / language).glob("*.alaw"):
            _put(folder / prompt.name, prompt, copy)
        _put(folder.parent / "beep.alaw", SOUNDS / language / "voicemail-beep.alaw", copy)  # Asterisk's own name for it
    (data / "moh").mkdir(exist_ok=True)
    _put(data / "moh" / "melody.alaw", music.rendered(), copy)
    for name in ("documentation", "rest-api"):
        _put(data / name, shared / name, False)


def _put(path: Path, source: Path, copy: bool) -> None:
    if path.is_symlink():
        if path.readlink() == source:
            return
        path.unlink()
    elif path.exists():
        return
    if copy:
        shutil.copyfile(source, path)
    else:
        path.symlink_to(source)


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), dict(os.environ))
    except StackError as error:
        sys.exit(f"ccenter: {error}")
