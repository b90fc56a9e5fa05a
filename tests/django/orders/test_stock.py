"""Stock: what is promised is there, whoever asks at the same time."""

import threading
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction

from ccenter.office.errors import Conflict
from orders.models import Product, Reservation, Stock, StockMove
from orders.selectors import stock as selectors
from orders.services import stock
from orders.services.stock import OutOfStock
from tests.django.orders.shop import product

pytestmark = pytest.mark.django_db


@pytest.fixture
def pan(db: None) -> Product:
    """Ten of it."""
    return product("1001", "100", 10)


@pytest.fixture
def pot(db: None) -> Product:
    """Three of it."""
    return product("1002", "50", 3)


def figures(one: Product) -> tuple[int, int]:
    row = Stock.objects.get(pk=one.pk)
    return row.on_hand, row.reserved


# -- an order's life -------------------------------------------------------------------------------------------


def test_given_goods_when_reserved_issued_and_returned_then_the_book_follows(pan: Product) -> None:
    stock.reserve("70001", {pan.pk: 4})
    assert (figures(pan), selectors.available([pan.pk])) == ((10, 4), {pan.pk: 6})
    stock.issue("70001")
    assert figures(pan) == (6, 0)
    stock.put_back("70001", {pan.pk: 1})
    stock.put_back("70001", {pan.pk: 2}, sellable=False)
    assert figures(pan) == (7, 0), "what is broken is not on the shelf"
    kinds = [(move.kind, move.on_hand, move.reserved) for move in reversed(selectors.moves(pan.pk, "70001"))]
    assert kinds == [
        ("reserved", 10, 4),
        ("issued", 6, 0),
        ("returned", 7, 0),
        ("returned", 9, 0),
        ("scrapped", 7, 0),
    ]


def test_given_a_reservation_when_told_again_then_it_is_what_was_told_last(pan: Product, pot: Product) -> None:
    stock.reserve("70001", {pan.pk: 4})
    stock.reserve("70001", {pan.pk: 4})
    assert figures(pan) == (10, 4)
    stock.reserve("70001", {pan.pk: 1, pot.pk: 3})
    assert (figures(pan), figures(pot)) == ((10, 1), (3, 3))
    stock.reserve("70001", {pan.pk: 10})
    assert (figures(pan), figures(pot)) == ((10, 10), (3, 0))
    stock.release("70001")
    stock.release("70001")
    assert (figures(pan), figures(pot)) == ((10, 0), (3, 0))
    assert not Reservation.objects.exists()


def test_given_too_few_when_reserved_then_nothing_is_and_it_says_what_is_left(pan: Product, pot: Product) -> None:
    stock.reserve("70001", {pot.pk: 1})
    with pytest.raises(OutOfStock) as error:
        stock.reserve("70002", {pan.pk: 2, pot.pk: 3})
    assert error.value.short == {pot.pk: 2}
    assert isinstance(error.value, Conflict)
    assert "1002" in error.value.message_dict["lines"][0]
    assert (figures(pan), figures(pot)) == ((10, 0), (3, 1))
    never_bought = product("1003", "1", 0)
    with pytest.raises(OutOfStock):
        stock.reserve("70003", {never_bought.pk: 1})


def test_given_more_of_one_and_less_of_another_when_too_few_are_there_then_the_old_reservation_stays(
    pan: Product, pot: Product
) -> None:
    stock.reserve("70001", {pan.pk: 5, pot.pk: 2})
    with pytest.raises(OutOfStock):
        stock.reserve("70001", {pan.pk: 1, pot.pk: 4})
    assert (figures(pan), figures(pot)) == ((10, 5), (3, 2))


def test_given_goods_that_left_when_told_again_then_nothing_moves_twice(pan: Product) -> None:
    stock.reserve("70001", {pan.pk: 4})
    stock.issue("70001")
    stock.issue("70001")
    stock.release("70001")
    assert figures(pan) == (6, 0)
    with pytest.raises(ValidationError):
        stock.reserve("70001", {pan.pk: 1})
    stock.issue("never reserved")


def test_given_returned_goods_when_more_come_back_than_went_out_then_it_is_refused(pan: Product, pot: Product) -> None:
    stock.reserve("70001", {pan.pk: 4})
    with pytest.raises(ValidationError):
        stock.put_back("70001", {pan.pk: 1})
    stock.issue("70001")
    stock.put_back("70001", {pan.pk: 3})
    for lines in ({pan.pk: 2}, {pot.pk: 1}):
        with pytest.raises(ValidationError):
            stock.put_back("70001", lines)
    assert (figures(pan), figures(pot)) == ((9, 0), (3, 0))


def test_given_a_service_when_ordered_then_it_is_never_out_of_stock(pan: Product) -> None:
    fitting = product("9001", "80", stocked=False)
    assert selectors.available([fitting.pk, pan.pk]) == {fitting.pk: None, pan.pk: 10}
    stock.reserve("70001", {fitting.pk: 99, pan.pk: 1})
    stock.issue("70001")
    stock.put_back("70001", {fitting.pk: 99, pan.pk: 1})
    assert figures(pan) == (10, 0)
    with pytest.raises(ValidationError):
        stock.receive("P2", {fitting.pk: 1})


# -- the warehouse ---------------------------------------------------------------------------------------------


def test_given_a_count_then_the_book_says_what_was_counted_and_why(pan: Product) -> None:
    stock.reserve("70001", {pan.pk: 4})
    stock.count(pan, 8, "year's end", seen=10)
    assert figures(pan) == (8, 4)
    with pytest.raises(ValidationError) as error:
        stock.count(pan, 9, "", seen=10)
    assert set(error.value.message_dict) == {"seen"}
    with pytest.raises(ValidationError) as error:
        stock.count(pan, 3, "")
    assert set(error.value.message_dict) == {"counted"}, "four are promised"
    stock.scrap(pan, 4, "broken")
    with pytest.raises(OutOfStock):
        stock.scrap(pan, 1, "broken")
    assert figures(pan) == (4, 4)


def test_given_few_pieces_then_the_product_is_among_those_to_buy(pan: Product, pot: Product) -> None:
    stock.set_low(pan, 6)
    assert list(selectors.to_buy()) == []
    stock.reserve("70001", {pan.pk: 4})
    assert [row.product for row in selectors.to_buy()] == [pan]
    Product.objects.filter(pk=pan.pk).update(on_sale=False)
    assert list(selectors.to_buy()) == []


# -- what the database refuses, whoever writes -----------------------------------------------------------------


def checked(write: Callable[[], object]) -> None:
    """Writes and has everything checked that is checked at the end of a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        write()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        (lambda pk: Stock.objects.filter(pk=pk).update(reserved=11), "stock_no_overselling"),
        (lambda pk: Stock.objects.filter(pk=pk).update(on_hand=11), "stock_is_what_the_last_move_left"),
        (lambda pk: Stock.objects.filter(pk=pk).update(seq=None), "stock_comes_from_moves"),
        (lambda pk: StockMove.objects.filter(stock=pk).update(on_hand=11), "append-only"),
        (lambda pk: StockMove.objects.filter(stock=pk).delete(), "append-only"),
        (lambda pk: Reservation.objects.create(stock_id=pk, ref="1", quantity=1), "but the reservations are"),
        (
            lambda pk: StockMove.objects.create(
                stock_id=pk, seq=2, kind="received", on_hand_before=9, on_hand=11, reserved_before=0, reserved=0
            ),
            "stock_moves_are_a_chain",
        ),
        (
            lambda pk: StockMove.objects.create(
                stock_id=pk, seq=3, kind="received", on_hand_before=10, on_hand=11, reserved_before=0, reserved=0
            ),
            "stock_moves_are_a_chain",
        ),
        (
            lambda pk: StockMove.objects.create(
                stock_id=pk, seq=1, kind="received", on_hand_before=0, on_hand=11, reserved_before=0, reserved=0
            ),
            "one_move_a_product_and_place",
        ),
        (
            lambda pk: StockMove.objects.create(
                stock_id=pk, seq=2, kind="issued", on_hand_before=10, on_hand=9, reserved_before=0, reserved=0
            ),
            "move_is_of_its_kind",
        ),
    ],
)
def test_given_a_book_when_written_to_past_the_services_then_the_database_refuses_what_does_not_add_up(
    pan: Product, broken: Callable[[int], object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        checked(lambda: broken(pan.pk))
    checked(lambda: stock.reserve("70001", {pan.pk: 1}))
    assert figures(pan) == (10, 1)


# -- at the same time ------------------------------------------------------------------------------------------


def at_once(*work: Callable[[], object]) -> list[BaseException | None]:
    """Each in a thread and a connection of its own, all let go at once; what each ended with."""
    ended: list[BaseException | None] = [None] * len(work)
    gate = threading.Barrier(len(work))

    def run(place: int, one: Callable[[], object]) -> None:
        try:
            connections["default"].ensure_connection()
            gate.wait(60)
            one()
        except BaseException as error:
            ended[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return ended


@pytest.mark.django_db(transaction=True)
def test_given_ten_pieces_when_sixteen_orders_want_them_at_once_then_ten_get_one(pan: Product) -> None:
    ended = at_once(*(lambda ref=f"7{n:04}": stock.reserve(ref, {pan.pk: 1}) for n in range(16)))
    assert [error for error in ended if error is not None and not isinstance(error, OutOfStock)] == []
    assert sum(error is None for error in ended) == 10
    assert figures(pan) == (10, 10)
    assert Reservation.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_given_orders_of_the_same_goods_in_another_order_when_written_at_once_then_none_waits_for_ever(
    pan: Product, pot: Product
) -> None:
    stock.receive("P3", {pan.pk: 100, pot.pk: 100})

    def order(ref: str, *goods: Product) -> Callable[[], None]:
        def work() -> None:
            for _ in range(3):
                stock.reserve(ref, {one.pk: 2 for one in goods})
                stock.release(ref)
            stock.reserve(ref, {one.pk: 1 for one in goods})
            stock.issue(ref)

        return work

    ended = at_once(*(order(f"7{n:04}", *((pan, pot) if n % 2 else (pot, pan))) for n in range(8)))
    assert ended == [None] * 8
    assert (figures(pan), figures(pot)) == ((102, 0), (95, 0))


@pytest.mark.django_db(transaction=True)
def test_given_one_order_when_submitted_twice_at_once_then_its_goods_are_reserved_once(pan: Product) -> None:
    ended = at_once(*(lambda: stock.reserve("70001", {pan.pk: 6}) for _ in range(4)))
    assert all(error is None or isinstance(error, IntegrityError | OutOfStock) for error in ended)
    assert ended.count(None) >= 1
    assert figures(pan) == (10, 6)


def test_given_many_lines_when_reserved_then_the_number_of_queries_does_not_grow(
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    goods = [product(f"2{n:03}", "1", 5) for n in range(12)]
    with django_assert_max_num_queries(8):  # two of them the savepoint's
        stock.reserve("70001", {one.pk: 2 for one in goods})
    with django_assert_max_num_queries(9):
        stock.issue("70001")


def test_given_a_program_that_listens_when_few_pieces_are_left_then_it_is_told_once(pan: Product) -> None:
    from django.contrib.auth.models import User

    from ccenter.office import webhooks
    from ccenter.office.models import WebhookDelivery

    asked = {"name": "shop", "url": "https://shop.example.com/", "events": ["stock.*"]}
    webhooks.add(User.objects.create_superuser("root"), asked)
    stock.set_low(pan, 5)
    stock.reserve("70001", {pan.pk: 4})
    assert not WebhookDelivery.objects.exists()
    stock.reserve("70002", {pan.pk: 1})
    stock.reserve("70003", {pan.pk: 1})
    told = [delivery.body["data"] for delivery in WebhookDelivery.objects.filter(event="stock.low")]
    assert told == [{"product": pan.pk, "free": 5, "low": 5}]
