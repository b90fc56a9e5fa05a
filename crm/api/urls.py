"""/api/crm/: customers, what is done for them, and what agents work with."""

from ccenter.office.rest import Router

router = Router()

urlpatterns = router.urls
