"""`make demo`: the stack with people in it. Simulated agents sign in and take calls, simulated callers arrive at random.

Agents act over the REST interface as a person's screen would; their desk phones, and the callers, are SIPp. Runs until
Ctrl-C (or `make down`) and then takes everything down.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

from deploy import stack
from deploy.layout import REPO, StackError

Json = dict[str, Any]
SCENARIOS = REPO / "deploy" / "sipp"
SOUNDS = REPO / "asterisk" / "sounds" / "zh"
# What the parties say: prompts, as no other speech of ours is there. The line is heard on recordings.
AGENT_SAYS = ("welcome-shopping", "order-status-none")
CALLER_SAYS = ("menu-main",)
# How often which number is called, and which key is pressed there.
NUMBERS = {"menu": 5, "direct": 3, "english": 1, "vip": 1, "tv1": 2, "tv2": 2, "tv3": 1}
KEYS = {"1": 5, "0": 3, "3": 2, "2": 1}
CALLS_AN_AGENT = 40.0  # seconds between two calls, for one agent: a little more than they can do, so that some wait
REGISTERED = 3000.0  # seconds the phones serve before they register again
AREAS = ("138", "139", "135", "136", "137", "158", "159", "186", "188", "150")


class Demo:
    """The people of one stack. `folder` takes SIPp's files."""

    def __init__(self, described: Json, folder: Path, seed: int | None) -> None:
        self.stack = described
        self.state = Path(described["state"])
        self.folder = folder
        self.dice = random.Random(seed)  # noqa: S311
        self.agents = [login for login in described["logins"] if login["role"] == "agent" and login["extension"]]
        self.lead = next(login for login in described["logins"] if login["role"] == "lead")
        self.server = f"{described['sip']['host']}:{described['sip']['port']}"
        self.seats: Counter[str] = Counter()
        self.calls = 0
        self.talking = 0
        self.registered = asyncio.Event()
        self._http = aiohttp.ClientSession(described["web"], timeout=aiohttp.ClientTimeout(total=15))

    async def run(self) -> None:
        """Until it is cancelled, or the stack is gone."""
        for name, said in (("agent", AGENT_SAYS), ("caller", CALLER_SAYS)):
            sounds = [SOUNDS / f"{prompt}.alaw" for prompt in said]
            (self.folder / f"{name}.alaw").write_bytes(b"".join(sound.read_bytes() for sound in sounds if sound.exists()))
        async with self._http, asyncio.TaskGroup() as group:
            group.create_task(self.phones())
            for login in self.agents:
                group.create_task(self.agent(login))
            group.create_task(self.callers())
            group.create_task(self.tell())

    # -- SIPp -------------------------------------------------------------------------------------------------------

    def scenario(self, name: str, **holes: object) -> Path:
        """A scenario with its holes filled, in a file of its own."""
        text = (SCENARIOS / f"{name}.xml").read_text()
        for hole, value in holes.items():
            text = text.replace(f"@{hole}@", str(value))
        descriptor, path = tempfile.mkstemp(dir=self.folder, prefix=name, suffix=".xml")
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        return Path(path)

    async def sipp(self, scenario: Path, port: int, *options: str) -> int:
        """One SIPp process from start to end; its exit status. A cancelled one is ended."""
        process = await asyncio.create_subprocess_exec(
            "sipp",
            *(self.server, "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1"),
            *("-nostdin", *options),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb", "CC_STACK": str(self.state)},  # the mark: `down` ends them too
        )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            scenario.unlink()

    async def phones(self) -> None:
        """All desk phones in one process. They are called back at the port they registered from, as if behind a NAT, so
        registering and serving take turns there."""
        port = free_port()
        rows = [f"{x['extension']};[authentication username={x['extension']} password={x['sip_password']}]" for x in self.agents]
        (self.folder / "phones.csv").write_text("\n".join(["SEQUENTIAL", *rows]) + "\n")
        limits = ("-inf", "phones.csv", "-m", str(len(rows)), "-r", "50", "-timeout", "20", "-timeout_error")
        while True:
            while await self.sipp(self.scenario("register"), port, *limits) != 0:
                await asyncio.sleep(1)  # the accounts come with the CTI server
            self.registered.set()
            serving = self.sipp(
                self.scenario("phones", RING=2500, VOICE=self.folder / "agent.alaw"), port, "-mp", str(free_port(200))
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(serving, REGISTERED)

    # -- agents -----------------------------------------------------------------------------------------------------

    async def ask(self, login: Json, method: str, path: str, **body: Any) -> Json:
        """One request as `login`; {} when it is refused or nobody answers."""
        headers = {"Authorization": f"Token {login['token']}"}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with self._http.request(method, path, headers=headers, json=body if method == "POST" else None) as answer:
                if answer.status < 300:
                    return dict(await answer.json())
        return {}

    async def agent(self, login: Json) -> None:
        """A working day: sign in, take calls, finish the notes after each, sometimes a break."""
        await self.registered.wait()
        await asyncio.sleep(self.dice.uniform(0, 3))
        was = ""
        while True:
            state = (await self.ask(login, "GET", "/api/seat/")).get("state", "")
            self.seats[was] -= 1
            self.seats[state] += 1
            was = state
            if state == "LOGGED_OUT":
                await self.ask(login, "POST", "/api/seat/sign-in/", phone="desk", ready=True)
            elif state == "WRAP_UP":
                await asyncio.sleep(self.dice.uniform(3, 12))
                if self.dice.random() < 0.05:
                    await self.ask(login, "POST", "/api/seat/not-ready/", reason="break")
                    await asyncio.sleep(self.dice.uniform(10, 30))
                await self.ask(login, "POST", "/api/seat/ready/")
            elif state == "NOT_READY":
                await asyncio.sleep(self.dice.uniform(2, 6))
                await self.ask(login, "POST", "/api/seat/ready/")
            await asyncio.sleep(self.dice.uniform(1.5, 2.5))

    # -- callers ----------------------------------------------------------------------------------------------------

    async def callers(self) -> None:
        """Callers one by one, at random, a little more than the agents can serve."""
        await self.registered.wait()
        async with asyncio.TaskGroup() as group:
            while True:
                if self.talking < 3 * len(self.agents) + 5:
                    group.create_task(self.caller())
                await asyncio.sleep(min(20, self.dice.expovariate(max(1, len(self.agents)) / CALLS_AN_AGENT)))

    async def caller(self) -> None:
        """One call."""
        self.calls += 1
        self.talking += 1
        wanted = {name: weight for name, weight in NUMBERS.items() if name in self.stack["numbers"]}
        (name,) = self.dice.choices(list(wanted), list(wanted.values()))
        (key,) = self.dice.choices(list(KEYS), list(KEYS.values()))
        # a few thousand people: some call again
        ani = f"{self.dice.choice(AREAS)}{self.dice.randrange(3000) * 7919 % 100_000_000:08}"
        scenario = self.scenario(
            "caller",
            ANI=ani,
            KEY=key,
            LISTEN=self.dice.randrange(5000, 14000),
            STAY=int(1000 * min(180, 8 + self.dice.expovariate(1 / 40))),
            VOICE=self.folder / "caller.alaw",
        )
        try:
            await self.sipp(scenario, free_port(), "-s", self.stack["numbers"][name], "-m", "1", "-mp", str(free_port(4)))
        finally:
            self.talking -= 1

    async def tell(self) -> None:
        """A line now and then; ends everything when the stack was taken down elsewhere."""
        while True:
            await asyncio.sleep(10)
            if not await asyncio.to_thread(lambda: stack.status(self.state)["parts"]):
                raise StackError("the stack was taken down")
            seats = ", ".join(f"{count} {state}" for state, count in sorted(self.seats.items()) if count > 0 and state)
            print(f"{self.calls} calls so far, {self.talking} now; seats: {seats or 'not signed in yet'}", flush=True)


def free_port(width: int = 1) -> int:
    """A local UDP port with the next `width` - 1 free too, above what the system hands out by itself."""
    for _ in range(200):
        first = random.randrange(61000, 65400 - width, 2)  # noqa: S311
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(first, first + width):
                held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
            return first
    raise StackError("no free UDP ports between 61000 and 65400 for the simulated phones")


def welcome(described: Json) -> str:
    """Where to look, and with which logins."""
    web, sip = described["web"], described["sip"]
    shown = [login for login in described["logins"] if login["role"] != "agent"][:3]
    shown += [login for login in described["logins"] if login["role"] == "agent"][:2]
    logins = "\n".join(f"    {x['username']:<14} {x['password']:<24} {x['role']} {x['extension']}" for x in shown)
    numbers = described["numbers"]
    return f"""
The call centre runs. / 呼叫中心已启动。

  agent's console   {web}/
  team lead's page  {web}/lead/
  customers         {web}/crm/customers/
  orders            {web}/orders/
  REST interface    {web}/api/docs/
  logins (all of them, and the seats' SIP passwords, are in {described["state"]}/stack.json)
{logins}
  call in yourself  any SIP phone on this machine, without an account:
                    sip:{numbers.get("menu", "")}@{sip["host"]}:{sip["port"]}  (menu)
                    sip:{numbers.get("direct", "")}@{sip["host"]}:{sip["port"]}  (straight to a queue)

Simulated agents and callers are at work. Ctrl-C ends everything.
"""


async def play(described: Json, seed: int | None) -> None:
    """The people, until a signal comes or the stack is gone."""
    loop = asyncio.get_running_loop()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it wonders about SIPps that Ctrl-C has ended too
    folder = Path(tempfile.mkdtemp(prefix="people-", dir=Path(described["state"]) / "run"))
    task = asyncio.create_task(Demo(described, folder, seed).run())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await task
            except* StackError as errors:
                print(f"ccenter: {errors.exceptions[0]}", file=sys.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--state", type=Path, default=REPO / ".stack")
    parser.add_argument("--ports", type=int, default=8000, metavar="BASE")
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--seed", type=int, help="the same people in the same order")
    given = parser.parse_args(arguments)
    try:
        described = stack.up(given.state, given.ports, given.agents, say=lambda line: print(line, flush=True))
        print(welcome(described), flush=True)
        try:
            asyncio.run(play(described, given.seed))
        finally:
            print("taking everything down", flush=True)
            stack.down(given.state)
    except StackError as error:
        print(f"ccenter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
