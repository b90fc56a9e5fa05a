"""The core and the simulator need nothing of the world."""

import subprocess
import sys

import pytest

FORBIDDEN = ("django", "asyncio", "threading", "http", "redis", "socket", "logging", "aiohttp", "psycopg2", "celery")
LOADED = """
import sys
already = set(sys.modules)
import msgspec, zoneinfo, tomllib, argparse  # what they stand on
import {package}
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - already}}))
"""


@pytest.mark.parametrize("package", ["ccenter.acd.machine", "ccenter.sim.centre"])
def test_given_a_fresh_process_when_it_imports_the_core_then_nothing_of_the_world_comes_with_it(package: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED.format(package=package)], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint(FORBIDDEN)


def test_given_the_core_when_imported_then_it_brings_no_dice() -> None:
    code = LOADED.format(package="ccenter.acd.machine")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "random" not in done.stdout.split()
