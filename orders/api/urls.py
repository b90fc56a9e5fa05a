"""/api/orders/: products, orders, payments."""

from ccenter.office.rest import Router

router = Router()

urlpatterns = router.urls
