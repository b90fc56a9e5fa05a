"""Programs elsewhere are told what happened: a real HTTP server listens, checks signatures, fails, and comes back."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

pytestmark = pytest.mark.django_db
URL, DELIVERIES = "/api/office/webhooks/", "/api/office/webhook-deliveries/"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Receiver(ThreadingHTTPServer):
    """Keeps what it was sent and answers with `answers`, the last one for ever; None hangs up without a word."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int | None] = [200]
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/told"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answers = self.server.answers
        status = answers.pop(0) if len(answers) > 1 else answers[0]
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"Aha!\n")

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def root(login: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    from ccenter.office import webhooks

    for event in ("order.approved", "order.refused", "stock.low"):
        monkeypatch.setitem(webhooks._events, event, event)
    return login("root", "admin")


def subscribe(root: Any, receiver: Receiver, *events: str, **fields: Any) -> dict[str, Any]:
    answer = root.post(URL, {"name": "shop", "url": receiver.url, "events": list(events) or ["*"], **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def told(event: str = "order.approved", **data: Any) -> None:
    from ccenter.office import webhooks

    with transaction.atomic():
        webhooks.tell(event, data)


def send(now: datetime = NOW) -> int:
    from ccenter.office import webhooks
    from ccenter.office.models import WebhookDelivery

    WebhookDelivery.objects.filter(attempts=0).update(next_at=NOW)
    return webhooks.send_due(now)


def deliveries(root: Any, **query: Any) -> list[dict[str, Any]]:
    return root.get(DELIVERIES, {"ordering": "id", **query}).json()["results"]


def test_given_an_event_when_sent_then_the_receiver_can_prove_who_says_so(root: Any, receiver: Receiver) -> None:
    from ccenter.office import webhooks

    hook = subscribe(root, receiver)
    told(number="60000001", 客户="王芳")
    assert send() == 1
    ((headers, body),) = receiver.got
    assert json.loads(body)["type"] == "order.approved"
    assert json.loads(body)["data"] == {"number": "60000001", "客户": "王芳"}
    # as a receiver does it by the standard, without our code
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    at = NOW.timestamp()
    assert webhooks.verify(hook["secret"], headers, body, at)
    assert not webhooks.verify(hook["secret"], headers, body + b" ", at)
    assert not webhooks.verify(webhooks.new_secret(), headers, body, at)
    assert not webhooks.verify(hook["secret"], headers, body, at + 301)
    assert not webhooks.verify(hook["secret"], {**headers, "webhook-timestamp": "x"}, body, at)
    (one,) = deliveries(root)
    assert (one["state"], one["status"], one["attempts"]) == ("sent", 200, 1)
    assert UUID(one["event_id"]) == UUID(headers["webhook-id"])
    assert send() == 0


def test_given_webhooks_when_something_happens_then_only_those_who_asked_are_told(root: Any, receiver: Receiver) -> None:
    for name, events in (("a", ["order.approved"]), ("b", ["order.*"]), ("c", ["*"]), ("d", ["stock.low"])):
        subscribe(root, receiver, *events, name=name)
    subscribe(root, receiver, "*", name="off", active=False)
    told("order.refused")
    names = {hook["id"]: hook["name"] for hook in root.get(URL).json()["results"]}
    assert sorted(names[one["webhook"]] for one in deliveries(root)) == ["b", "c"]
    assert len({one["event_id"] for one in deliveries(root)}) == 1
    with pytest.raises(LookupError):
        told("order.misspelt")


def test_given_a_change_that_is_taken_back_when_told_then_nobody_hears_of_it(root: Any, receiver: Receiver) -> None:
    from ccenter.office import webhooks

    subscribe(root, receiver)
    with pytest.raises(RuntimeError), transaction.atomic():
        webhooks.tell("order.approved", {})
        raise RuntimeError
    assert send() == 0
    assert receiver.got == []


def test_given_a_receiver_in_trouble_when_it_comes_back_then_it_gets_the_same_event_later(root: Any, receiver: Receiver) -> None:
    from ccenter.office.webhooks import DELAYS

    subscribe(root, receiver)
    receiver.answers = [500, None, 307, 200]
    told(number="1")
    at = NOW
    for n, status in enumerate((500, None, 307)):
        assert send(at) == 1
        (one,) = deliveries(root)
        assert (one["state"], one["status"], one["attempts"]) == ("waiting", status, n + 1)
        assert one["error"]
        assert send(at + timedelta(seconds=DELAYS[n] - 1)) == 0
        at += timedelta(seconds=DELAYS[n])
    assert send(at) == 1
    assert deliveries(root)[0]["state"] == "sent"
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _body in receiver.got}) == 4
    assert len({body for _headers, body in receiver.got}) == 1


def test_given_a_receiver_that_never_answers_well_when_given_up_then_a_person_can_send_it_again(
    root: Any, receiver: Receiver, login: Callable[..., Any]
) -> None:
    from ccenter.office.webhooks import DELAYS

    hook = subscribe(root, receiver)
    receiver.answers = [503]
    told(number="1")
    told(number="2")
    at = NOW
    for delay in (*DELAYS, 0):
        send(at)
        at += timedelta(seconds=delay)
    dead = deliveries(root, state="dead")
    assert [(one["attempts"], one["status"], one["error"]) for one in dead] == [(len(DELAYS) + 1, 503, "Aha!\n")] * 2
    assert send(at + timedelta(days=9)) == 0
    ada = login("ada", "auditor")
    assert ada.post(f"{DELIVERIES}{dead[0]['id']}/send/").status_code == 403
    receiver.answers = [202]
    receiver.got.clear()
    assert root.post(f"{DELIVERIES}{dead[0]['id']}/send/").json()["state"] == "waiting"
    assert send() == 1
    assert root.post(f"{DELIVERIES}send-dead/", {"webhook": hook["id"]}).json() == {"count": 1}
    assert send() == 1
    assert [headers["webhook-id"] for headers, _body in receiver.got] == [one["event_id"] for one in dead]
    assert {one["state"] for one in deliveries(root)} == {"sent"}


def test_given_a_receiver_that_is_gone_when_it_says_so_then_its_webhook_is_switched_off(root: Any, receiver: Receiver) -> None:
    hook = subscribe(root, receiver)
    receiver.answers = [410]
    told()
    send()
    assert root.get(f"{URL}{hook['id']}/").json()["active"] is False
    told()
    assert len(deliveries(root)) == 1
    assert send(NOW + timedelta(hours=1)) == 0


def test_given_a_worker_that_died_while_sending_when_its_lease_is_over_then_another_sends(
    root: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccenter.office import webhooks

    def died(_work: Any) -> None:
        _work.close()
        raise SystemExit

    subscribe(root, receiver)
    told()
    with monkeypatch.context() as broken, pytest.raises(SystemExit):
        broken.setattr(asyncio, "run", died)
        send()
    assert webhooks.send_due(NOW + webhooks.LEASE - timedelta(seconds=1)) == 0
    assert webhooks.send_due(NOW + webhooks.LEASE) == 1
    assert (deliveries(root)[0]["state"], deliveries(root)[0]["attempts"]) == ("sent", 2)


@pytest.mark.django_db(transaction=True)
def test_given_a_worker_when_something_happens_then_it_is_told_at_once(root: Any, receiver: Receiver) -> None:
    from celery.contrib.testing.worker import start_worker

    from ccenter.celery import app

    hook = subscribe(root, receiver)
    app.control.purge()  # what tests before have left
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=30):
        assert root.post(f"{URL}{hook['id']}/test/").status_code == 202
        for _ in range(600):
            if deliveries(root)[0]["state"] == "sent":
                break
            time.sleep(0.05)
    assert json.loads(receiver.got[0][1])["type"] == "webhook.test"


# -- administration --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://shop.example.com/told?a=1", 201), ("http://192.168.1.9:8080/x", 201), ("http://localhost/x", 201),
        ("http://shop.example.com/told", 400), ("ftp://shop.example.com", 400), ("https://me:secret@shop.example.com", 400),
        ("https://", 400), ("shop", 400), ("https://[::1", 400), ("https://a b/", 400), ("http://8.8.8.8/", 400),
        ("https://shop.example.com:99999/", 400),
    ],
)  # fmt: skip
def test_given_an_address_when_subscribed_then_only_what_is_safe_is_taken(root: Any, url: str, status: int) -> None:
    answer = root.post(URL, {"name": "shop", "url": url, "events": ["*"]})
    assert answer.status_code == status
    if status == 400:
        assert list(answer.json()["fields"]) == ["url"]


def test_given_a_webhook_when_read_then_its_secret_is_never_shown_again(root: Any, receiver: Receiver) -> None:
    hook = subscribe(root, receiver, "order.*")
    address = f"{URL}{hook['id']}/"
    assert hook["secret"].startswith("whsec_")
    read = root.get(address)
    assert "secret" not in read.json()
    changed = root.patch(address, {"events": ["stock.low"], "active": False}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.json()["events"], "secret" in changed.json()) == (["stock.low"], False)
    other = root.post(f"{address}new-secret/", headers={"If-Match": changed.headers["ETag"]}).json()["secret"]
    assert other != hook["secret"]
    log = root.get("/api/office/audit/", {"entity": "office.webhook"}).content.decode()
    assert hook["secret"] not in log and other not in log
    wrong = root.patch(address, {"events": ["order.misspelt"]}, headers={"If-Match": "*"})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["events"])
    assert root.post(f"{address}test/").status_code == 400


@pytest.mark.parametrize("role", ["agent", "lead", "office_admin", "finance"])
def test_given_who_does_not_administer_when_they_ask_for_webhooks_then_no(role: str, login: Callable[..., Any]) -> None:
    who = login("eve", role)
    assert [who.get(URL).status_code, who.get(DELIVERIES).status_code, who.post(URL, {}).status_code] == [403, 403, 403]
