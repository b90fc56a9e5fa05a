"""A real Chromium on a whole stack, one at a time, and callers at real SIP phones (the cast of tests/asterisk).

CC_TEST_STACK=DIR uses a stack that runs already. CC_TEST_PICTURES=DIR keeps the screenshots there; else they are in pytest's
temporary folder. CC_CHROMIUM names another browser than the one of the system.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.asterisk.conftest import (  # noqa: F401
    Stack,
    ari,
    callers,
    carol,
    lead,
    ledger,
    logins,
    no_leaks,
    nobody_is_owed,
    pstn,
    pytest_runtest_makereport,
    rules,
    seats,
    sip,
    stack,
    standing,
)
from tests.browser.desk import Desk, flags
from tests.browser.network import Network

MakeDesk = Callable[..., Awaitable[Desk]]
PLACES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("CC_CHROMIUM") or next((path for name in PLACES if (path := shutil.which(name))), None)
    assert found, "no Chromium: deploy/setup.sh tests installs it"
    return found


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of this run's screenshots."""
    given = os.environ.get("CC_TEST_PICTURES")
    folder = Path(given) if given else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    print(f"screenshots: {folder}")


@pytest.fixture
async def browser(no_leaks: None, chromium: str, tmp_path: Path) -> AsyncIterator[Browser]:  # noqa: F811
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=chromium, args=flags(tmp_path))
        yield made
        await made.close()


@pytest.fixture
def network(browser: Browser, tmp_path: Path) -> Iterator[Network]:
    """That of the browser; whole again at the end."""
    made = Network(str(tmp_path))
    yield made
    made.mend()


@pytest.fixture
async def desks(browser: Browser, stack: Stack) -> AsyncIterator[MakeDesk]:  # noqa: F811
    """`await desks("a1002")`: that login in a window of its own. At the end no page may have thrown anything."""
    opened: list[Desk] = []

    async def desk(username: str, language: str = "zh", path: str = "/") -> Desk:
        login: dict[str, Any] = next(one for one in stack["logins"] if one["username"] == username)
        made = await Desk.open(browser, stack, login, language, path)
        opened.append(made)
        return made

    yield desk
    for made in opened:
        await made.close()
    assert not [trouble for made in opened for trouble in made.troubles]


@pytest.fixture
async def alice(desks: MakeDesk) -> Desk:
    """At a console, signed in with the browser's phone and ready."""
    return await (await desks("a1001")).sign_in()
