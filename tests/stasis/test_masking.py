"""No telephone number in a log."""

import logging

import pytest

from ccenter.stasis.masking import MaskingFormatter, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call from +8613800138000 ended", "call from +86***00 ended"),
        ("CallOffered(leg='ast1-1795311827.0', ani='13800138000')", "CallOffered(leg='ast1-1795311827.0', ani='13***00')"),
        ("PJSIP/13800138000@trunk-demo", "PJSIP/13***00@trunk-demo"),
        ("request 81778dbf-4994-40ce-921d-042f470ef8e8", "request 81778dbf-4994-40ce-921d-042f470ef8e8"),
        ("at 1795313894.4053109, seat 1001, leg ast1-l17", "at 1795313894.4053109, seat 1001, leg ast1-l17"),
        ("02162345678", "02***78"),
    ],
)
def test_given_a_line_then_numbers_are_masked_and_ids_are_kept(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_given_a_traceback_then_it_is_masked_too() -> None:
    try:
        raise ValueError("13800138000 is wrong")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", 40, "", 0, "for %s", ("+8613800138000",), __import__("sys").exc_info())
    line = MaskingFormatter("%(message)s").format(record)
    assert "138000" not in line and "ValueError" in line
