"""Speech: what a caller hears, as text of the tables, and that every sound it needs is in them."""

import datetime as dt
from decimal import Decimal

import cn2an
import msgspec
import num2words
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccenter.acd.speech import (
    UNSPOKEN,
    Amount,
    Date,
    Digits,
    Number,
    Position,
    Prompt,
    Say,
    TimeOfDay,
    Wait,
    say,
)
from tests.sounds import table

LANGUAGES = ("zh", "en")
SPOKEN = [
    (Number(0), "零", "zero"),
    (Number(2), "二", "two"),
    (Number(15), "十五", "fifteen"),
    (Number(23), "二十三", "twenty-three"),
    (Number(105), "一百零五", "one hundred and five"),
    (Number(115), "一百一十五", "one hundred and fifteen"),
    (Number(200), "两百", "two hundred"),
    (Number(1050), "一千零五十", "one thousand and fifty"),
    (Number(2000), "两千", "two thousand"),
    (Number(2020), "两千零二十", "two thousand and twenty"),
    (Number(10050), "一万零五十", "ten thousand and fifty"),
    (Number(22222), "两万两千两百二十二", "twenty-two thousand two hundred and twenty-two"),
    (Number(200000), "二十万", "two hundred thousand"),
    (Number(-8), "负八", "minus eight"),
    (Digits("13800138000"), "幺三八零零幺三八零零零", "one three eight zero zero one three eight zero zero zero"),
    (Digits("1001"), "幺零零幺", "one zero zero one"),
    (Digits("121", phone=False), "一二一", "one two one"),
    (Digits("+86-10 #*"), "八六幺零井号星号", "eight six one zero pound star"),
    (Amount("105"), "一百零五元", "one hundred and five yuan"),
    (Amount("2"), "两元", "two yuan"),
    (Amount("22.20"), "二十二元两角", "twenty-two yuan and twenty fen"),
    (Amount("102"), "一百零二元", "one hundred and two yuan"),
    (Amount("1200"), "一千两百元", "one thousand two hundred yuan"),
    (Amount("120000"), "十二万元", "one hundred and twenty thousand yuan"),
    (Amount("12.34"), "十二元三角四分", "twelve yuan and thirty-four fen"),
    (Amount("12.05"), "十二元零五分", "twelve yuan and five fen"),
    (Amount("0.5"), "五角", "fifty fen"),
    (Amount("0.05"), "五分", "five fen"),
    (Amount("0"), "零元", "zero yuan"),
    (Amount("-3"), "负三元", "minus three yuan"),
    (Date("2026-11-22"), "二零二六年十一月二十二日", "November twenty-second twenty twenty-six"),
    (Date("1985-02-01"), "一九八五年二月一日", "February first nineteen eighty-five"),
    (Date("2005-10-03"), "二零零五年十月三日", "October third two thousand and five"),
    (Date("1900-01-31"), "一九零零年一月三十一日", "January thirty-first nineteen hundred"),
    (Date("2026-11-22", weekday=True), None, "November twenty-second twenty twenty-six Sunday"),
    (TimeOfDay("09:00"), "上午九点", "nine AM"),
    (TimeOfDay("14:05"), "下午两点零五分", "two oh five PM"),
    (TimeOfDay("12:30"), "中午十二点三十分", "twelve thirty PM"),
    (TimeOfDay("00:00"), "凌晨零点", "midnight"),
    (TimeOfDay("00:15"), "凌晨零点十五分", "twelve fifteen AM"),
    (Wait(0), "预计等待时间不到一分钟。", "Your expected wait is less than a minute."),
    (Wait(61), "预计等待两分钟。", "Your expected wait is two minutes."),
    (Wait(22.5 * 60), "预计等待二十三分钟。", "Your expected wait is twenty-three minutes."),
    (Wait(1801), "预计等待时间超过三十分钟。", "Your expected wait is more than thirty minutes."),
    (Position(0), "您是下一位。", "You are next in line."),
    (Position(1), "您前面还有一位客户。", "There is one customer ahead of you."),
    (Position(2), "您前面还有两位客户。", "There are two customers ahead of you."),
    (Position(51), "您前面的客户超过五十位。", "There are more than fifty customers ahead of you."),
]


@pytest.mark.parametrize(("item", "chinese", "english"), SPOKEN, ids=lambda value: str(value))
def test_given_an_item_when_spoken_then_it_is_what_a_speaker_would_say(item: Say, chinese: str | None, english: str) -> None:
    if chinese is not None:
        assert table.text("zh", say("zh", item)) == chinese
    assert table.text("en", say("en", item)) == english


@pytest.mark.parametrize("language", LANGUAGES)
@given(value=st.integers(-(10**12) + 1, 10**12 - 1) | st.integers(-20_000, 20_000))
def test_given_any_number_when_spoken_then_another_library_says_the_same(language: str, value: int) -> None:
    spoken = table.text(language, say(language, Number(value)))
    if language == "zh":
        assert spoken.replace("两", "二") == cn2an.an2cn(value, "low")
    else:
        assert spoken == num2words.num2words(value).replace(",", "")


@given(fen=st.integers(0, 10**14 - 100))
def test_given_any_amount_when_spoken_then_its_yuan_are_spoken_as_a_number(fen: int) -> None:
    yuan = fen // 100
    spoken = table.text("zh", say("zh", Amount(str(Decimal(fen) / 100)))).replace("两", "二")
    assert spoken.startswith(cn2an.an2cn(yuan, "low") + "元") or yuan == 0
    assert ("角" in spoken) == (fen % 100 >= 10)
    assert ("分" in spoken) == (fen % 10 > 0)


@given(text=st.text("0123456789", min_size=1, max_size=30))
def test_given_any_digits_when_spoken_then_all_are_heard_in_order(text: str) -> None:
    heard = table.text("zh", say("zh", Digits(text)))
    assert heard == "".join("零幺二三四五六七八九"[int(digit)] for digit in text)


def items() -> st.SearchStrategy[Say]:
    """Anything that can be asked for, sense and nonsense."""
    text = st.text() | st.text("0123456789.-:+eE*# ")
    return st.one_of(
        st.builds(Number, st.integers()),
        st.builds(Digits, text, st.booleans()),
        st.builds(Amount, text | st.decimals().map(str), st.sampled_from(["CNY", "CNY", "USD", ""])),
        st.builds(Date, text | st.dates().map(dt.date.isoformat), st.booleans()),
        st.builds(TimeOfDay, text | st.times().map(dt.time.isoformat)),
        st.builds(Wait, st.floats()),
        st.builds(Position, st.integers()),
    )


@pytest.mark.parametrize("language", [*LANGUAGES, "en-GB", "zh-hans", "fr", ""])
@given(item=items())
def test_given_anything_when_spoken_then_every_sound_is_in_the_table(language: str, item: Say) -> None:
    names = say(language, item)
    assert set(names) <= table.load("en" if language.startswith("en") else "zh").keys()
    assert names or isinstance(item, Digits)


@pytest.mark.parametrize("language", LANGUAGES)
def test_given_all_that_is_recorded_whole_when_spoken_then_it_is_one_sound(language: str) -> None:
    whole: list[Say] = [Number(n) for n in range(100)]
    whole += [Position(n) for n in range(60)] + [Wait(60 * n) for n in range(40)]
    whole += [TimeOfDay(f"{hour:02}:00") for hour in range(24)]
    whole += [Amount(str(n)) for n in range(100)] if language == "zh" else []
    assert {len(say(language, item)) for item in whole} == {1}


def test_given_a_language_without_a_table_when_spoken_then_it_is_chinese() -> None:
    assert say("fr", Date("2026-11-22")) == say("zh", Date("2026-11-22"))
    assert say("EN-gb", Date("2026-11-22")) == say("en", Date("2026-11-22"))


@pytest.mark.parametrize(
    "item",
    [
        Amount("twelve"),
        Amount("NaN"),
        Amount("1e999999999"),
        Amount("5", "USD"),
        Date("2026-02-30"),
        Date("tomorrow"),
        TimeOfDay("25:00"),
        Wait(float("nan")),
    ],
    ids=lambda value: str(value),
)
def test_given_what_makes_no_sense_when_spoken_then_the_caller_hears_an_apology(item: Say) -> None:
    assert say("zh", item) == say("en", item) == UNSPOKEN


@given(item=items())
def test_given_an_item_when_it_went_through_json_then_it_is_the_same(item: Say) -> None:
    if isinstance(item, Wait) and item.seconds != item.seconds:  # JSON knows no NaN
        return
    if isinstance(item, Wait) and abs(item.seconds) == float("inf"):
        return
    assert msgspec.json.decode(msgspec.json.encode(item), type=Say) == item


def test_given_a_prompt_when_spoken_then_it_is_its_own_name() -> None:
    assert say("zh", Prompt("welcome")) == say("en", Prompt("welcome")) == ("welcome",)


def test_given_the_two_tables_then_both_have_every_sentence() -> None:
    sentences = [{name for name, entry in table.load(code).items() if not entry.fragment} for code in LANGUAGES]
    assert sentences[0] == sentences[1]
