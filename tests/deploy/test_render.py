"""Asterisk's configuration as a stack has it, and what set-up leaves."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from deploy import music, render
from deploy.layout import REPO, Layout


def test_given_templates_when_rendered_then_no_hole_is_left_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    layout = Layout(tmp_path, 20000)
    layout.make_folders()
    render.render(layout)
    files = list(layout.etc.glob("*.conf"))
    assert {"pjsip.conf", "extensions.conf", "modules.conf", "ari.conf", "manager.conf"} <= {file.name for file in files}
    for file in files:
        assert "@@" not in file.read_text(), file.name
        assert file.stat().st_mode & 0o777 == 0o600
    assert "bind = 127.0.0.1:20003" in (layout.etc / "pjsip.conf").read_text()
    assert layout.passwords["ari"] in (layout.etc / "ari.conf").read_text()
    for address in render.addresses()[:1]:
        assert f"{address} => 127.0.0.1,include_local_address" in (layout.etc / "rtp.conf").read_text()


def test_given_hole_without_value_when_filled_then_it_is_an_error() -> None:
    with pytest.raises(KeyError):
        render.fill("port = @@{NO_SUCH}", {})
    assert render.fill("${EXTEN}@@{A}", {"A": "1"}) == "${EXTEN}1"


def test_given_uploaded_prompt_when_rendered_again_then_it_stays_in_the_place_of_ours(tmp_path: Path) -> None:
    layout = Layout(tmp_path, 20000)
    layout.make_folders()
    render.render(layout)
    prompt = tmp_path / "data/sounds/zh/cc/lastresort-thanks.alaw"
    assert prompt.is_symlink()
    assert prompt.stat().st_size > 8000
    prompt.unlink()
    prompt.write_bytes(b"\xd5" * 800)
    render.render(layout)
    assert prompt.read_bytes() == b"\xd5" * 800


@pytest.mark.slow
def test_given_melody_when_decoded_then_it_is_soft_and_loops_without_a_click() -> None:
    sound = _decoded(np.frombuffer(music.rendered().read_bytes(), np.uint8))
    assert 30 < len(sound) / music.RATE < 120
    assert 0.05 < np.abs(sound).max() <= music.LOUDNESS + 0.01
    assert 0.005 < np.sqrt(np.mean(sound**2)) < 0.1  # about 30 dB under full scale: behind a voice
    assert np.abs(sound[-200:]).max() < 0.01
    assert np.abs(sound[:8]).max() < 0.02
    wanted = np.asarray(music.samples())
    wanted *= music.LOUDNESS / np.abs(wanted).max()
    noise = np.sqrt(np.mean((sound - wanted) ** 2)) / np.sqrt(np.mean(wanted**2))
    assert noise < 0.05  # what A-law costs


def _decoded(coded: np.ndarray) -> np.ndarray:
    """A-law to -1..1, by the table of G.711."""
    value = coded ^ 0x55
    segment, step = (value >> 4) & 7, (value & 0x0F).astype(int)
    size = np.where(segment == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(segment.astype(int) - 1, 0))
    return np.where(value & 0x80, size, -size) / 32768


def test_given_done_setup_when_run_again_then_it_costs_nothing() -> None:
    subprocess.run([REPO / "deploy/setup.sh", "tests"], capture_output=True, check=True)
    done = subprocess.run([REPO / "deploy/setup.sh", "tests"], capture_output=True, text=True, check=True)
    assert "installing" not in done.stdout
