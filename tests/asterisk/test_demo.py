"""`make demo`: people at work, and nothing left when it is broken off."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy import stack
from deploy.layout import REPO
from tests.stacks import free_base


def test_given_demo_when_it_has_run_a_while_then_agents_talk_and_ctrl_c_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="cc-demo-") as folder:
        state, output = Path(folder) / "s", Path(folder) / "said"
        options = ["--state", str(state), "--ports", str(free_base()), "--agents", "4", "--seed", "1"]
        with output.open("w") as said:
            command = [sys.executable, "-u", "-m", "deploy.demo", *options]
            demo = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, cwd=REPO)
            try:
                deadline = time.monotonic() + 200
                while not re.search(r"[1-9]\d* TALKING", shown := output.read_text()):
                    assert demo.poll() is None, shown
                    assert time.monotonic() < deadline, shown
                    time.sleep(0.2)
            finally:
                demo.send_signal(signal.SIGINT)
                demo.wait(60)
        logins = json.loads((state / "stack.json").read_text())["logins"]
        assert "/api/docs/" in shown
        assert logins[0]["password"] in shown
        assert stack.processes(state) == []
