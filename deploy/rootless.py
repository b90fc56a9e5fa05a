"""PostgreSQL refuses to run as root. Where we are root it runs in a user namespace of its own: there it is an ordinary
user, outside the files stay ours, and no account or permission of the machine changes. Where a container forbids
namespaces, it runs as `nobody` with its files in that account's hands.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pwd
from collections.abc import Callable
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_INSIDE = 1000


def die_with_parent() -> None:
    """In a child, before exec: the kernel ends it (SIGKILL) when the supervisor is gone."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, 9)


def _enter_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    if _LIBC.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_INSIDE} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_INSIDE} {gid} 1")


def _become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


@functools.cache
def _namespaces_allowed() -> bool:
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def before_exec(data: Path) -> Callable[[], None]:
    """What PostgreSQL's processes do between fork and exec; `data`, its folder, is made ready for that."""
    if os.geteuid() != 0:
        return die_with_parent
    if _namespaces_allowed():
        step = _enter_namespace
    else:
        step = _become_nobody
        _hand_over(data)

    def prepare() -> None:
        step()
        die_with_parent()  # last: a change of identity clears it

    return prepare


def _hand_over(data: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    for path in (data, *data.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    for folder in (*data.parents, *Path(__file__).resolve().parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)  # to pass through, not to read
