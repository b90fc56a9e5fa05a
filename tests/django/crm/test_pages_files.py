"""Import, export and the same change to all that were found, on their pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ccenter.office import jobs
from ccenter.office.models import Job
from crm.models import Customer, Tag
from crm.services.customers import add_customer
from tests.django.office.pages import browser, send

pytestmark = pytest.mark.django_db
IMPORT = "/crm/customers/import/"
Login = Callable[..., Any]


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", text.encode())


def post(client: Any, text: str, **fields: Any) -> Any:
    return client.post(IMPORT, {"file": upload(text), "known": "refuse", **fields}, headers={"HX-Request": "true"})


def test_given_a_file_when_it_is_chosen_then_its_columns_are_asked_for_then_tried_then_taken(login: Login) -> None:
    lead = browser(login("lena", "lead").user)
    text = "who,tel,电话,note\n王芳,x,13800138000,hello\n李强,y,12,there\n"
    answer = post(lead, text)
    columns = [(column["heading"], target) for _name, column, target in answer.context["columns"]]
    assert columns == [("who", ""), ("tel", ""), ("电话", "phones"), ("note", "")]
    assert not Job.objects.exists()
    answer = post(lead, text, step="import")
    assert answer.status_code == 422 and "No column is the name." in answer.content.decode()
    for step in ("try", "import"):
        assert post(lead, text, step=step, **{"column-0": "name"}).status_code == 200
        job = Job.objects.latest("id")
        assert job.params == {
            "mapping": {"who": "name", "tel": "", "电话": "phones", "note": ""},
            "known": "refuse",
            "tags": False,
            "dry": step == "try",
        }
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.done, job.refused, job.report) == ("done", 2, 1, {"added": 1})
        assert Customer.objects.count() == (step == "import")


def test_given_no_table_or_no_right_when_a_file_is_sent_then_it_says_why(login: Login) -> None:
    lead, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    answer = lead.post(
        IMPORT, {"file": SimpleUploadedFile("x.csv", b"\xff\xff\x81 "), "known": "refuse"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 400
    assert send(lead, IMPORT, known="refuse").status_code == 422
    assert alice.get(IMPORT).status_code == 403 and post(alice, "姓名\n王芳\n").status_code == 403


def test_given_a_list_when_all_found_go_into_a_file_then_it_is_they_and_as_their_reader_may(login: Login) -> None:
    lead, alice = browser(login("lena", "lead", team="floor").user), browser(login("alice", "agent").user)
    from ccenter.calls.models import SeatGroup

    floor = SeatGroup.objects.get(code="floor")
    for name, level in (("王芳", "vip"), ("李强", "ordinary")):
        add_customer({"name": name, "level": level, "team": floor}, ["13800138000" if level == "vip" else "13911112222"])
    query = "level=vip&columns=name,number&ordering=-id"
    assert send(alice, "/crm/customers/export/", query=query).status_code == 403
    answer = send(lead, "/crm/customers/export/", query=query, kind="csv")
    assert answer.status_code == 200 and answer["HX-Retarget"] == "#told"
    job = Job.objects.get()
    jobs.run(job.pk)
    text = (jobs.folder(job) / "result").read_text("utf-8-sig")
    assert "王芳" in text and "李强" not in text and "13800138000" in text
    assert send(lead, "/crm/customers/export/", query="colour=red").status_code == 400
    assert send(lead, "/crm/customers/export/", query="", kind="pdf").status_code == 400


def test_given_a_list_when_all_found_are_changed_then_it_is_they(login: Login) -> None:
    user = login("lena", "lead").user
    lead, alice = browser(user), browser(login("alice", "agent").user)
    tag = Tag.objects.create(name="老客户")
    for name, level in (("王芳", "vip"), ("李强", "ordinary"), ("赵六", "vip")):
        add_customer({"name": name, "level": level})
    address = "/crm/customers/change/"
    page = lead.get(address, {"query": "level=vip&columns=name"})
    assert page.context["many"] == 2
    assert send(lead, address, what="assign", query="level=vip").status_code == 422
    for fields in ({"what": "assign", "owner": "lena"}, {"what": "tag", "added": [tag.pk]}, {"what": "level", "level": "member"}):
        assert send(lead, address, query="level=vip&columns=name", **fields).status_code == 200
        jobs.run(Job.objects.latest("id").pk)
    told = {one.name: (one.owner, one.level, one.tags.count()) for one in Customer.objects.all()}
    assert told == {"王芳": (user, "member", 1), "赵六": (user, "member", 1), "李强": (None, "ordinary", 0)}
    assert send(alice, address, what="level", level="vip", query="").status_code == 403
