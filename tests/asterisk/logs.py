"""What the parts of a stack say in their logs."""

from pathlib import Path


class Logs:
    """What the parts have written to their logs since this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._from = {path: path.stat().st_size for path in self._paths()}

    def _paths(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def new(self, part: str) -> str:
        """Of one part: "web", "cti", "asterisk/messages" ..."""
        path = self._folder / (part if "/" in part else f"{part}.log")
        with path.open(errors="replace") as file:
            file.seek(self._from.get(path, 0))
            return file.read()

    def whole(self) -> dict[Path, str]:
        return {path: path.read_text(errors="replace") for path in self._paths()}
