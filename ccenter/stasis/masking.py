"""Log lines without telephone numbers: what stands in a log is read by more people than a call's record."""

import logging
import re

# Seven digits or more, unless they are part of an id ("ast1-1700000000.12", a UUID) or of a decimal fraction.
_NUMBER = re.compile(r"(?<![\w.-])(\+?\d{2})\d{3,}(\d{2})(?![\w-]|\.\d)")


def mask(text: str) -> str:
    """ "+8613800138000" -> "+86***00"."""
    return _NUMBER.sub(r"\1***\2", text)


class MaskingFormatter(logging.Formatter):
    """Masks the whole line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def log_to_stderr() -> None:
    """The log of a server process: times, names, levels, no numbers."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
