"""How tests ask for pages: as a browser does, by session and with CSRF left aside, in English."""

import json
from typing import Any

from django.test import Client


def browser(user: Any) -> Client:
    found = Client(headers={"Accept-Language": "en"})
    found.force_login(user)
    return found


def part(client: Client, address: str, **query: Any) -> Any:
    """What htmx asks for."""
    return client.get(address, query, headers={"HX-Request": "true"})


def send(client: Client, address: str, **fields: Any) -> Any:
    """What htmx posts."""
    return client.post(address, fields, headers={"HX-Request": "true"})


def said(answer: Any) -> str:
    """The word that the page shows."""
    text: str = json.loads(answer.get("HX-Trigger", "{}")).get("say", {}).get("text", "")
    return text
