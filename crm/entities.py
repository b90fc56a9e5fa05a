"""The entities of this app, for `ccenter.office.rights`."""

from django.utils.translation import gettext_lazy as _

from ccenter.office import webhooks
from ccenter.office.rights import declare


def declare_all() -> None:
    webhooks.declare("customer.added", _("customer added"))
    webhooks.declare("customer.changed", _("customer changed"))
    webhooks.declare("customer.merged", _("customers merged"))
    declare(
        "customers",
        _("customers"),
        {"merge": _("merge"), "import": _("import"), "export": _("export"), "level": _("decide about levels")},
        own="owner",
        team=("team", "owner__seat__group"),
        branch="branch",
        seeds={
            "agent": "view add change",
            "expert": "view add change",
            "lead": "view add change merge import export:team level",
            "order_reviewer": "view add change merge",
            "finance": "view",
            "warehouse": "view",
            "branch": "view:branch add:branch change:branch",
        },
    )
    pairs = {where: tuple(f"{one}__{where}" for one in ("first", "second")) for where in ("owner", "team", "branch")}
    declare(
        "duplicates",
        _("duplicates"),
        own=pairs["owner"],
        team=pairs["team"],
        branch=pairs["branch"],
        seeds={"lead": "view change", "order_reviewer": "view change"},
    )
    declare(
        "merges",
        _("merges"),
        {"undo": _("undo")},
        own="kept__owner",
        team="kept__team",
        branch="kept__branch",
        seeds={"lead": "view undo", "order_reviewer": "view undo"},
    )
    everybody = ("agent", "expert", "lead", "order_reviewer", "finance", "warehouse", "branch")
    declare(
        "notes",
        _("notes"),
        own=("author", "customer__owner"),
        team="customer__team",
        branch="customer__branch",
        seeds={**dict.fromkeys(everybody, "view add"), "branch": "view:branch add:branch"},
    )
    declare("tags", _("tags"), seeds={**dict.fromkeys(everybody, "view"), "lead": "view add change delete"})
    declare("custom_fields", _("own fields"), seeds=dict.fromkeys(everybody, "view"))
    declare("sources", _("other systems"), {"run": _("synchronise")})
