"""The TV spot of the benchmark (tests/load/surge.py), small: more callers than lines, and the CTI server dies in the middle."""

from pathlib import Path

from tests.asterisk.conftest import Stack
from tests.load import surge

SPOT = surge.Spot(
    calls=60,
    seconds=6,
    lines=8,
    kept=1,
    agents=6,
    withheld=3,
    patience=9,
    talk=(1.0, 3.0),
    back=(0.2, 0.5),
    ring=1.0,
    retries=(1.0, 1.0),
    kill_at=2.0,
    within=150,
)


async def test_given_more_callers_than_lines_when_the_core_is_killed_then_each_is_served_or_called_back_and_nobody_twice(
    nobody_is_owed: None, stack: Stack, tmp_path: Path
) -> None:
    found = await surge.play(stack, SPOT, tmp_path)
    assert found["settled"], found
    assert found["faults"] == {} and found["failed_calls"] == {}, found
    assert found["lost"] == found["doubled"] == found["open"] == 0
    assert found["calls"] == found["answered"] + found["refused"] == SPOT.calls
    assert found["refused"] > 0 < found["answered"], "lines were short"
    named = SPOT.calls - found["withheld"]["calls"]
    assert found["served"] + found["callbacks"] == named, found
    assert found["attempts"] >= found["callbacks"]
    assert sum(found["withheld"]["outcomes"].values()) == found["withheld"]["calls"] == SPOT.withheld
