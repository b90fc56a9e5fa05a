"""Parts of money and points add up to the whole, however it is split."""

from decimal import Decimal
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from orders.sums import part, shares, whole_part

MONEY = st.decimals("0", "99999", places=2)


@given(MONEY, st.lists(MONEY, min_size=1, max_size=12))
def test_given_a_whole_when_shared_then_the_shares_sum_up_to_it(whole: Decimal, weights: list[Decimal]) -> None:
    found = shares(whole, weights)
    assert sum(found) == whole
    assert all(share == share.quantize(Decimal("0.01")) for share in found)
    assert all(share >= 0 for share in found)


@given(st.data())
def test_given_goods_that_come_back_piece_by_piece_then_what_is_paid_back_never_falls(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.decimals("0.01", "999", places=2), min_size=1, max_size=12))
    everything = sum(pieces, Decimal(0))
    points_value = data.draw(st.decimals("0", everything, places=2))
    paid_back = [goods - part(points_value, goods, everything) for goods in accumulate(pieces)]
    assert paid_back == sorted(paid_back)
    assert paid_back[-1] == everything - points_value
    points = [whole_part(777, goods, everything) for goods in accumulate(pieces)]
    assert points == sorted(points)
    assert points[-1] == 777
