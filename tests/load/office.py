"""Lists, searches, order entry and an import among a million customers and three million orders, over HTTP.

    python -m tests.load.office --state DIR [--only lists,entry,form,import] [--customers N] [--orders N] [--rows N]

DIR is a running stack with at least 60 seats (`python -m deploy.stack up --state DIR --agents 64 --only
postgres,valkey,migrate,seed,web,worker`); what is missing of the rows is made first, and stays. One JSON line for each
measure, times in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import html
import io
import json
import os
import random
import re
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.load import orders, people

Json = dict[str, Any]
Taking = Callable[..., Awaitable[None]]  # office, who, dice, customer, times
ROUNDS = 40  # of each address
AGENTS, SECONDS, AN_ORDER_TAKES = 60, 60.0, 25.0  # each agent takes orders without a pause
LISTS = (
    "/api/crm/customers/", "/api/crm/customers/?level=vip&ordering=-id", "/api/crm/customers/?city=杭州市", "/api/crm/notes/",
    "/api/crm/tickets/", "/api/crm/records/", "/api/crm/duplicates/", "/api/orders/orders/", "/api/orders/orders/?state=submitted",
    "/api/orders/orders/?state=delivered", "/api/orders/orders/?owing=true", "/api/orders/orders/?city=杭州市",
    "/api/orders/orders/?page_size=200", "/api/orders/payments/", "/api/orders/products/", "/api/orders/stock/",
    "/api/orders/stock-moves/", "/api/orders/reservations/", "/api/orders/points/", "/api/orders/returns/", "/api/orders/invoices/",
    # what few have, or nobody
    "/api/crm/customers/?district=nowhere", "/api/crm/customers/?province=nowhere", "/api/crm/customers/?language=en",
    "/api/crm/customers/?tag=none", "/api/crm/customers/?owner=a1001", "/api/orders/orders/?city=nowhere",
    "/api/orders/orders/?pay_by=card", "/api/orders/orders/?channel=web", "/api/orders/orders/?carrier=none",
    "/api/orders/orders/?agent=9999", "/api/orders/orders/?taken_by=lead-floor", "/api/orders/orders/?finding=limit",
    "/api/orders/orders/?state=returned", "/api/orders/payments/?kind=refund", "/api/orders/payments/?method=card",
    "/api/orders/payments/?reference=none", "/api/orders/reservations/?ref=300000007",
)  # fmt: skip
PAGES = (
    "/crm/customers/", "/crm/customers/?level=vip", "/crm/duplicates/", "/crm/tickets/", "/crm/records/", "/orders/",
    "/orders/?state=delivered", "/orders/review/", "/orders/dispatch/", "/orders/payments/", "/orders/outstanding/",
    "/orders/products/", "/orders/stock/", "/orders/stock/moves/", "/orders/stock/reservations/", "/orders/points/", "/office/jobs/",
    "/office/audit/",
)  # fmt: skip
FIELDS = ("recipient", "phone", "province", "city", "district", "street")  # of the entry's form, that the customer fills
ASKED = {"lists": 150, "pages": 150, "search": 100, "entry": 100, "form": 100}


def spread(times: Iterable[float], asked: float | None = None) -> Json:
    ordered = sorted(times)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)

    found = {"p50": at(0.5), "p95": at(0.95), "worst": round(ordered[-1] * 1000, 1), "samples": len(ordered)}
    return found if asked is None else {**found, "asked_p95": asked}


def tell(measure: str, **figures: Any) -> None:
    print(json.dumps({"measure": measure, **figures}, ensure_ascii=False), flush=True)


class Office:
    """People at work: `async with Office(state) as office`. A request that is refused ends the run."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.described: Json = json.loads((state / "stack.json").read_text())
        self.agents = [one for one in self.described["logins"] if one["role"] == "agent"]
        self.leads = [one for one in self.described["logins"] if one["role"] == "lead"]
        self.admin = next(one for one in self.described["logins"] if one["role"] == "administrator")

    async def __aenter__(self) -> Office:
        self.http = aiohttp.ClientSession(self.described["web"], timeout=aiohttp.ClientTimeout(total=60))
        self.browsers: list[aiohttp.ClientSession] = []
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.close()
        for browser in self.browsers:
            await browser.close()

    async def ask(self, login: Json, method: str, path: str, body: Any = None, **headers: str) -> tuple[float, Any, str]:
        """(seconds, answer, ETag)."""
        began = time.perf_counter()
        options: Json = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body} if body is not None else {}
        everything = {"Authorization": f"Token {login['token']}", **headers}
        async with self.http.request(method, path, headers=everything, **options) as answer:
            said = await answer.read()
            took = time.perf_counter() - began
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {said[:300].decode()}")
            return took, json.loads(said), answer.headers.get("ETag", "")

    async def may_read(self, login: Json, path: str) -> bool:
        async with self.http.get(path, headers={"Authorization": f"Token {login['token']}"}) as answer:
            return answer.status != 403

    async def browser(self, login: Json) -> aiohttp.ClientSession:
        """One in which this login is signed in; closed with the office."""
        jar = aiohttp.CookieJar(unsafe=True)  # by address, without a name
        found = aiohttp.ClientSession(self.described["web"], cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=60))
        self.browsers.append(found)
        async with found.get("/login/") as page:
            form = {**inputs(await page.text()), "username": login["username"], "password": login["password"]}
        async with found.post("/login/", data=form) as page:
            if page.url.path == "/login/":
                raise RuntimeError("nobody is let in")
        return found

    async def page(self, browser: aiohttp.ClientSession, path: str, form: Json | None = None) -> tuple[float, str]:
        """(seconds, HTML). With a form: as the entry of an order sends it."""
        began = time.perf_counter()
        headers = {} if form is None else {"HX-Request": "true"}
        async with browser.request("GET" if form is None else "POST", path, data=form, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise RuntimeError(f"{path}: {answer.status}")
            return time.perf_counter() - began, text

    def peak(self, part: str) -> float:
        """The most memory that this part of the stack ever had, MB."""
        pid = json.loads((self.state / "run" / "status.json").read_text())["parts"][part]["pid"]
        return int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024


def inputs(page: str) -> dict[str, str]:
    """The fields of a page that have a value; of radio buttons the one that is chosen."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in at and "value" in at and (at.get("type") not in ("radio", "checkbox") or tag.endswith("checked>")):
            found[at["name"]] = html.unescape(at["value"])
    return found


# -- what is measured ------------------------------------------------------------------------------------------


async def lists(office: Office) -> None:
    """Each list and search, one request after the other, by an administrator, a lead and an agent in turn."""
    people_ = [office.admin, office.leads[0], office.agents[0]]
    both: dict[str, list[float]] = defaultdict(list)
    for path in LISTS:
        may = [login for login in people_ if await office.may_read(login, path)]
        times = [(await office.ask(may[n % len(may)], "GET", path))[0] for n in range(ROUNDS)]
        both["lists"] += times
        tell(f"list {path}", **spread(times))
    for text in people.TYPED:
        for path in (f"/api/crm/customers/?search={text}", f"/api/orders/orders/?search={text}", f"/api/desk/search/?q={text}"):
            times = [(await office.ask(people_[n % 3], "GET", path))[0] for n in range(ROUNDS // 2)]
            both["search"] += times
            tell(f"search {path}", **spread(times))
    browser = await office.browser(office.admin)
    for path in PAGES:
        try:
            times = [(await office.page(browser, path))[0] for _round in range(ROUNDS)]
        except RuntimeError as error:
            tell(f"page {path}", error=str(error))
            continue
        both["pages"] += times
        tell(f"page {path}", **spread(times))
    for name, times in both.items():
        tell(name, **spread(times, ASKED[name]))


async def entry(office: Office) -> None:
    """60 agents at once, each taking one order after the other: draft, lines, proposals, address and wishes, submission."""
    await together(office, "entry", {login["username"]: login for login in office.agents[:AGENTS]}, take)


async def forms(office: Office) -> None:
    """The same 60 at the entry's page, as the console sends it: the page, two searches, the form kept four times, submission."""
    browsers = {login["username"]: await office.browser(login) for login in office.agents[:AGENTS]}
    await together(office, "form", browsers, fill_in)


async def together(office: Office, measure: str, agents: Mapping[str, Any], take_one: Taking) -> None:
    times: dict[str, list[float]] = defaultdict(list)
    refused: list[str] = []
    taken = 0
    await stocked(office)
    keys = await customers(office)
    until = time.monotonic() + SECONDS

    async def one(who: Any, dice: random.Random) -> None:
        nonlocal taken
        await asyncio.sleep(dice.uniform(0, AN_ORDER_TAKES))
        while time.monotonic() < until:
            try:
                await take_one(office, who, dice, dice.choice(keys), times)
                taken += 1
            except RuntimeError as error:
                refused.append(str(error))

    async with asyncio.TaskGroup() as tasks:
        for place, who in enumerate(agents.values()):
            tasks.create_task(one(who, random.Random(place)))
    for name, some in times.items():
        tell(f"{measure} {name}", **spread(some))
    everything = [one for some in times.values() for one in some]
    tell(measure, agents=AGENTS, orders=taken, refused=len(refused), why=refused[:3], **spread(everything, ASKED[measure]))


async def take(office: Office, login: Json, dice: random.Random, customer: int, times: dict[str, list[float]]) -> None:
    """One order, as the entry of a console takes it."""

    async def step(name: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[Any, str]:
        await asyncio.sleep(dice.uniform(0.5, 1.5) * AN_ORDER_TAKES / 7)
        took, said, tag = await office.ask(login, method, path, body, **headers)
        times[name].append(took)
        return said, tag

    goods = [{"code": str(dice.randint(1001, 1010)), "quantity": 1}]
    await step("product", "GET", f"/api/orders/products/offers/?text={goods[0]['code']}")
    once = {"Idempotency-Key": str(uuid.uuid4())}
    order, tag = await step("draft", "POST", "/api/orders/orders/", {"customer": customer, "lines": goods}, **once)
    path = f"/api/orders/orders/{order['number']}/"
    goods.append({"code": str(dice.randint(1011, 1020)), "quantity": 1 + dice.randrange(2)})
    _order, tag = await step("lines", "PATCH", path, {"lines": goods}, **{"If-Match": tag})
    offered, _none = await step("proposals", "GET", f"{path}proposals/")
    wishes: Json = {"wish": "请送货前电话联系", "pay_by": "cod", "invoice_kind": "personal", "invoice_title": "个人"}
    if offered["ways"]:
        wishes["method"] = offered["ways"][0]["method"]
    _order, tag = await step("wishes", "PATCH", path, wishes, **{"If-Match": tag})
    await step("submit", "POST", f"{path}submit/", **{"If-Match": tag})


async def fill_in(
    office: Office, browser: aiohttp.ClientSession, dice: random.Random, customer: int, times: dict[str, list[float]]
) -> None:
    """One order, in the form that a console sends as a whole after each pause."""

    async def step(name: str, path: str, form: Json | None = None) -> str:
        await asyncio.sleep(dice.uniform(0.5, 1.5) * AN_ORDER_TAKES / 9)
        took, text = await office.page(browser, path, form)
        times[name].append(took)
        return text

    first, second = str(dice.randint(1001, 1010)), str(dice.randint(1011, 1020))
    found = inputs(await step("page", f"/orders/new/?customer={customer}&new=1"))
    form: Json = {name: found[name] for name in (*FIELDS, "customer", "call", "csrfmiddlewaretoken")}
    form |= {"channel": "phone", "pay_by": "cod", "points_used": "0", "code": [first], "quantity": ["1"]}

    async def keep(**more: Any) -> None:
        form.update(more)
        text = await step("kept", "/orders/new/", form)
        if 'data-state="kept"' not in text:
            raise RuntimeError("the form is not kept")
        form.update({name: value for name, value in inputs(text).items() if name in ("order", "version", "method")})

    await step("search", f"/api/orders/products/offers/?text={first[:3]}")
    await keep()
    await step("search", f"/api/orders/products/offers/?text={second[:3]}")
    await keep(code=[first, second], quantity=["1", str(1 + dice.randrange(2))])
    await keep(wish="请送货前电话联系")
    await keep(invoice_kind="personal", invoice_title="个人")
    if 'data-state="done"' not in await step("submitted", "/orders/new/submit/", form):
        raise RuntimeError("the form is not submitted")


async def customers(office: Office) -> list[int]:
    """Keys of some who have an address."""
    _took, found, _tag = await office.ask(office.admin, "GET", "/api/crm/customers/?page_size=200&ordering=-id")
    return [row["id"] for row in found["results"] if row["addresses"]]


async def stocked(office: Office) -> None:
    """Enough on the shelf for a day of this."""
    _took, found, _tag = await office.ask(office.admin, "GET", "/api/orders/stock/?page_size=200")
    for row in found["results"]:
        if row["on_hand"] < 100_000:
            path = f"/api/orders/stock/{row['product']}/count/"
            await office.ask(office.admin, "POST", path, {"counted": 1_000_000, "reason": "load"}, **{"If-Match": "*"})


async def import_(office: Office, rows: int) -> None:
    """A file of customers, by the worker, as a person would send it: half an hour is its limit."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["姓名", "电话", "省", "市", "区", "地址"])
    first = 5_000_000 + random.SystemRandom().randrange(90_000_000)  # people nobody knows yet
    for place in range(first, first + rows):
        name, number, address = people.person(place)
        writer.writerow([name, number, *address])
    form = aiohttp.FormData()
    form.add_field("file", text.getvalue().encode(), filename="customers.csv", content_type="text/csv")
    form.add_field("known", "skip")
    began = time.perf_counter()
    took, job, _tag = await office.ask(office.admin, "POST", "/api/crm/customer-imports/", form)
    while job["state"] in ("queued", "running") and time.perf_counter() - began < 1800:
        await asyncio.sleep(1)
        _took, job, _tag = await office.ask(office.admin, "GET", f"/api/office/jobs/{job['id']}/")
    seconds = round(time.perf_counter() - began, 1)
    done = {"rows_a_second": round(rows / seconds), "sent_in": round(took, 1), "worker_peak_mb": round(office.peak("worker"))}
    tell("import", rows=rows, seconds=seconds, **done, job=job)


async def run(state: Path, only: list[str], rows: int) -> None:
    async with Office(state) as office:
        if "lists" in only:
            await lists(office)
        if "entry" in only:
            await entry(office)
        if "form" in only:
            await forms(office)
        if "import" in only:
            await import_(office, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--only", default="lists,entry,form,import")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=3_000_000)
    parser.add_argument("--rows", type=int, default=200_000, help="of the import")
    asked = parser.parse_args()
    os.environ.update(json.loads((asked.state / "stack.json").read_text())["environment"])
    import django

    django.setup()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    people.fill(asked.customers, say)
    orders.fill(asked.orders, say)
    asyncio.run(run(asked.state, asked.only.split(","), asked.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
