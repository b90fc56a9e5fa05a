"""Asterisk's configuration: the templates of asterisk/conf filled in for one stack, and its data folder.

A template's holes are written `@@{NAME}`, so that the dialplan's own `${...}` needs no escape.
"""

from __future__ import annotations

import string
from pathlib import Path

from deploy import asterisk, music
from deploy.layout import NODE, REPO, Layout, write_private

TEMPLATES = REPO / "asterisk" / "conf"
SOUNDS = REPO / "asterisk" / "sounds"
LANGUAGES = ("zh", "en")
CARD_FILES = ("chan_dahdi.conf", "ss7.conf")  # only where an E1 card is
NOT_ASTERISK = ("system.conf",)  # for /etc/dahdi


class _Template(string.Template):
    delimiter = "@@"


def fill(text: str, values: dict[str, str]) -> str:
    """`text` with every hole filled. Raises KeyError for a hole without a value."""
    return _Template(text).substitute(values)


def render(layout: Layout) -> None:
    """Writes STATE/etc and STATE/data. Safe to repeat: an uploaded prompt in STATE/data is kept."""
    root = asterisk.find()
    card = Path("/dev/dahdi").exists()
    passwords = layout.passwords
    home = layout.state / "asterisk"
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
        "TRUNK_PORT": str(layout.base + 7),
        "HTTP_PORT": str(layout.http_port),
        "AMI_PORT": str(layout.ami_port),
        "AGI_PORT": str(layout.agi_port),
        "RTP_FIRST": str(layout.rtp_ports[0]),
        "RTP_LAST": str(layout.rtp_ports[1]),
        "UDPTL_FIRST": str(layout.base + 10),
        "UDPTL_LAST": str(layout.base + 99),
        "ICE": "",
        "ARI_PASSWORD": passwords["ari"],
        "AMI_PASSWORD": passwords["ami"],
        "BENCH_PASSWORD": passwords["bench"],
        "CALLBACKS": str(layout.state / "spool" / "lastresort.csv"),
        "DAHDI": "load = chan_dahdi.so" if card else "; none here",
    }
    for folder in ("lib", "spool", "spool/monitor", "spool/recording", "spool/tmp", "lib/agi-bin", "lib/cache", "lib/keys"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (layout.log / "asterisk").mkdir(exist_ok=True)
    layout.etc.chmod(0o700)
    for template in sorted(TEMPLATES.glob("*.conf")):
        if template.name not in (NOT_ASTERISK if card else (*NOT_ASTERISK, *CARD_FILES)):
            write_private(layout.etc / template.name, fill(template.read_text(), values))
    _link_data(layout.state / "data", root.data)


def _link_data(data: Path, shared: Path) -> None:
    """Asterisk's shared data by link, our prompts by link one by one: an upload takes the place of its link."""
    for name in ("documentation", "rest-api"):
        _link(data / name, shared / name)
    for language in LANGUAGES:
        folder = data / "sounds" / language / "cc"
        folder.mkdir(parents=True, exist_ok=True)
        for stale in [file for file in folder.iterdir() if file.is_symlink() and not file.exists()]:
            stale.unlink()
        for prompt in (SOUNDS / language).glob("*.alaw"):
            _link(folder / prompt.name, prompt)
    (data / "moh").mkdir(exist_ok=True)
    _link(data / "moh" / "melody.alaw", music.rendered())


def _link(path: Path, target: Path) -> None:
    if path.is_symlink():
        if path.readlink() == target:
            return
        path.unlink()
    elif path.exists():
        return
    path.symlink_to(target)
