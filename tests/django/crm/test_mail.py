"""Mails to customers, through a real SMTP server."""

import io
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from ccenter.calls.models import Alarm
from ccenter.office.errors import Conflict
from crm.models import Escalation, Mail, MailFile, MailTemplate
from crm.services import escalation, mail, mailing, tickets
from crm.tasks import mail_to_staff, sweep_mails
from tests.django.crm import service
from tests.django.crm.mail_server import Server
from tests.django.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[Server]:
    with Server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.MAIL_FROM, settings.MAIL_BOUNCES = "乐享购物 <service@shop.example>", "bounce@shop.example"
        settings.STATE = tmp_path
        yield found


@pytest.fixture
def alice(db: None) -> Any:
    return service.agent()


def written(user: Any, to: str = "wang@example.com", **fields: Any) -> Mail:
    return mail.write(user, service.customer(), **{"subject": "您的订单", "body": "您好", "to": to, **fields})


def sent(row: Mail) -> tuple[str, str]:
    state = mailing.send(row.pk)
    row.refresh_from_db()
    return state, row.error


# -- out -------------------------------------------------------------------------------------------------------


def test_given_a_mail_with_files_when_sent_then_the_server_has_it_whole(server: Server, alice: Any) -> None:
    invoice = mail.add_file(alice, SimpleUploadedFile("发票.pdf", b"%PDF-1.7 \x00\xff", content_type="text/html"))
    odd = mail.add_file(alice, SimpleUploadedFile("..\\..\\x.bin\r\n", b"1"))
    assert (invoice.kind, odd.name, odd.kind) == ("application/pdf", "x.bin", "application/octet-stream")
    assert Path(invoice.data.path).stat().st_mode & 0o077 == 0
    row = written(alice, body="您好，\n请查收。", files=[invoice, odd])
    assert sent(row) == ("sent", "")
    ((sender, to, message),) = server.taken
    assert to == ["wang@example.com"]
    assert sender == f"bounce+{row.bounce.hex}@shop.example"
    assert (message["From"], message["Subject"], message["Message-ID"]) == (
        "乐享购物 <service@shop.example>",
        "您的订单",
        f"<{row.message}>",
    )
    assert message["Auto-Submitted"] is None
    body, *files = message.iter_parts()
    assert body.get_content().split() == ["您好，", "请查收。"]
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in files] == [
        ("发票.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        ("x.bin", "application/octet-stream", b"1"),
    ]
    assert mailing.send(row.pk) == "", "once sent is sent"
    assert len(server.taken) == 1


def test_given_no_address_or_a_subject_of_two_lines_or_too_large_a_file_then_nothing_is_kept(alice: Any, server: Server) -> None:
    who = service.customer()
    for fields in ({"to": ""}, {"to": "no address"}, {"subject": "a\nBcc: x@y.z"}, {"subject": ""}, {"body": ""}):
        with pytest.raises(ValidationError) as refused:
            mail.write(alice, who, **{"subject": "s", "body": "b", "to": "a@example.com", **fields})
        assert set(refused.value.message_dict) == set(fields)
    big = SimpleUploadedFile("big.bin", b"1")
    big.size = mail.MOST_BYTES + 1
    for upload in (big, SimpleUploadedFile("empty", b"")):
        with pytest.raises(ValidationError):
            mail.add_file(alice, upload)
    heavy = [MailFile(pk=n, size=mail.MOST_BYTES) for n in range(3)]
    with pytest.raises(ValidationError, match="20 MB in all"):
        mail.write(alice, who, subject="s", body="b", to="a@example.com", files=heavy)
    assert (Mail.objects.count(), MailFile.objects.count()) == (0, 0)


def test_given_a_template_then_its_places_are_filled_and_its_files_go_along(alice: Any, server: Server) -> None:
    template = MailTemplate.objects.create(
        code="ready", name="x", subject="{order}已发货", body="{salutation}，{name}，{agent}号。"
    )
    template.files.add(mail.add_file(alice, SimpleUploadedFile("terms.txt", b"x")))
    row = written(alice, subject="", body="", template=template, order="6001")
    assert (row.subject, row.body, row.files.get().name) == ("6001已发货", "王女士，王芳，1001号。", "terms.txt")
    own = mail.write(alice, row.customer, template=template, subject="改过的", body="改过的", to="a@example.com")
    assert (own.subject, own.template) == ("改过的", template)
    with pytest.raises(ValidationError, match="order"):
        mail.write(alice, row.customer, template=template, to="a@example.com")
    template.active = False
    template.save()
    with pytest.raises(ValidationError, match="not used any more"):
        written(alice, template=template)


def test_given_a_ticket_when_taken_settled_and_closed_then_the_customer_is_told_in_their_language(
    alice: Any, server: Server, django_capture_on_commit_callbacks: Any
) -> None:
    for language, words in (("zh", "工单{ticket}：{state}。{resolution}"), ("en", "Ticket {ticket}: {state}. {resolution}")):
        for situation in ("settled", "closed"):
            code = f"{situation}-{language}"
            MailTemplate.objects.create(code=code, name=code, language=language, situation=situation, subject=words, body=words)
    MailTemplate.objects.create(code="taken", name="t", situation="taken", subject="已受理{ticket}", body="{due}前处理")
    who = service.customer(email="wang@example.com", language="en")
    row = service.ticket(alice, who, due_at=timezone.now())
    assert Mail.objects.get().subject == f"已受理{row.number}", "there is none in English"
    tickets.step(alice, row, "settled", resolution="Replaced")
    told = Mail.objects.latest("pk")
    assert (told.body, told.author, told.ticket) == (f"Ticket {row.number}: done, to be confirmed. Replaced", None, row)
    tickets.step(alice, row, "closed")
    assert Mail.objects.count() == 2, "nothing new was said"
    assert row.events.filter(kind="informed").count() == 2
    assert sent(told)[0] == "sent"
    assert server.taken[0][2]["Auto-Submitted"] == "auto-generated"
    service.ticket(alice, who, inform=False)
    service.ticket(alice, service.customer("李强"))
    assert Mail.objects.count() == 2


# -- what goes wrong -------------------------------------------------------------------------------------------


def test_given_an_unknown_mailbox_then_the_mail_came_back_with_what_the_server_said(server: Server, alice: Any) -> None:
    row = written(alice, "unknown@example.com")
    assert sent(row) == ("bounced", "550 5.1.1 no such mailbox")
    assert row.bounced_at is not None
    banned = mail.write(alice, row.customer, subject="s", body="b", to="banned@example.com")
    assert sent(banned)[0] == "bounced"
    assert mail.again(alice, row).state == "queued"
    with pytest.raises(Conflict):
        mail.again(alice, row)


def test_given_a_full_mailbox_then_it_is_tried_again_later_and_arrives(
    server: Server, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = written(alice, "full@example.com")
    assert sent(row) == ("queued", "452 4.2.2 mailbox full")
    assert mailing.send(row.pk) == "", "not before its time"
    server.full = False
    later = timezone.now() + mailing.PAUSES[0]
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert mailing.waiting(later) == [row.pk]
    sweep_mails()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("sent", 2, "")


def test_given_a_server_that_stays_away_then_it_is_given_up_after_the_last_pause_with_an_alarm(
    server: Server, alice: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_PORT = 1  # nothing listens there
    row, now = written(alice), timezone.now()
    for pause in (timedelta(0), *mailing.PAUSES):
        now += pause
        monkeypatch.setattr(timezone, "now", lambda at=now: at)
        state, error = sent(row)
        assert "Connection" in error
    assert (state, row.attempts) == ("failed", len(mailing.PAUSES) + 1)
    assert Alarm.objects.get(kind="mail")


def test_given_no_mail_server_is_set_up_then_mails_wait_untouched(server: Server, alice: Any, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    row = written(alice)
    assert (mailing.send(row.pk), sweep_mails()) == ("", None)
    assert Mail.objects.get() == row
    assert Mail.objects.get().attempts == 0


def test_given_a_worker_that_died_while_sending_then_another_takes_over_with_the_same_id(
    server: Server, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, now = written(alice), timezone.now()
    Mail.objects.filter(pk=row.pk).update(state="sending", tried_at=now, attempts=1)
    assert mailing.send(row.pk) == ""
    later = now + mailing.STUCK + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert sent(row)[0] == "sent"
    assert server.taken[0][2]["Message-ID"] == f"<{row.message}>"


@pytest.mark.django_db(transaction=True)
def test_given_two_workers_at_once_then_it_is_sent_once(server: Server) -> None:
    row = written(service.agent())
    states: list[str] = []
    begin = threading.Barrier(2)

    def work() -> None:
        begin.wait()
        states.append(mailing.send(row.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(states), len(server.taken)) == (["", "sent"], 1)


def test_given_a_late_ticket_when_its_lead_has_an_address_then_they_get_a_mail_of_their_own(
    server: Server, alice: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    for name in ("lena", "lars"):
        person(name, "lead", email=f"{name}@shop.example")
    person("lou", "lead")
    Escalation.objects.create(level=1, minutes=0)
    row = service.ticket(alice, due_at=timezone.now())
    monkeypatch.setattr(mail_to_staff, "delay", mail_to_staff)  # the worker's part, here and now
    with django_capture_on_commit_callbacks(execute=True):
        escalation.escalate(timezone.now())
    assert [to for _sender, to, _message in server.taken] == [["lars@shop.example"], ["lena@shop.example"]]
    assert row.number in server.taken[0][2]["Subject"]


# -- what comes back -------------------------------------------------------------------------------------------

REPORT = """From: MAILER-DAEMON@example.com
To: {to}
Subject: Delivery Status Notification
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; wang@example.com
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user
 unknown
--b--
"""


def back(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command says to a mail on its standard input."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    call_command("take_bounce", stdout=out)
    return out.getvalue().strip()


def test_given_a_delivery_report_then_the_mail_is_marked_with_its_reason(
    server: Server, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = written(alice)
    mailing.send(row.pk)
    to = mailing.return_path(row)
    assert back(REPORT.format(to=to, action="delayed"), monkeypatch) == f"mail {row.pk}: sent"
    assert back(REPORT.format(to=to.upper(), action="failed"), monkeypatch) == f"mail {row.pk}: bounced"
    row.refresh_from_db()
    assert (row.error, row.bounced_at is not None, row.sent_at is not None) == ("550 5.1.1 user unknown", True, True)


def test_given_other_mails_then_only_undeliverable_ones_of_ours_count(
    server: Server, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = written(alice)
    mailing.send(row.pk)
    to = mailing.return_path(row)
    assert back(f"To: {to}\nSubject: On holiday\nAuto-Submitted: auto-replied\n\nBack on Monday", monkeypatch).endswith("sent")
    stranger = f"bounce+{'0' * 32}@shop.example"
    for text in (REPORT.format(to=stranger, action="failed"), REPORT.format(to="bounce@shop.example", action="failed"), "", "\0"):
        assert back(text, monkeypatch) == "none of ours"
    assert Mail.objects.get().state == "sent"
    assert back(f"Delivered-To: {to}\nSubject: Undeliverable\n\nNo such user", monkeypatch).endswith("bounced")
    assert Mail.objects.get().error == "Undeliverable"
