"""Sums of money and points, pure.

What part of an order something stands for is found by rounding the running total, never each part: the parts of a whole then
always add up to it, however often it is split.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)


def part(whole: Decimal, of: Decimal, all_of: Decimal) -> Decimal:
    """The part of `whole` that belongs to `of` out of `all_of`, to the cent. All of it for all; nothing of nothing."""
    if of >= all_of:
        return whole
    return (whole * of / all_of).quantize(CENT, ROUND_HALF_UP)


def whole_part(points: int, of: Decimal, all_of: Decimal) -> int:
    """The same of points, rounded down."""
    return points if of >= all_of else int(points * of / all_of)


def shares(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`whole` spread over the weights. The shares sum up to it; with no weight at all the last takes it."""
    everything = sum(weights, ZERO)
    found: list[Decimal] = []
    weighed = given = ZERO
    for weight in weights:
        weighed += weight
        upto = part(whole, weighed, everything) if everything else ZERO
        found.append(upto - given)
        given = upto
    if found:
        found[-1] += whole - given
    return found
