"""`python -m ccenter.sim [SCENARIO.toml]`: a staffing table for a scenario, with the core that routes the calls."""

import argparse
import json
import sys
from pathlib import Path

import msgspec

from ccenter.sim.scenario import FOLDER, Range, load
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


def main(arguments: list[str]) -> int:
    known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
    parser = argparse.ArgumentParser("python -m ccenter.sim", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="tv-evening", help=f"a TOML file, or one of: {known} (%(default)s)")
    parser.add_argument("--language", choices=LANGUAGES, default="zh", help="of the table (%(default)s)")
    parser.add_argument("--agents", type=agents, help="numbers to try, as 40-70/5, instead of the scenario's")
    parser.add_argument("--seed", type=int, help="other dice")
    parser.add_argument("--runs", type=int, help="days to play for each number")
    parser.add_argument("--json", action="store_true", help="figures for a program")
    given = parser.parse_args(arguments)
    try:
        scenario = load(find(given.scenario))
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    changes = {name: value for name in ("agents", "seed", "runs") if (value := getattr(given, name)) is not None}
    found = plan(msgspec.structs.replace(scenario, **changes))
    sys.stdout.write(as_json(found) + "\n" if given.json else text(found, given.language))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
