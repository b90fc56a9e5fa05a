"""Whatever the network sends becomes one number, or says that it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccenter.calls import numbers
from ccenter.calls.numbers import LONGEST, normalise, place

BEIJING = "+8613800138000"


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "013800138000",
        "8613800138000",
        "+8613800138000",
        "008613800138000",
        "+86 138-0013-8000",
        "(0086)138.0013.8000",
        "１３８００１３８０００",
        '"13800138000"',
        "sip:13800138000@10.0.0.1;user=phone",
        "tel:+86-138-0013-8000",
    ],
)
def test_given_the_ways_to_write_a_mobile_number_then_it_is_one_number(raw: str) -> None:
    assert normalise(raw) == (BEIJING, "mobile")


@pytest.mark.parametrize(
    ("raw", "number", "kind", "province", "city"),
    [
        ("057188886666", "+8657188886666", "fixed", "浙江省", "杭州市"),
        ("02112345678", "+862112345678", "fixed", "上海市", "上海市"),
        ("0471-1234567", "+864711234567", "fixed", "内蒙古", "呼和浩特市"),
        ("09912345678", "+869912345678", "fixed", "新疆维吾尔自治区", "乌鲁木齐市"),
        ("08911234567", "+868911234567", "fixed", "西藏", "拉萨市"),
        ("07715512345", "+867715512345", "fixed", "广西壮族自治区", "南宁市、崇左市"),
        ("19900000000", "+8619900000000", "mobile", "", ""),
        ("4008001001", "+864008001001", "service", "", ""),
        ("8008101234", "+868008101234", "service", "", ""),
        ("+12025550123", "+12025550123", "fixed", "美国", ""),
        ("+85223456789", "+85223456789", "fixed", "香港", ""),
        ("110", "110", "short", "", ""),
        ("95588", "95588", "short", "", ""),
        ("1001", "1001", "short", "", ""),
        ("88886666", "88886666", "other", "", ""),
        ("9" * 40, "9" * 40, "other", "", ""),
        ("9" * 400, "9" * 40, "other", "", ""),
        ("++8613800138000", "++8613800138000", "other", "", ""),
        ("13800138000'; DROP TABLE calls", "13800138000", "other", "", ""),
        ("张三13800138000", "13800138000", "other", "", ""),
        ("1380013\r\nX-Evil: 8000", "13800138000", "other", "", ""),
        ("*100#", "*100#", "other", "", ""),
        ("", "", "withheld", "", ""),
        ("anonymous", "", "withheld", "", ""),
        ("Anonymous <sip:anonymous@anonymous.invalid>", "", "withheld", "", ""),
        ("张三", "", "withheld", "", ""),
        ("+", "", "withheld", "", ""),
        ("\0", "", "withheld", "", ""),
    ],
)
def test_given_what_trunks_send_then_it_is_read_or_named(raw: str, number: str, kind: str, province: str, city: str) -> None:
    read = normalise(raw)
    assert (read.number, read.kind, read.province, read.city) == (number, kind, province, city)


@given(st.text(max_size=200) | st.text("0123456789+*# -()", max_size=60))
def test_given_anything_then_the_answer_is_safe_to_keep_and_reading_it_again_changes_nothing(raw: str) -> None:
    once = normalise(raw)
    assert len(once.number) <= LONGEST
    assert set(once.number) <= set("0123456789+*#")
    assert (once.kind == "withheld") == (once.number == "")
    again = normalise(once.number)
    assert again.number == once.number
    if once.is_e164:
        assert again == once


def test_given_another_region_then_numbers_are_read_as_there() -> None:
    assert normalise("2025550123", "US").number == "+12025550123"


@pytest.mark.parametrize(
    ("number", "chinese", "english"),
    [
        (BEIJING, "北京市", "Beijing"),
        ("+8657188886666", "浙江省杭州市", "Hangzhou, Zhejiang"),
        ("+8619900000000", "", ""),
        ("+12025550123", "美国", "Washington D.C."),
        ("110", "", ""),
        ("", "", ""),
    ],
)
def test_given_a_number_when_its_place_is_shown_then_it_is_in_the_readers_language(
    number: str, chinese: str, english: str
) -> None:
    assert (place(number), place(number, "en")) == (chinese, english)


@pytest.mark.parametrize(
    ("dialled", "whole", "spelt"),
    [
        ("13800138000", "+8613800138000", "13800138000"),
        ("057188880000", "+8657188880000", "057188880000"),
        ("+8613800138000", "+8613800138000", "13800138000"),
        ("0012125550123", "+12125550123", "+12125550123"),
        ("4008001001", "4008001001", "4008001001"),
        ("1001", "1001", "1001"),
        ("110", "110", "110"),
        ("*97#", "*97#", "*97#"),
    ],
)
def test_given_a_number_somebody_dials_then_the_core_has_one_form_of_it_and_the_trunk_gets_what_is_dialled_here(
    dialled: str, whole: str, spelt: str
) -> None:
    assert numbers.whole(dialled) == whole
    assert numbers.spelt(whole) == spelt
