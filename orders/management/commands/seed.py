"""manage.py seed: a TV-shopping company to try everything with. Here and not in ccenter.calls, as it fills all apps."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

import crm.demo
import orders.demo
import orders.demo_goods
from ccenter.calls import demo


class Command(BaseCommand):
    help = "Demo data: run again, it adds what is missing. Logins are kept in $CC_STATE/logins.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agents", type=int, default=20, help="seats with desk phones, 1001 and up")
        parser.add_argument("--customers", type=int, default=3000)
        parser.add_argument("--json", action="store_true", help="print logins and numbers, for the stack")

    def handle(self, *, agents: int, customers: int, json: bool, **options: Any) -> None:
        numbers = demo.fill()
        try:
            logins = demo.seats(agents, settings.STATE / "logins.json")
        except ValueError as error:
            raise CommandError(str(error)) from error
        crm.demo.customers(customers)
        orders.demo.orders(min(2000, customers))
        orders.demo_goods.goods()
        crm.demo.guides()
        crm.demo.past()
        crm.demo.office()
        if json:
            self.stdout.write(_json({"logins": logins, "numbers": numbers}))
        else:
            self.stdout.write(f"{agents} seats, {customers} customers; logins in {settings.STATE / 'logins.json'}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
