"""The files for an installation without the local stack: read, rendered and held against each other."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy import parts, render
from deploy.layout import REPO, Layout, StackError
from deploy.run import commands

PROGRAMS = {"agi", "recorder", "cti", "worker", "beat", "web"}


def example() -> dict[str, str]:
    lines = [line for line in (REPO / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_given_example_then_it_names_all_that_the_local_stack_sets_and_hides_no_comment_in_a_value(tmp_path: Path) -> None:
    known = example()
    assert set(Layout(tmp_path, 20000).environment()) - set(known) == {"CC_TRUNK_PORT"}  # the local stack's own
    assert not [value for value in known.values() if "#" in value]


def test_given_environment_when_rendered_then_an_installation_has_no_trunk_or_user_of_the_local_stack(tmp_path: Path) -> None:
    environment = {**example(), "CC_STATE": str(tmp_path / "state"), "CC_ARI_PASSWORD": "a1", "CC_AMI_PASSWORD": "a2"}
    environment["CC_ASTERISK_MODULES"] = "/usr/lib/asterisk/modules"
    render.install(tmp_path / "etc", environment)
    shown = {file.name: file.read_text() for file in (tmp_path / "etc").glob("*.conf")}
    everything = "".join(shown.values())
    assert "@@" not in everything
    assert "trunk-demo" not in everything
    assert "[bench]" not in shown["manager.conf"]
    assert "bind = 0.0.0.0:5060" in shown["pjsip.conf"]
    assert "bindaddr = 127.0.0.1" in shown["http.conf"]  # ARI stays inside whatever SIP does
    assert "bindport = 8088" in shown["http.conf"]
    assert (tmp_path / "state/data/sounds/zh/cc/lastresort-thanks.alaw").is_file()


def test_given_missing_variable_when_rendered_then_the_line_names_it(tmp_path: Path) -> None:
    environment = example()
    del environment["CC_NODE"]
    with pytest.raises(StackError, match="CC_NODE is not set"):
        render.install(tmp_path / "etc", {**environment, "CC_STATE": str(tmp_path)})


def test_given_unknown_program_when_run_then_usage_names_the_programs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.run", "no-such"], capture_output=True, text=True, check=False, cwd=REPO, env=os.environ
    )
    assert done.returncode == 1
    assert "agi|recorder|cti|worker|beat|web" in done.stderr


def test_given_compose_file_then_every_program_runs_from_the_app_image_and_nothing_publishes_a_port() -> None:
    services = yaml.safe_load((REPO / "deploy/compose.yaml").read_text())["services"]
    programs = {name: service for name, service in services.items() if service.get("image") == "ccenter-app"}
    assert set(programs) - {"prepare"} == PROGRAMS
    for name in PROGRAMS:
        assert programs[name]["command"] == [name]
        assert name in commands("8000")
        assert programs[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    assert not [name for name, service in services.items() if "ports" in service]
    assert "127.0.0.1" in services["valkey"]["command"]
    assert "listen_addresses=127.0.0.1" in services["postgres"]["command"]


def test_given_compose_file_then_every_variable_it_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (REPO / "deploy/compose.yaml").read_text()))
    assert asked <= set(example())


def test_given_units_then_the_target_wants_every_program_and_each_is_restarted() -> None:
    target = (REPO / "deploy/systemd/ccenter.target").read_text()
    assert set(re.findall(r"ccenter@(\w+)\.service", target)) == PROGRAMS
    unit = (REPO / "deploy/systemd/ccenter@.service").read_text()
    assert "python -m deploy.run %i" in unit
    assert "Restart=always" in unit


def test_given_proxy_then_asterisk_is_reached_by_one_path_as_its_websocket_alone() -> None:
    text = re.sub(r"#.*", "", (REPO / "deploy/Caddyfile").read_text())
    to_switch = re.findall(r"handle (\S+) \{\s*rewrite \* (\S+)\s*reverse_proxy \{\$CC_SWITCH", text)
    assert to_switch == [("/ws/sip", "/ws")]
    assert text.count("CC_SWITCH") == 1
    assert example()["CC_SIP_WS"] == f"wss://{example()['CC_DOMAIN']}/ws/sip"


def test_given_units_then_each_program_is_as_nice_as_in_the_local_stack(tmp_path: Path) -> None:
    for part in parts.build(Layout(tmp_path, 20000), tuple(PROGRAMS)):
        drop_in = REPO / f"deploy/systemd/ccenter@{part.name}.service.d/nice.conf"
        nice = re.findall(r"^Nice=(-?\d+)$", drop_in.read_text(), re.MULTILINE) if drop_in.exists() else ["0"]
        assert nice == [str(part.nice)], part.name


def test_given_addresses_seen_from_outside_when_rendered_then_browsers_are_told_them_and_nonsense_is_an_error(
    tmp_path: Path,
) -> None:
    environment = {**example(), "CC_STATE": str(tmp_path / "state"), "CC_ASTERISK_MODULES": "/usr/lib/asterisk/modules"}
    given = {**environment, "CC_MEDIA_ADDRESSES": "10.0.0.5=203.0.113.7, 10.0.1.5=203.0.113.8"}
    render.install(tmp_path / "etc", given)
    rtp = (tmp_path / "etc/rtp.conf").read_text()
    assert "10.0.0.5 => 203.0.113.7\n10.0.1.5 => 203.0.113.8\n" in rtp.partition("[ice_host_candidates]")[2]
    with pytest.raises(StackError, match="own=seen"):
        render.install(tmp_path / "etc", {**environment, "CC_MEDIA_ADDRESSES": "10.0.0.5;hostname"})
