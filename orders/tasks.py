"""Work off the path of a call: prices whose time has come, points whose time is over, levels that are not deserved any more."""

from celery import shared_task

from orders.services import levels, points, products


@shared_task
def refresh_prices() -> int:
    return products.refresh_prices()


@shared_task
def expire_points() -> int:
    """Until there is nothing left to expire."""
    expired = 0
    while some := points.expire():
        expired += some
    return expired


@shared_task
def review_levels() -> int:
    return levels.review()
