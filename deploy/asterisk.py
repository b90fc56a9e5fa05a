"""Which Asterisk this machine has: the distribution's from version 20 on, else the unpacked suite in the cache folder."""

from __future__ import annotations

import functools
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.layout import CACHE, StackError

OLDEST = 20
UNPACKED = CACHE / "asterisk"  # deploy/setup.sh puts it there


@dataclass(frozen=True)
class Asterisk:
    """`command` starts it; `modules` and `data` are folders of the package, shared by all stacks."""

    command: tuple[str, ...]
    modules: Path
    data: Path


@functools.cache
def find() -> Asterisk:
    """The Asterisk to use. Raises StackError when set-up has not put one here."""
    multiarch = f"{platform.machine()}-linux-gnu"
    system = Path("/usr/sbin/asterisk")
    if system.exists() and (major_version((str(system),)) or 0) >= OLDEST:
        return Asterisk((str(system),), _modules(Path("/usr/lib"), multiarch), Path("/usr/share/asterisk"))
    if (UNPACKED / "usr/sbin/asterisk").exists():
        return Asterisk(unpacked_command(UNPACKED), _modules(UNPACKED / "usr/lib", multiarch), UNPACKED / "usr/share/asterisk")
    raise StackError("there is no Asterisk here yet: run `make setup`")


def unpacked_command(root: Path) -> tuple[str, ...]:
    """How to run the Asterisk of an unpacked suite in place: through the suite's own loader, without chroot or root."""
    loaders = sorted((*root.glob("usr/lib64/ld-linux*"), *root.glob("usr/lib/ld-linux*")))
    if not loaders:
        raise StackError(f"{root} is incomplete: remove it and run `make setup` again")
    libraries = root / "usr/lib" / f"{platform.machine()}-linux-gnu"
    return (str(loaders[0]), "--library-path", str(libraries), str(root / "usr/sbin/asterisk"))


def major_version(command: tuple[str, ...]) -> int | None:
    """22 for `Asterisk 22.10.1...`; None when the program doesn't say."""
    shown = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"Asterisk (\d+)", shown)
    return int(match[1]) if match else None


def _modules(library: Path, multiarch: str) -> Path:
    for folder in (library / multiarch / "asterisk/modules", library / "asterisk/modules"):
        if folder.is_dir():
            return folder
    raise StackError(f"no Asterisk modules under {library}: install the package asterisk-modules")
