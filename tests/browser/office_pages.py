"""What tests of the office's pages share: rows of their own, which no other test meets, and the page in a tab of the console."""

import secrets
from typing import Any

from playwright.async_api import FrameLocator, Page, expect

from tests.browser.desk import Desk
from tests.phones.seat import Api


def mark() -> str:
    """Six letters and digits that are in nobody's name."""
    return f"x{secrets.token_hex(3)}"


def number() -> str:
    """A mobile number that nobody of the demo has."""
    return f"137{secrets.randbelow(10**8):08}"


async def customer(api: Api, name: str, phone: str = "", **more: Any) -> Any:
    return await api.post("/api/crm/customers/", {"name": name, "phones": [{"number": phone or number()}], **more})


def framed(desk: Desk, address: str) -> FrameLocator:
    """The page in front, in its tab of the console, whose address began with this."""
    return desk.page.frame_locator(f"iframe[src^='{address}']:not([hidden])")


async def tool(desk: Desk, icon: str) -> None:
    """The button beside the call that has this icon."""
    await desk.at(f".pop-tools button:has(.ti-{icon})").click()


async def ready(page: Page) -> None:
    """Till the page's scripts run."""
    await expect(page.locator("html")).to_have_attribute("data-ready", "1")
