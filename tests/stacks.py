"""Stacks for tests: each in a folder and a range of ports of its own, so that runs do not meet."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deploy import stack
from deploy.layout import Layout, StackError

FIRST_BASE, PORTS, RANGES = 10100, 2100, 10  # all below the ports the system hands out by itself


def start(state: Path, agents: int = 0, only: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Bring a stack up on the first free range; what stack.json holds. StackError when there is none."""
    for turn in range(RANGES):
        base = FIRST_BASE + PORTS * ((os.getpid() + turn) % RANGES)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # the supervisor outlives the call that starts it
                return stack.up(state, base, agents, only)
        except StackError as error:
            if "is taken" not in str(error):
                raise
    raise StackError("no free range of ports for a test stack: take other stacks down")


def free_base() -> int:
    """The first port of a range that is free now. StackError when there is none."""
    for turn in range(RANGES):
        base = FIRST_BASE + PORTS * ((os.getpid() + turn) % RANGES)
        with suppress(StackError):
            stack.check_ports(Layout(Path("/nowhere"), base))
            return base
    raise StackError("no free range of ports for a test stack: take other stacks down")


@contextmanager
def running(name: str, agents: int = 0, only: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
    """A stack for the time of the block. CC_TEST_KEEP=1 leaves its folder (logs, recordings) behind."""
    state = Path(tempfile.mkdtemp(prefix=f"cc-{name}-"))
    try:
        yield start(state, agents, only)
    finally:
        stack.down(state)
        if os.environ.get("CC_TEST_KEEP") == "1":
            print(f"kept: {state}")
        else:
            shutil.rmtree(state, ignore_errors=True)
