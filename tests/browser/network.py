"""The network of a browser, cut and mended: the process of Chromium through which all its sockets go, UDP too, is stopped for a while.

Nobody is told: to the page and to the centre it is a cable that was pulled somewhere between them.
"""

import os
import signal
from pathlib import Path


class Network:
    """Of the browser that has `mark` in its command line. `mend` may be called twice."""

    def __init__(self, mark: str) -> None:
        children: dict[int, list[int]] = {}
        lines: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                pid, parent = int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                lines[pid] = (folder / "cmdline").read_text()
            except OSError:
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(pid)
        ours = [pid for pid, line in lines.items() if mark in line]
        for pid in ours:
            ours += [child for child in children.get(pid, []) if child not in ours]
        self.pids = [pid for pid in ours if "network.mojom.NetworkService" in lines[pid]]
        assert len(self.pids) == 1, f"the browser has {len(self.pids)} network services"

    def cut(self) -> None:
        self._tell(signal.SIGSTOP)

    def mend(self) -> None:
        self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        for pid in self.pids:
            os.kill(pid, what)
