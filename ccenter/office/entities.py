"""The entities of the office itself, for `rights`."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.rights import ROLES, declare


def declare_all() -> None:
    declare(
        "calls",
        _("calls"),
        {"see_numbers": _("read telephone numbers whole"), "see_addresses": _("read addresses whole")},
        seeds={
            "agent": "see_addresses",
            "expert": "see_addresses",
            "lead": "see_addresses see_numbers",
            "order_reviewer": "see_addresses see_numbers",
            "warehouse": "see_addresses see_numbers",
            "branch": "see_addresses see_numbers",
        },
    )
    declare("audit", _("audit log"), seeds={"auditor": "view"}, offices=False)
    declare("roles", _("roles"), seeds={"auditor": "view"}, offices=False)
    everybody = [role for role in ROLES if role != "admin"]
    own = dict.fromkeys(everybody, "view:own cancel:own")
    declare("jobs", _("jobs"), {"cancel": _("cancel")}, own="owner", seeds=own, offices=False)
    declare("webhooks", _("webhooks"), {"send": _("send again")}, seeds={"auditor": "view"}, offices=False)
    own = dict.fromkeys(everybody, "view:own add change:own delete:own")
    own["lead"] += " share"
    declare("filters", _("saved filters"), {"share": _("share with everybody")}, own="owner", seeds=own)
    declare("branches", _("branches"), seeds=dict.fromkeys(("agent", "expert", "lead", "order_reviewer"), "view"))
