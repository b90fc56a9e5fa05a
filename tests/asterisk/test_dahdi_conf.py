"""The E1 configuration, checked without a card: the three files are read as DAHDI and Asterisk read them, and must agree."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CONF = Path(__file__).resolve().parents[2] / "asterisk" / "conf"
PER_SPAN = 31
FRAMING = {"bchan": "ccs", "mtp2": "ccs", "cas": "cas"}
# A group's signalling, what system.conf must give its channels, and who carries the signalling.
KINDS = {"pri_cpe": "bchan", "ss7": "bchan", "mfcr2": "cas"}
SIGNALLING_CHANNEL = {"pri_cpe": "dchan", "ss7": "mtp2", "mfcr2": "dchan"}


def channels(text: str) -> list[int]:
    """The numbers of "1-15,17-31"."""
    found = []
    for piece in text.split(","):
        first, _, last = piece.strip().partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@dataclass
class Span:
    number: int
    timing: int
    framing: str
    coding: str
    options: list[str]


@dataclass
class System:
    """system.conf: spans, and for each channel what it is (bchan, dchan, mtp2, cas); lists keep what is said twice."""

    spans: list[Span] = field(default_factory=list)
    uses: list[tuple[int, str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)

    def use(self, channel: int) -> str:
        return dict(self.uses)[channel]


@dataclass
class Group:
    """Channels of chan_dahdi.conf with the settings that held when they were declared."""

    channels: list[int]
    settings: dict[str, str]


def read_system() -> System:
    system = System()
    for raw in (CONF / "system.conf").read_text().splitlines():
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "span":
            number, timing, _, framing, coding, *options = value.split(",")
            system.spans.append(Span(int(number), int(timing), framing, coding, options))
        elif key in ("bchan", "dchan", "mtp2"):
            system.uses += [(channel, key) for channel in channels(value)]
        elif key == "cas":
            numbers, _, idle = value.partition(":")
            assert re.fullmatch("[01]{4}", idle), f"idle bits of {line}"
            system.uses += [(channel, key) for channel in channels(numbers)]
        elif key == "echocanceller":
            name, _, numbers = value.partition(",")
            assert name == "mg2"
            system.cancelled += channels(numbers)
        else:
            assert key in ("loadzone", "defaultzone"), f"unknown: {line}"
            system.zones[key] = value
    return system


def lines(name: str) -> list[str]:
    found = []
    for raw in (CONF / name).read_text().splitlines():
        if match := re.fullmatch(r"#include (\S+)\s*", raw):
            found += lines(match[1])
        elif line := raw.partition(";")[0].strip():
            found.append(line)
    return found


def read_groups() -> tuple[list[Group], list[str]]:
    """The groups of chan_dahdi.conf (ss7.conf included), and every key that occurs."""
    settings: dict[str, str] = {}
    groups: list[Group] = []
    keys: list[str] = []
    for line in lines("chan_dahdi.conf"):
        if line.startswith("["):
            assert line in ("[trunkgroups]", "[channels]")
            continue
        key, _, value = (part.strip() for part in re.sub("=>", "=", line).partition("="))
        keys.append(key)
        if key == "channel":
            groups.append(Group(channels(value), dict(settings)))
        else:
            settings[key] = value
            if key == "sigchan":
                for group in groups:
                    if group.settings.get("linkset") == settings["linkset"] and group.settings["signalling"] == "ss7":
                        group.settings.setdefault("sigchan", value)
    return groups, keys


@pytest.fixture(scope="module")
def system() -> System:
    return read_system()


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return read_groups()[0]


def span_of(channel: int) -> int:
    return (channel - 1) // PER_SPAN + 1


def test_given_spans_then_they_count_from_one_with_their_own_clock_priority_and_hdb3(system: System) -> None:
    assert [span.number for span in system.spans] == list(range(1, len(system.spans) + 1))
    timings = [span.timing for span in system.spans]
    assert 0 not in timings, "towards an exchange we are never the clock"
    assert len(set(timings)) == len(timings)
    assert {span.coding for span in system.spans} == {"hdb3"}
    assert all(set(span.options) <= {"crc4"} for span in system.spans)


def test_given_spans_then_each_of_their_31_channels_has_exactly_one_use(system: System) -> None:
    numbers = [channel for channel, _ in system.uses]
    assert sorted(numbers) == list(range(1, PER_SPAN * len(system.spans) + 1))


def test_given_spans_then_framing_fits_the_use_and_time_slot_16_carries_no_voice(system: System) -> None:
    for span in system.spans:
        slots = [system.use(PER_SPAN * (span.number - 1) + slot) for slot in range(1, PER_SPAN + 1)]
        assert slots[15] in ("dchan", "mtp2")
        (voice,) = set(slots[:15] + slots[16:])
        assert FRAMING[voice] == span.framing
        assert slots[15] != "mtp2" or span.framing == "ccs"


def test_given_voice_channels_then_each_has_echo_cancelled_once_and_signalling_never(system: System) -> None:
    voice = [channel for channel, use in system.uses if use in ("bchan", "cas")]
    assert sorted(system.cancelled) == sorted(voice)


def test_given_groups_then_their_channels_are_the_voice_channels_and_none_is_in_two(system: System, groups: list[Group]) -> None:
    declared = [channel for group in groups for channel in group.channels]
    assert len(set(declared)) == len(declared)
    assert sorted(declared) == sorted(channel for channel, use in system.uses if use in ("bchan", "cas"))


def test_given_groups_then_signalling_fits_what_the_span_carries(system: System, groups: list[Group]) -> None:
    for group in groups:
        signalling = group.settings["signalling"]
        spans = {span_of(channel) for channel in group.channels}
        assert len(spans) == 1, "a group of one kind stays on one span"
        assert {system.use(channel) for channel in group.channels} == {KINDS[signalling]}
        slot16 = PER_SPAN * (spans.pop() - 1) + 16
        assert slot16 not in group.channels
        assert system.use(slot16) == SIGNALLING_CHANNEL[signalling]


def test_given_all_three_kinds_then_each_is_a_trunk_of_its_own_into_the_screened_context(groups: list[Group]) -> None:
    trunks: dict[str, set[str]] = {}
    for group in groups:
        assert group.settings["context"] == "from-trunk"
        name, _, code = group.settings["setvar"].partition("=")
        assert name == "TRUNK"
        assert re.fullmatch("[a-z0-9-]+", code)
        trunks.setdefault(group.settings["signalling"], set()).add(f"{code} in group {group.settings['group']}")
    assert set(trunks) == {"pri_cpe", "ss7", "mfcr2"}
    every = [trunk for found in trunks.values() for trunk in found]
    assert len(set(every)) == len(every) == len(trunks)


def test_given_pri_then_it_is_euroisdn_with_the_exchange_as_the_network(groups: list[Group]) -> None:
    (pri,) = [group for group in groups if group.settings["signalling"] == "pri_cpe"]
    assert pri.settings["switchtype"] == "euroisdn"
    assert len(pri.channels) == 30


def test_given_ss7_then_the_link_is_the_mtp2_channel_and_circuits_follow_time_slots(system: System, groups: list[Group]) -> None:
    ss7 = [group for group in groups if group.settings["signalling"] == "ss7"]
    for group in ss7:
        assert {"linkset", "pointcode", "adjpointcode", "defaultdpc", "networkindicator"} <= set(group.settings)
        assert system.use(int(group.settings["sigchan"])) == "mtp2"
        assert group.settings["pointcode"] != group.settings["adjpointcode"]
        assert max(int(group.settings[key]) for key in ("pointcode", "adjpointcode", "defaultdpc")) < 2**14
        first = group.channels[0] - PER_SPAN * (span_of(group.channels[0]) - 1)
        assert int(group.settings["cicbeginswith"]) == first
    assert sum(len(group.channels) for group in ss7) == 30


def test_given_r2_then_it_is_chinas_variant_and_a_refused_caller_is_not_charged(groups: list[Group]) -> None:
    (r2,) = [group for group in groups if group.settings["signalling"] == "mfcr2"]
    assert r2.settings["mfcr2_variant"] == "cn"
    assert r2.settings["mfcr2_accept_on_offer"] == "no"
    assert int(r2.settings["mfcr2_max_dnis"]) >= 12
    assert int(r2.settings["mfcr2_max_ani"]) >= 12
    assert len(r2.channels) == 30


def test_given_zones_then_tones_are_the_countrys(system: System) -> None:
    assert system.zones == {"loadzone": "cn", "defaultzone": "cn"}


def test_given_keys_then_asterisk_documents_every_one() -> None:
    from deploy import asterisk

    asterisk.find()
    sample = next(
        path
        for path in (asterisk.UNPACKED / "etc/asterisk/chan_dahdi.conf", Path("/etc/asterisk/chan_dahdi.conf"))
        if path.exists()
    )
    known = set(re.findall(r"^[; ]*([a-z0-9_]+) *=>? *", sample.read_text(), re.MULTILINE))
    assert set(read_groups()[1]) - known == set()
