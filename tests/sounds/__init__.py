"""The prompts. `table` and `alaw` are asterisk/sounds' modules, which is a plain folder and no package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "asterisk" / "sounds"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sounds_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


table = _module("table")
alaw = _module("alaw")
