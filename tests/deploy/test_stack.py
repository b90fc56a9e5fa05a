"""The stack's promises: private, on the loopback, brought back when a part dies, gone without a trace when taken down."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import redis

from deploy import layout as layouts
from deploy import stack
from deploy.layout import StackError
from tests.deploy.conftest import SERVERS
from tests.stacks import free_base, start


def wait_for(condition: Callable[[], object], within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def described(state: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((state / "stack.json").read_text())
    return found


def listening(state: Path) -> set[str]:
    """Addresses the stack's processes listen at (TCP), from /proc."""
    inodes = set()
    for pid in stack.processes(state):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].partition(":")[0])
    return found


def test_given_stack_when_up_then_servers_serve_and_everything_listens_on_the_loopback_alone(state: Path) -> None:
    told = described(state)
    with psycopg2.connect(told["database_url"].rpartition("/")[0] + "/postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    connection.close()
    with redis.Redis.from_url(told["redis_url"]) as client:
        assert client.ping()
    assert listening(state) == {"0100007F"}


def test_given_stack_when_asked_without_the_password_then_servers_refuse(state: Path) -> None:
    told = described(state)
    url = urlsplit(told["database_url"])
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=url.hostname, port=url.port, user="ccenter", password="guess", dbname="postgres")
    address = urlsplit(told["redis_url"])
    with (
        redis.Redis(host=str(address.hostname), port=int(address.port or 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_given_stack_then_what_it_keeps_is_for_its_owner_alone(state: Path) -> None:
    for name in ("stack.json", "secrets.json", "etc/valkey.conf"):
        assert (state / name).stat().st_mode & 0o777 == 0o600, name
    assert state.stat().st_mode & 0o777 == 0o700


def test_given_two_stacks_then_no_password_is_the_same(state: Path, tmp_path: Path) -> None:
    other = layouts.Layout(tmp_path, 20000)
    assert not set(other.passwords.values()) & set(json.loads((state / "secrets.json").read_text()).values())
    assert len(set(other.passwords.values())) == len(other.passwords)


@pytest.mark.parametrize("name", SERVERS)
def test_given_part_when_killed_then_it_is_back_at_once_and_status_counts_it(state: Path, name: str) -> None:
    before = stack.status(state)["parts"][name]["restarts"]
    pid = stack.kill(state, name)
    stack.wait_up(state, name, not_pid=pid, within=10)
    part = stack.status(state)["parts"][name]
    assert part["restarts"] > before
    assert part["last_exit"] is not None


def test_given_part_that_dies_again_and_again_then_only_its_first_start_waits_for_nothing(state: Path) -> None:
    stack.restart(state, "valkey")  # no death counts from before
    waited = []
    for _ in range(3):
        stack.wait_up(state, "valkey", not_pid=stack.kill(state, "valkey"))
        waited.append(stack.status(state)["parts"]["valkey"]["paused"])
    assert waited == [0, 0.5, 1]


def test_given_part_when_stopped_then_it_stays_away_until_it_is_started(state: Path) -> None:
    stack.stop(state, "postgres")
    report = stack.status(state)
    assert report["parts"]["postgres"]["state"] == "stopped"
    assert not report["healthy"]
    assert report["parts"]["valkey"]["healthy"]
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(described(state)["database_url"])
    stack.start(state, "postgres")
    assert stack.status(state)["healthy"]


def test_given_part_when_restarted_then_it_has_another_process(state: Path) -> None:
    before = stack.status(state)["parts"]["postgres"]["pid"]
    stack.restart(state, "postgres")
    assert stack.status(state)["parts"]["postgres"]["pid"] != before


def test_given_frozen_part_when_asked_then_status_says_it_does_not_serve(state: Path) -> None:
    pid = stack.kill(state, "valkey", signal.SIGSTOP)
    try:
        wait_for(lambda: not stack.status(state)["parts"]["valkey"]["healthy"])
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: stack.status(state)["parts"]["valkey"]["healthy"])


def test_given_unknown_part_when_stopped_then_the_error_names_the_parts(state: Path) -> None:
    with pytest.raises(StackError, match=r"no part asteroid: there are postgres, valkey"):
        stack.stop(state, "asteroid")


def test_given_running_stack_when_up_again_then_it_is_left_as_it_is(state: Path) -> None:
    before = stack.status(state)
    again = stack.up(state, before["base"], only=SERVERS)
    assert again["state"] == str(state)
    assert stack.status(state)["supervisor"] == before["supervisor"]


def test_given_running_stack_when_up_with_other_ports_then_one_line_says_what_to_do(state: Path) -> None:
    with pytest.raises(StackError, match="take it down first") as refused:
        stack.up(state, 30000, only=SERVERS)
    assert "\n" not in str(refused.value)
    assert stack.status(state)["healthy"]


def test_given_stack_when_down_then_no_process_is_left_and_its_data_is_there_next_time(tmp_path: Path) -> None:
    told = start(tmp_path / "s", only=SERVERS)
    server = told["database_url"].rpartition("/")[0] + "/postgres"
    connection = psycopg2.connect(server)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (n int)")
    connection.close()
    assert stack.processes(tmp_path / "s")
    stack.down(tmp_path / "s")
    assert stack.processes(tmp_path / "s") == []
    told = stack.up(tmp_path / "s", told["base"], only=SERVERS)
    connection = psycopg2.connect(server)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
    connection.close()
    stack.down(tmp_path / "s")


def test_given_supervisor_is_killed_then_its_parts_die_with_it_and_the_stack_comes_up_again(tmp_path: Path) -> None:
    told = start(tmp_path / "s", only=SERVERS)
    os.kill(stack.status(tmp_path / "s")["supervisor"], signal.SIGKILL)
    wait_for(lambda: not stack.processes(tmp_path / "s"))
    assert not stack.status(tmp_path / "s")["healthy"]
    lock = tmp_path / "s" / "postgres" / "postmaster.pid"  # its number may be somebody else's by now
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().split("\n")[1:]]))
    stack.up(tmp_path / "s", told["base"], only=SERVERS)
    assert stack.status(tmp_path / "s")["healthy"]
    stack.down(tmp_path / "s")


def test_given_folder_removed_under_a_running_stack_when_down_then_its_processes_end_all_the_same(tmp_path: Path) -> None:
    start(tmp_path / "s", only=("valkey",))
    (tmp_path / "s").rename(tmp_path / "gone")
    assert stack.processes(tmp_path / "s")
    stack.down(tmp_path / "s")
    assert stack.processes(tmp_path / "s") == []


def test_given_taken_port_when_up_then_one_line_names_it_and_nothing_is_started(tmp_path: Path) -> None:
    base = free_base()
    with socket.create_server(("127.0.0.1", base + 2)):
        with pytest.raises(StackError, match=f"TCP port {base + 2} is taken: .*--ports"):
            stack.up(tmp_path / "s", base, only=SERVERS)
        assert stack.processes(tmp_path / "s") == []


def test_given_taken_sip_port_when_up_then_one_line_names_it(tmp_path: Path) -> None:
    base = free_base()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", base + 3))
        with pytest.raises(StackError, match=f"UDP port {base + 3} is taken"):
            stack.up(tmp_path / "s", base, only=SERVERS)


@pytest.mark.parametrize("base", [0, 80, 65000, -5])
def test_given_impossible_ports_when_up_then_the_line_says_which_are_possible(tmp_path: Path, base: int) -> None:
    with pytest.raises(StackError, match="between 1024 and"):
        stack.up(tmp_path / "s", base, only=SERVERS)


def test_given_long_path_when_up_then_the_line_asks_for_a_shorter_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="choose a shorter one with --state"):
        stack.up(tmp_path / ("s" * 90), only=SERVERS)


def test_given_full_disk_when_up_then_the_line_says_how_much_room_to_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "LEAST_DISK", 10**18)
    with pytest.raises(StackError, match=r"MB free at .*: make \d+ MB room"):
        stack.up(tmp_path / "s", free_base(), only=SERVERS)


def test_given_state_that_cannot_be_written_when_up_then_the_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="cannot write to"):
        stack.up(tmp_path / "file" / "s", free_base(), only=SERVERS)


def test_given_part_that_cannot_start_when_up_then_its_last_words_are_told_and_nothing_is_left(tmp_path: Path) -> None:
    told = start(tmp_path / "s", only=SERVERS)
    stack.down(tmp_path / "s")
    (tmp_path / "s/postgres/postgresql.conf").write_text("no such setting = at all\n")
    with pytest.raises(StackError, match=r"postgres does not start: .*postgresql\.conf") as refused:
        stack.up(tmp_path / "s", told["base"], only=SERVERS)
    assert "\n" not in str(refused.value)
    assert stack.processes(tmp_path / "s") == []


def test_given_up_when_interrupted_then_nothing_is_left(tmp_path: Path) -> None:
    state = tmp_path / "s"
    command = [sys.executable, "-m", "deploy.stack", "up", "--state", str(state), "--ports", str(free_base()), "--only"]
    with subprocess.Popen([*command, ",".join(SERVERS)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as going:
        wait_for(lambda: stack.processes(state))
        going.send_signal(signal.SIGINT)
        _, said = going.communicate(timeout=30)
    assert going.returncode == 130
    assert "nothing is running" in said
    assert stack.processes(state) == []


def test_given_no_stack_when_asked_then_command_line_says_how_to_start_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.stack", "status", "--state", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "python -m deploy.stack up" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_given_no_stack_when_down_then_nothing_happens(tmp_path: Path) -> None:
    stack.down(tmp_path)
    assert list(tmp_path.iterdir()) == []
