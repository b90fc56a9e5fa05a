"""`make demo`: people at work, and nothing left when it is broken off."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy import stack
from deploy.layout import REPO
from tests.stacks import FIRST_BASE, PORTS, RANGES


def test_given_demo_when_it_has_run_a_while_then_agents_talk_and_ctrl_c_leaves_nothing() -> None:
    base = FIRST_BASE + PORTS * ((os.getpid() + 5) % RANGES)
    with tempfile.TemporaryDirectory(prefix="cc-demo-") as folder:
        state = Path(folder) / "s"
        options = ["--state", str(state), "--ports", str(base), "--agents", "4", "--seed", "1"]
        command = [sys.executable, "-u", "-m", "deploy.demo", *options]
        with (Path(folder) / "said").open("w+") as said:
            demo = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, cwd=REPO)
            try:
                deadline = time.monotonic() + 150
                shown = ""
                while not re.search(r"[1-9]\d* TALKING", shown):
                    assert demo.poll() is None, shown
                    assert time.monotonic() < deadline, shown
                    time.sleep(0.2)
                    shown = (Path(folder) / "said").read_text()
            finally:
                demo.send_signal(signal.SIGINT)
                demo.wait(60)
        logins = json.loads((state / "stack.json").read_text())["logins"]
        assert "/api/docs/" in shown
        assert logins[0]["password"] in shown
        assert stack.processes(state) == []
