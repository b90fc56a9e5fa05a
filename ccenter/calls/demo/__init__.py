"""Demo data of the centre: a TV-shopping company, and the called numbers the tests use.

`fill` may be called again and again: it adds what is missing and leaves what people changed.
"""

from ccenter.calls.demo.centre import fill
from ccenter.calls.demo.seats import Login, seats

__all__ = ["Login", "fill", "seats"]
