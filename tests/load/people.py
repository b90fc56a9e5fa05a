"""A million customers for measurements, by COPY: `DATABASE_URL=… python -m tests.load.people 1000000`.

Settings come from the environment, as for manage.py. Adds to what is there; numbers are made up, and the same each time.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

FIRST = 70_000_001  # member numbers; the demo's begin with 8
BATCH = 20_000
INDEXES = ("words", "twins")
TOWNS = (
    ("浙江省", "杭州市", "西湖区"), ("浙江省", "宁波市", "海曙区"), ("江苏省", "南京市", "鼓楼区"), ("江苏省", "苏州市", "姑苏区"),
    ("上海市", "上海市", "徐汇区"), ("上海市", "上海市", "浦东新区"), ("广东省", "广州市", "越秀区"), ("广东省", "深圳市", "南山区"),
    ("湖北省", "武汉市", "武昌区"), ("四川省", "成都市", "锦江区"), ("山东省", "济南市", "历下区"), ("河南省", "郑州市", "金水区"),
    ("北京市", "北京市", "朝阳区"), ("北京市", "北京市", "海淀区"), ("陕西省", "西安市", "雁塔区"), ("湖南省", "长沙市", "岳麓区"),
)  # fmt: skip
ROADS = (
    "文三",
    "中山",
    "解放",
    "人民",
    "建设",
    "延安",
    "花园",
    "红星",
    "泺源",
    "东风",
    "中央",
    "和平",
    "新华",
    "长江",
    "黄河",
    "学院",
)
WAYS = ("路", "东路", "西路", "南路", "北路", "大街", "街", "巷")


def mixed(place: int) -> int:
    """Scattered, and the same each time."""
    value = (place * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64
    return value ^ (value >> 29)


def person(place: int) -> tuple[str, str, tuple[str, str, str, str]]:
    """(name, number, address) of the customer in this place."""
    from crm.demo.people import FIRSTS, PREFIXES, SECONDS, SURNAMES

    mix = mixed(place)
    given = SECONDS[mix // 53 % len(SECONDS)]
    if mix % 4:
        given = FIRSTS[mix // 1601 % len(FIRSTS)] + given
    name = SURNAMES[mix // 7 % len(SURNAMES)] + given
    number = f"+86{PREFIXES[place % len(PREFIXES)]}{10**7 + place * 7919 % (9 * 10**7)}"  # the demo's have 0000 there
    street = f"{ROADS[mix // 11 % 16]}{WAYS[mix // 13 % 8]}{1 + mix // 17 % 400}号{1 + mix // 19 % 30}幢{1 + mix // 23 % 28}0{1 + mix // 29 % 4}室"
    return name, number, (*TOWNS[mix // 31 % len(TOWNS)], street)


def fill(count: int, say: Callable[[str], Any] = print) -> None:
    """Makes customers with a phone, an address and their index until there are `count` of these; then ANALYZE."""
    from django.db import connection, transaction

    from crm.models import Customer

    started = time.monotonic()
    there = Customer.objects.filter(number__gte=str(FIRST), number__lt="80000000", number__regex="^7[0-9]{7}$").count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM crm_customer")
        base = cursor.fetchone()[0] + 1 - there
        if count - there > 100_000:  # to build an inverted index once is several times faster
            for name in INDEXES:
                cursor.execute(f"DROP INDEX IF EXISTS customer_by_{name}")
        for start in range(there, count, BATCH):
            with transaction.atomic():
                _copy(cursor, range(start, min(start + BATCH, count)), base)
            say(f"{min(start + BATCH, count)} customers, {time.monotonic() - started:.0f} s")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for name in INDEXES:
            cursor.execute(f"CREATE INDEX IF NOT EXISTS customer_by_{name} ON crm_customerindex USING gin ({name})")
        cursor.execute("SELECT setval(pg_get_serial_sequence('crm_customer', 'id'), (SELECT max(id) FROM crm_customer))")
        for table in ("customer", "customerphone", "customeraddress", "customerindex"):
            cursor.execute(f"VACUUM ANALYZE crm_{table}")
    say(f"{count} customers in {time.monotonic() - started:.0f} s")


def _copy(cursor: Any, places: range, base: int) -> None:
    from crm.services.indexing import Entry, row

    tables: dict[str, list[str]] = {"customer": [], "phone": [], "address": [], "index": []}
    for place in places:
        name, number, address = person(place)
        key, member, mix = base + place, str(FIRST + place), mixed(place)
        level = "vip" if mix % 20 == 0 else "member" if mix % 4 == 0 else "ordinary"
        made = f"2026-{1 + place % 11:02}-{1 + place % 28:02} 08:00:00+00"
        title = "ms" if mix % 3 else "mr"
        tables["customer"].append(
            f"{key}\t1\t{member}\t{name}\t{title}\t{level}\t\t\t\t\t{mix % 5000}\t{{}}\t\t0\t{made}\t{made}\n"
        )
        tables["phone"].append(f"{key}\t{number}\tf\n")
        tables["address"].append("\t".join((str(key), *address, "", "", "", "t")) + "\n")
        _key, words, twins = row(key, Entry(name, member, "", {}, [number], [address]), {})
        quoted = " ".join(f"'{word}'" for word in words)
        tables["index"].append(f"{key}\t{quoted}\t{{{','.join(map(str, twins))}}}\n")
    columns = "id, version, number, name, title, level, language, email, consent, consent_how, points, fields, pin, pin_misses"
    columns += ", created_at, updated_at"
    _send(cursor, f"crm_customer ({columns})", tables["customer"])
    _send(cursor, "crm_customerphone (customer_id, number, shared)", tables["phone"])
    parts = "province, city, district, street, postcode, receiver, phone, main"
    _send(cursor, f"crm_customeraddress (customer_id, {parts})", tables["address"])
    _send(cursor, "crm_customerindex (customer_id, words, twins)", tables["index"])


def _send(cursor: Any, table: str, lines: list[str]) -> None:
    cursor.cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("".join(lines)))


# -- a first look at how fast they are found -------------------------------------------------------------------

TYPED = (
    "王小芳", "小芳", "芳", "wxf", "wangxiaof", "zhangwei", "13812345678", "8123", "381234", "12345678", "138", "70012345",
    "文三路", "西湖区文三路158号", "杭州市西湖区", "王小芳 5678", "no such name", "李伟 浦东新区",
)  # fmt: skip


def measure(rounds: int = 20) -> Iterator[tuple[str, float, float, int]]:
    """(typed, median, worst, found) in milliseconds, of the search box, with the rows' phones and addresses read."""
    from crm.selectors import finding

    for text in TYPED:
        times = []
        found = []
        for _round in range(rounds):
            began = time.perf_counter()
            found = finding.customers(text)
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        yield text, times[len(times) // 2], times[-1], len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--measure", action="store_true", help="then search them")
    asked = parser.parse_args()
    import django

    django.setup()
    fill(asked.count)
    if asked.measure:
        for text, median, worst, found in measure():
            print(f"{text:>20} {median:8.1f} ms, at most {worst:8.1f} ms, {found} found")


if __name__ == "__main__":
    main()
