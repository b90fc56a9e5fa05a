"""Tags, own fields, other systems and mails to customers on their pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.models import CustomField, Mail, MailTemplate, RefusedRow, Source, SourceRun, Tag
from crm.services.customers import add_customer
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db
Login = Callable[..., Any]


def test_given_tags_when_made_changed_and_deleted_then_it_is_so_and_by_who_may(login: Login) -> None:
    lead, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    assert send(alice, "/crm/tags/new/", name="x").status_code == 403
    assert said(send(lead, "/crm/tags/new/", name="老客户", colour="#ff0000")) == "Saved."
    tag = Tag.objects.get()
    assert (tag.name, tag.colour) == ("老客户", "#ff0000")
    twice = send(lead, "/crm/tags/new/", name="老客户", plain="on", colour="#000000")
    assert twice.status_code == 422 and "There is one like this already." in twice.content.decode()
    assert send(lead, "/crm/tags/new/", name="a,b", plain="on").status_code == 422
    address = f"/crm/tags/{tag.pk}/"
    assert send(alice, address, version=tag.version, name="y").status_code == 403
    assert send(lead, address, version=tag.version, name="新客户", plain="on", colour="#000000").status_code == 204
    stale = send(lead, address, version=tag.version, name="z")
    assert stale.status_code == 409
    tag.refresh_from_db()
    assert (tag.name, tag.colour) == ("新客户", "")
    add_customer({"name": "王芳", "tags": [tag]})
    row = part(lead, "/crm/tags/").context["lines"][0].row
    assert row.many == 1
    assert "data-address" not in part(alice, "/crm/tags/").content.decode()
    send(lead, "/crm/tags/", act="delete", row=[tag.pk])
    assert not Tag.objects.exists()


def test_given_a_field_when_an_administrator_makes_one_then_it_is_in_the_customers_form_at_once(login: Login) -> None:
    root, lead = browser(login("root", "admin").user), browser(login("lena", "lead").user)
    field = {"name_zh": "来源", "name_en": "Source", "code": "source", "kind": "choice", "position": "1", "active": "on"}
    assert send(lead, "/crm/fields/new/", **field).status_code == 403
    answer = send(root, "/crm/fields/new/", **field, choices="", default="")
    assert answer.status_code == 422 and "choices" in answer.context["form"].errors
    assert send(root, "/crm/fields/new/", **field, choices="电视\n网站\n", default="报纸").status_code == 422
    assert send(root, "/crm/fields/new/", **field, choices="电视\n网站\n", default="网站").status_code == 204
    made = CustomField.objects.get()
    assert (made.choices, made.default) == (["电视", "网站"], "网站")
    page = lead.get("/crm/customers/new/").content.decode()
    assert 'name="own_source"' in page and '<option value="网站" selected>' in page
    add_customer({"name": "王芳", "fields": {"source": "电视"}})
    address = f"/crm/fields/{made.pk}/"
    changed = {**field, "name_zh": "渠道", "choices": "网站", "default": ""}
    answer = send(root, address, version=made.version, **changed)
    assert answer.status_code == 422 and "choices" in answer.context["form"].errors  # somebody has the other one
    assert send(root, address, version=made.version, **{**changed, "choices": "电视\n网站", "kind": "text"}).status_code == 204
    made.refresh_from_db()
    assert (made.name_zh, made.kind) == ("渠道", "choice")  # of a kind for ever
    refused = send(root, "/crm/fields/", act="delete", row=[made.pk]).context["refused"]
    assert len(refused) == 1 and CustomField.objects.exists()
    send(root, "/crm/fields/", act="off", row=[made.pk])
    assert 'name="own_source"' not in lead.get("/crm/customers/new/").content.decode()


# -- mails -----------------------------------------------------------------------------------------------------


def test_given_a_template_when_a_mail_is_written_then_it_is_filled_and_goes_with_its_files(
    login: Login, settings: Any, tmp_path: Any
) -> None:
    settings.STATE = tmp_path
    user = login("alice", "agent", "1001").user
    alice = browser(user)
    who = add_customer({"name": "王芳", "title": "ms", "email": "w@example.com"})
    nobody = add_customer({"name": "李强"})
    template = MailTemplate.objects.create(
        code="thanks", name="Thanks", language="zh", subject="致{name}", body="{salutation}，您好。"
    )
    address = f"/crm/customers/{who.pk}/mail/"
    form = part(alice, address, template=template.pk).context["form"]
    assert form.initial["subject"] == "致王芳" and form.initial["body"].endswith("，您好。")
    sent = {"template": template.pk, "to": "w@example.com", "subject": "致王芳", "body": "您好"}
    file = SimpleUploadedFile("价目表.pdf", b"%PDF-1.7")
    answer = alice.post(address, {**sent, "files": file}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == f"/crm/customers/{who.pk}/"
    mail = Mail.objects.get()
    assert (mail.customer, mail.subject, mail.template, mail.author) == (who, "致王芳", template, user)
    assert [one.name for one in mail.files.all()] == ["价目表.pdf"]
    answer = send(alice, f"/crm/customers/{nobody.pk}/mail/", subject="x", body="y", to="")
    assert answer.status_code == 422 and 'value="x"' in answer.content.decode()
    assert browser(login("carl", "warehouse").user).get(address).status_code == 403


# -- other systems -----------------------------------------------------------------------------------------------

SHOP = {
    "name": "Shop",
    "code": "shop",
    "entity": "customer",
    "table": "people",
    "key": "id",
    "conflict": "theirs",
    "active": "on",
}


def test_given_another_system_when_it_is_set_up_then_its_secret_is_told_once_and_its_state_is_shown(login: Login) -> None:
    root, lead = browser(login("root", "admin").user), browser(login("lena", "lead").user)
    assert lead.get("/crm/sources/").status_code == 403
    answer = send(root, "/crm/sources/new/", **SHOP)
    assert answer.status_code == 422 and "Which column is which field?" in answer.content.decode()
    answer = send(root, "/crm/sources/new/", **SHOP, **{"to-name": "full_name", "to-phones": "tel"})
    source = Source.objects.get()
    assert source.mapping == {"name": "full_name", "phones": "tel"}
    assert source.secret in answer.content.decode()
    card = f"/crm/sources/{source.pk}/"
    SourceRun.objects.create(
        source=source, counts={"read": 3, "kept": 1, "refused": 1}, refused=[{"key": "A7", "reasons": "Not a telephone number."}]
    )
    page = root.get(card).content.decode()
    assert source.secret not in page and "CC_SOURCE_SHOP" in page and "A7" in page and "full_name" in page
    assert "Not a telephone number." in root.get("/crm/sources/runs/", {"troubled": "on"}).content.decode()
    assert len(part(root, "/crm/sources/").context["lines"][0].row.counts) == 3
    was = source.secret
    page = send(root, card, act="secret", version=source.version).content.decode()
    source.refresh_from_db()
    assert source.secret != was and source.secret in page
    answer = send(root, f"{card}change/", version=source.version, **SHOP, **{"to-name": "full_name"}, write="on", every="15")
    source.refresh_from_db()
    assert answer.status_code == 204 and (source.mapping, source.every, source.write) == ({"name": "full_name"}, 15, True)


def test_given_a_source_when_it_is_to_be_synchronised_now_then_a_worker_is_asked_once_it_is_committed(
    login: Login, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from crm.services import syncing

    asked: list[int] = []
    monkeypatch.setattr(syncing, "hand_over", lambda task, key: asked.append(key))
    root = browser(login("root", "admin").user)
    send(root, "/crm/sources/new/", **SHOP, **{"to-name": "n"})
    source = Source.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert send(root, f"/crm/sources/{source.pk}/", act="run", version=source.version).status_code == 200
    assert asked == [source.pk]
    send(root, "/crm/sources/", act="off", row=[source.pk])
    refused = send(root, "/crm/sources/", act="run", row=[source.pk]).context["refused"]
    assert len(refused) == 1  # it is switched off


def test_given_refused_rows_then_an_administrator_sees_them_and_has_those_given_up_tried_again(login: Login) -> None:
    root, lead = browser(login("root", "admin").user), browser(login("lena", "lead").user)
    send(root, "/crm/sources/new/", **SHOP, **{"to-name": "n"})
    source = Source.objects.get()
    dead = RefusedRow.objects.create(source=source, key="A7", row={"n": "13800138000"}, reasons="No name.", state="dead", tries=8)
    RefusedRow.objects.create(source=source, key="B-8", reasons="No name.")
    page = root.get("/crm/sources/refused/", {"source": "shop", "state": "dead"}).content.decode()
    assert "A7" in page and "No name." in page and "B-8" not in page and "13800138000" not in page
    assert "/crm/sources/refused/?source=shop" in root.get(f"/crm/sources/{source.pk}/").content.decode()
    assert lead.get("/crm/sources/refused/").status_code == 403
    assert send(root, "/crm/sources/refused/", act="again", row=[dead.pk]).status_code == 200
    dead.refresh_from_db()
    assert (dead.state, dead.tries) == ("waiting", 0)
