"""A person at a page in a real browser: signs in, clicks, presses keys, speaks the microphone's tone and hears."""

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.phones import sound
from tests.phones.seat import Api

Json = dict[str, Any]

MICROPHONE = 440  # Hz: what every page of the browser says; the other parties' tones are all above
EAR = (Path(__file__).parent / "ear.js").read_text()
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
]
expect.set_options(timeout=15_000)  # ms: what a busy machine needs
SESSIONS: dict[str, Any] = {}  # the cookies of who has logged in: once is enough, hashing a password is slow on purpose
LANGUAGES = {"zh": ("zh-hans", "zh-CN"), "en": ("en", "en-US")}


def flags(folder: Path) -> list[str]:
    """Chromium's arguments, with a microphone into which MICROPHONE is spoken for ever."""
    turns = 2 * np.pi * MICROPHONE * np.arange(sound.RATE * 10) / sound.RATE
    spoken = sound.write_wav(folder / "microphone.wav", (np.sin(turns) * sound.LOUD * 32767).astype(np.int16))
    return [*FLAGS, f"--use-file-for-fake-audio-capture={spoken}"]


class Desk:
    """One person's browser window; `page` is the tab in front. `troubles`: what scripts threw, and what the CSP refused."""

    def __init__(self, stack: Json, login: Json, context: BrowserContext, language: str) -> None:
        self.web: str = stack["web"]
        self.login, self.context, self.language = login, context, language
        self.agent: str = login["extension"]
        self.api = Api(stack, login)
        self.troubles: list[str] = []
        self.page: Page

    @classmethod
    async def open(cls, browser: Browser, stack: Json, login: Json, language: str = "zh", path: str = "/") -> "Desk":
        """A window of its own, logged in, with this page; "/" is the console, or where there is no seat the lead's page."""
        context = await browser.new_context(
            viewport={"width": 1366, "height": 768},
            locale=LANGUAGES[language][1],
            timezone_id="Asia/Shanghai",
            color_scheme="light",
        )
        context.set_default_timeout(20_000)
        await context.grant_permissions(["microphone", "notifications"], origin=stack["web"])
        await context.add_init_script(EAR)
        made = cls(stack, login, context, language)
        await made.speak(language)
        who = login["username"]
        await context.add_cookies(SESSIONS.get(who, []))
        await made.tab()
        await made.page.goto(f"{made.web}{path}")
        if "/login/" in made.page.url:
            await made.page.fill("[name=username]", who)
            await made.page.fill("[name=password]", login["password"])
            await made.page.press("[name=password]", "Enter")
            await made.page.wait_for_url(lambda url: "/login/" not in url)
            SESSIONS[who] = [cookie for cookie in await context.cookies() if cookie["name"] in ("sessionid", "csrftoken")]
        return made

    async def speak(self, language: str) -> None:
        """Pages opened from here on are in this language."""
        self.language = language
        cookie = {"name": "django_language", "value": LANGUAGES[language][0], "url": self.web}
        await self.context.add_cookies([cookie])  # type: ignore[list-item]

    async def tab(self) -> Page:
        """Another tab, in front from here on."""
        self.page = await self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(f"{error}"))
        self.page.on("console", lambda said: self.troubles.append(said.text) if "Content Security Policy" in said.text else None)
        return self.page

    async def loaded(self) -> None:
        await self.page.wait_for_selector("html[data-ready]")

    async def sign_in(self, ready: bool = True) -> "Desk":
        """With the browser as the phone, by mouse."""
        await self.loaded()
        await self.page.click("[data-kind=browser]")
        await self.page.click("#sign-in" if ready else ".sign-in .form-foot button:not(#sign-in)")
        await self.state("READY" if ready else "NOT_READY")
        await self.line("online")
        return self

    async def close(self) -> None:
        """Signs out, as far as it is signed in, and closes the window."""
        await self.context.close()
        await self.api.raw("POST", "/api/seat/sign-out/", {})
        await self.api.close()

    # -- looking --------------------------------------------------------------------------------------------------

    def at(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def key_of(self, key: str) -> Locator:
        """The call bar's button with this key on it, whatever the language."""
        return self.at(f"#call button:has(kbd:text-is('{key}'))")

    async def state(self, state: str, timeout: float = 15.0) -> None:
        """Till the seat is shown in this state."""
        await expect(self.at("#states")).to_have_attribute("data-state", state, timeout=timeout * 1000)

    async def line(self, line: str) -> None:
        await expect(self.at("#line-lamp")).to_have_attribute("data-line", line)

    async def shows(self, selector: str, text: str | re.Pattern[str], timeout: float = 15.0) -> None:
        await expect(self.at(selector)).to_contain_text(text, timeout=timeout * 1000)

    async def told(self, text: str) -> None:
        """Till a toast said it; it may be gone again."""
        assert await self.page.evaluate("([text, patience]) => ear.told(text, patience)", [text, 20_000]), f"nobody said {text}"

    async def picture(self, folder: Path, name: str) -> None:
        """A screenshot, named by the language too."""
        await self.page.screenshot(path=folder / f"{name}-{self.language}.png", animations="disabled")

    async def dark(self, on: bool) -> None:
        """The dark colours, or the light ones."""
        await self.page.emulate_media(color_scheme="dark" if on else "light")
        await expect(self.at("html")).to_have_attribute("data-bs-theme", "dark" if on else "light")

    # -- doing ----------------------------------------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def rings(self) -> None:
        """Till the call is shown and can be answered."""
        await expect(self.key_of("F2")).to_be_visible()
        await expect(self.key_of("F2")).to_be_enabled()

    async def answer(self) -> None:
        """By mouse."""
        await self.key_of("F2").click()

    async def ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """Status and body of a request as the page would make it: by its session, with its token."""
        status, text = await self.page.evaluate(
            """async ([method, path, body]) => {
                const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] || "";
                const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
                const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
                return [answer.status, await answer.text()];
            }""",
            [method, path, body],
        )
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    # -- hearing --------------------------------------------------------------------------------------------------

    async def hears(self, hz: float, timeout: float = 20.0) -> float:
        """Wait till the tone came for 200 ms without a break; the time when it had, of time.monotonic()."""
        there = await self.page.evaluate("([hz, patience]) => ear.until(hz, true, 200, patience)", [hz, timeout * 1000])
        assert there, f"{self.agent} does not hear {hz} Hz: {await self._sound(hz)}"
        return time.monotonic()

    async def hears_not(self, hz: float, timeout: float = 20.0) -> None:
        """Wait till the tone was away for half a second."""
        gone = await self.page.evaluate("([hz, patience]) => ear.until(hz, false, 500, patience)", [hz, timeout * 1000])
        assert gone, f"{self.agent} hears {hz} Hz: {await self._sound(hz)}"

    async def _sound(self, hz: float) -> str:
        said: str = await self.page.evaluate("async (hz) => `${ear.level(hz)} dB, ${await ear.describe()}`", hz)
        return said
