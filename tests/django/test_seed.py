"""The demo data: whole, the same when run again, and fit to go live."""

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from ccenter.calls import models, numbers, services
from ccenter.calls.rights import Role, role_of
from ccenter.calls.selectors import load_config
from crm.models import Customer, CustomerPhone
from orders.models import Order, Product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def state(settings: Any, tmp_path: Path) -> Path:
    settings.STATE = tmp_path
    return tmp_path


def seed(agents: int = 12, customers: int = 60) -> dict[str, Any]:
    out = io.StringIO()
    call_command("seed", agents=agents, customers=customers, json=True, stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def rows() -> dict[str, int]:
    tables = [*models.__dict__.values(), Customer, CustomerPhone, Order, Product]
    return {t.__name__: t.objects.count() for t in tables if isinstance(t, type) and hasattr(t, "objects")}


def test_given_an_empty_database_when_seeded_then_the_configuration_is_whole_and_names_nothing_missing() -> None:
    said = seed()
    config = load_config()
    assert services.config_problems() == []
    assert len(config.agents) == 12 + 4  # and the leads' own seats
    assert {"main", "main-en", "night"} <= set(config.flows)
    assert {"orders", "service", "complaints", "english", "vip", "direct"} <= set(config.queues)
    assert set(said["numbers"].values()) == set(config.numbers)
    assert config.numbers[said["numbers"]["direct"]].target == services.flows.acd.ToQueue("direct")
    assert all("direct" in agent.queues for agent in config.agents.values())
    assert (config.queues["direct"].record, config.queues["recorded"].record) == (False, True)
    assert Product.objects.filter(gift_only=False).count() == 40
    assert Customer.objects.count() == Order.objects.count() == 60


def test_given_a_seed_when_run_again_then_nothing_changes_and_the_same_is_said() -> None:
    first, before = seed(), rows()
    models.Queue.objects.filter(code="direct").update(wrap_up_seconds=77)
    assert seed() == first
    assert rows() == before
    assert models.Queue.objects.get(code="direct").wrap_up_seconds == 77


def test_given_a_seed_when_more_is_wanted_then_it_is_added() -> None:
    first = seed()
    more = seed(agents=30, customers=90)
    assert [login for login in more["logins"] if login in first["logins"]] == first["logins"]
    assert models.Agent.objects.filter(desk_phone=True).count() == 30
    leads = models.Agent.objects.filter(desk_phone=False, user__groups__name="lead")
    assert [agent.group.leads.get() for agent in leads] == [agent.user for agent in leads] != []
    assert Customer.objects.count() == 90
    assert len(seed(agents=5)["logins"]) == 5 + 5


def test_given_the_logins_when_used_then_they_work_and_have_their_roles(state: Path) -> None:
    logins = {login["username"]: login for login in seed()["logins"]}
    for name, role in (("admin", Role.ADMIN), ("lead-sales", Role.LEAD), ("a1001", Role.AGENT)):
        user = authenticate(username=name, password=logins[name]["password"])
        assert user is not None
        assert role_of(user) == role
        assert Token.objects.get(key=logins[name]["token"]).user == user
    agent = models.Agent.objects.get(user__username="a1001")
    assert (agent.number, agent.sip_password) == (logins["a1001"]["extension"], logins["a1001"]["sip_password"])
    assert stat.S_IMODE((state / "logins.json").stat().st_mode) == 0o600
    passwords = [login[kind] for login in logins.values() for kind in ("password", "sip_password", "token") if login[kind]]
    assert len(set(passwords)) == len(passwords)


def test_given_a_lost_file_of_logins_when_seeded_then_new_passwords_hold(state: Path) -> None:
    old = {login["username"]: login for login in seed()["logins"]}
    (state / "logins.json").unlink()
    new = {login["username"]: login for login in seed()["logins"]}
    assert authenticate(username="a1001", password=old["a1001"]["password"]) is None
    assert authenticate(username="a1001", password=new["a1001"]["password"]) is not None
    assert models.Agent.objects.get(number="1001").sip_password == new["a1001"]["sip_password"]
    assert Token.objects.get(user__username="a1001").key == new["a1001"]["token"]


def test_given_the_demo_customers_when_they_call_then_their_numbers_are_read_as_kept() -> None:
    seed()
    for phone in CustomerPhone.objects.all()[:70]:
        read = numbers.normalise("0" + phone.number.removeprefix("+86"))
        assert read.number == phone.number
        assert read.kind in ("mobile", "fixed")
    assert Customer.objects.filter(name__regex="^[一-龥]{2,4}$").count() == 60


def test_given_too_many_agents_when_seeded_then_it_says_so() -> None:
    with pytest.raises(CommandError, match="8999"):
        seed(agents=9000)
