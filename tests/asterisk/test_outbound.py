"""A call that is due is made once, whatever dies between the office and the customer's telephone: over real SIP."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy import stack as stacks
from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import Stack
from tests.asterisk.ledger import Ledger, until
from tests.phones import Caller
from tests.phones.seat import Api

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
BUSY_HERE = 486
FLOW = "t-choices"  # says something, and hangs up
AGAIN = "SELECT count(*) FROM calls_request WHERE id = ANY(%s::uuid[]) AND created_at > %s"


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


@pytest.fixture
def office(stack: Stack) -> Iterator[Path]:
    """The stack's folder; worker, beat and cti are up again afterwards."""
    state = Path(stack["state"])
    yield state
    for name in ("cti", "worker", "beat"):
        stacks.start(state, name)


@pytest.fixture
async def customer(lead: Api) -> Json:
    """Somebody new, with a number nobody else has."""
    number = f"1391{uuid4().int % 10**7:07}"
    made = await lead.post("/api/crm/customers/", {"name": "回访客户", "phones": [{"number": number}]})
    return {"id": made["id"], "number": number}


async def planned(lead: Api, ledger: Ledger, customer: Json, kind: str = "visit") -> Json:
    """Due in a moment, made by the machine: no agent has to be there."""
    ((due_at,),) = ledger.rows("SELECT (now() + interval '1 second')::text")
    body = {"customer": customer["id"], "kind": kind, "reason": "回访", "flow": FLOW, "due_at": due_at}
    return dict(await lead.post("/api/crm/outbound-tasks/", body))


async def state_of(lead: Api, task: Json) -> Json:
    return dict(await lead.get(f"/api/crm/outbound-tasks/{task['id']}/"))


async def becomes(lead: Api, task: Json, timeout: float = 30, **wanted: Any) -> Json:
    return dict(
        await lead.wait_for(f"/api/crm/outbound-tasks/{task['id']}/", lambda body: wanted.items() <= body.items(), timeout)
    )


async def rings_once(pstn: Caller, customer: Json, lead: Api, ledger: Ledger, task: Json) -> None:
    """They are rung, hear the machine out, and that was all."""
    far = await pstn.ringing(timeout=30)
    assert far.invite.uri.startswith(f"sip:{customer['number']}@")
    await far.answer()
    await far.wait_ended(timeout=15)
    done = await becomes(lead, task, state="done")
    assert (done["result"], done["attempts"]) == ("done", 1)
    attempts = ledger.rows("SELECT count(*) FROM calls_callbackattempt WHERE callback = %s", done["callback"])
    asked = ledger.rows("SELECT count(*) FROM calls_request WHERE params->>'task' = %s", done["callback"])
    assert (attempts, asked, len(pstn.dialogs)) == ([(1,)], [(1,)], 1)


async def test_given_a_worker_killed_after_releasing_and_the_core_away_when_all_are_back_with_two_beats_then_it_rings_once(
    stack: Stack, office: Path, numbers: dict[str, str], lead: Api, customer: Json, pstn: Caller, ledger: Ledger
) -> None:
    stacks.stop(office, "cti")
    task = await planned(lead, ledger, customer)
    await becomes(lead, task, state="released")
    stacks.kill(office, "worker")
    stacks.kill(office, "beat")
    ((released,),) = ledger.rows("SELECT now()")
    ((request,),) = ledger.rows("SELECT request::text FROM crm_outboundtask WHERE id = %s", task["id"])
    another = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "ccenter.celery",
        "beat",
        "--scheduler",
        "celery.beat:Scheduler",
        "--pidfile=",
    ]
    environment = {**os.environ, **stack["environment"]}
    beat = subprocess.Popen(another, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # nobody takes it up in time, so it is asked again: by a worker that knows nothing of the first
        await until(lambda: ledger.rows(AGAIN, [request], released) == [(1,)], 40, "it is asked again")
        await asyncio.to_thread(stacks.start, office, "cti")
        await rings_once(pstn, customer, lead, ledger, task)
    finally:
        beat.send_signal(signal.SIGTERM)
        beat.wait(timeout=20)


async def test_given_the_core_killed_as_it_takes_a_task_up_then_it_rings_once(
    office: Path, numbers: dict[str, str], lead: Api, customer: Json, pstn: Caller, ledger: Ledger
) -> None:
    stacks.stop(office, "recorder")  # nobody tells the office that the core has it
    try:
        task = await planned(lead, ledger, customer)
        far = await pstn.ringing(timeout=30)
        killed = stacks.kill(office, "cti")
        await asyncio.to_thread(stacks.wait_up, office, "cti", killed)
    finally:
        await asyncio.to_thread(stacks.start, office, "recorder")
    await far.answer()
    await far.wait_ended(timeout=15)
    done = await becomes(lead, task, state="done")
    attempts = ledger.rows("SELECT count(*) FROM calls_callbackattempt WHERE callback = %s", done["callback"])
    assert (attempts, len(pstn.dialogs)) == ([(1,)], 1)


async def test_given_a_survey_then_only_who_agrees_is_called_and_not_again_once_they_take_it_back(
    numbers: dict[str, str], lead: Api, customer: Json, pstn: Caller, ledger: Ledger
) -> None:
    address = f"/api/crm/customers/{customer['id']}/"

    async def says(**consent: str) -> None:
        status, body = await lead.raw("PATCH", address, consent, headers={"If-Match": "*"})
        assert status == 200, body

    refused = await planned(lead, ledger, customer, kind="survey")
    assert (await becomes(lead, refused, state="refused"))["result"] == "no_consent"
    assert not pstn.dialogs
    await says(consent="yes", consent_how="online")
    task = await planned(lead, ledger, customer, kind="survey")
    (await pstn.ringing(timeout=30)).refuse(BUSY_HERE)
    await becomes(lead, task, state="open", callback_state="LATER", attempts=1)
    await says(consent="no")
    done = await becomes(lead, task, state="done")
    assert (done["result"], done["callback_state"], len(pstn.dialogs)) == ("no_consent", "CLOSED", 1)
