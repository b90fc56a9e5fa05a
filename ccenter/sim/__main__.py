"""`python -m ccenter.sim [SCENARIO.toml ...]`: a table for each scenario, by the core that routes the calls: how many agents are
needed, or what becomes of a TV spot."""

import argparse
import json
import sys
from pathlib import Path

import msgspec

from ccenter.sim import spot_table
from ccenter.sim.scenario import FOLDER, Range, Scenario, load
from ccenter.sim.spot import outcomes, without
from ccenter.sim.staffing import Plan, plan
from ccenter.sim.table import LANGUAGES, text


def find(name: str) -> Path:
    """A file, or the name of one in scenarios/."""
    path = Path(name)
    return path if path.suffix == ".toml" and path.exists() else FOLDER / f"{path.name.removesuffix('.toml')}.toml"


def agents(text: str) -> Range:
    """ "40-70" or "40-70/5"."""
    numbers, _, step = text.partition("/")
    least, _, most = numbers.partition("-")
    try:
        chosen = Range(int(least), int(most or least), int(step or 1))
    except ValueError:
        chosen = Range(0, 0)
    if not (1 <= chosen.least <= chosen.most and chosen.step >= 1):
        raise argparse.ArgumentTypeError(f"not like 40-70 or 40-70/5: {text}")
    return chosen


def as_json(found: Plan) -> str:
    days = {
        number: {
            "service_level": round(day.service_level, 4),
            "asa": round(day.asa, 2),
            "abandon_rate": round(day.abandon_rate, 4),
            "occupancy": round(day.occupancy, 4),
            "longest_wait": round(day.longest, 1),
            "offered": day.offered,
            "blocked": day.blocked,
            "trunks": day.busiest_trunks,
        }
        for number, day in found.days.items()
    }
    return json.dumps({"recommended": found.recommended, "heads": found.heads, "erlang_c": found.erlang_c, "agents": days})


def tell(scenario: Scenario, language: str, *, as_figures: bool) -> str:
    """The scenario's table, or one line of JSON."""
    if scenario.callbacks is None:
        found = plan(scenario)
        return as_json(found) + "\n" if as_figures else text(found, language)
    spots = outcomes(scenario)
    alone = {agents: without(scenario, agents) for agents in spots}
    if not as_figures:
        return spot_table.text(scenario, spots, alone, language)
    figures = {
        agents: {
            **msgspec.structs.asdict(spot),
            "machine_seconds": round(spot.line_time, 1),
            "waits": round(spot.median_wait, 1),
            "kept": round(spot.kept, 4),
            "orders_without": alone[agents].orders,
        }
        for agents, spot in spots.items()
    }
    return json.dumps({"agents": figures}) + "\n"


def main(arguments: list[str]) -> int:
    known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
    parser = argparse.ArgumentParser("python -m ccenter.sim", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"TOML files, or of: {known} (tv-evening and tv-spot)")
    parser.add_argument("--language", choices=LANGUAGES, default="zh", help="of the table (%(default)s)")
    parser.add_argument("--agents", type=agents, help="numbers to try, as 40-70/5, instead of the scenario's")
    parser.add_argument("--seed", type=int, help="other dice")
    parser.add_argument("--runs", type=int, help="days to play for each number")
    parser.add_argument("--json", action="store_true", help="figures for a program")
    given = parser.parse_args(arguments)
    try:
        scenarios = [load(find(name)) for name in given.scenario or ("tv-evening", "tv-spot")]
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    changes = {name: value for name in ("agents", "seed", "runs") if (value := getattr(given, name)) is not None}
    for number, scenario in enumerate(scenarios):
        told = tell(msgspec.structs.replace(scenario, **changes), given.language, as_figures=given.json)
        sys.stdout.write(("\n" if number and not given.json else "") + told)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
