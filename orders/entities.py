"""The entities of this app, for `ccenter.office.rights`: their verbs, whose a row is, and what each role may at first."""

from django.utils.translation import gettext_lazy as _

from ccenter.office import webhooks
from ccenter.office.rights import declare

AGENT = "view add change:own submit:own reopen cancel"  # whoever the customer speaks to may call an order back
READERS = ("agent", "expert", "lead", "order_reviewer", "finance", "warehouse")


def declare_all() -> None:
    events()
    orders()
    goods()


def events() -> None:
    """What other programs can hear of. Names are spelt out: they are promised to them."""
    for name, title in (
        ("order.draft", _("an order was called back, to be changed")),
        ("order.submitted", _("an order was submitted")),
        ("order.approved", _("an order was approved")),
        ("order.refused", _("an order was refused")),
        ("order.picking", _("an order is being prepared")),
        ("order.shipped", _("an order was shipped")),
        ("order.delivered", _("an order was delivered")),
        ("order.returned", _("all of an order came back")),
        ("order.cancelled", _("an order was cancelled")),
        ("payment.payment", _("a payment came in")),
        ("payment.refund", _("money was paid back")),
        ("payment.correction", _("a payment was put right")),
    ):
        webhooks.declare(name, title)


def orders() -> None:
    """An order is its taker's; the branch that delivers it sees it too."""
    declare(
        "orders",
        _("orders"),
        {
            "submit": _("submit"),
            "reopen": _("change again"),
            "approve": _("approve and refuse"),
            "dispatch": _("prepare, ship and deliver"),
            "take_back": _("take goods back"),
            "cancel": _("cancel"),
            "export": _("export"),
        },
        own="taken_by",
        team="taken_by__seat__group",
        branch="branch",
        seeds={
            "agent": AGENT,
            "expert": AGENT,
            "lead": "view add change:team submit:team reopen cancel export:team",
            "order_reviewer": "view approve cancel export",
            "finance": "view export",
            "warehouse": "view dispatch take_back",
            "branch": "view:branch dispatch:branch take_back:branch",
        },
    )
    whose = {"own": "order__taken_by", "team": "order__taken_by__seat__group", "branch": "order__branch"}
    declare(
        "payments",
        _("payments"),
        {"refund": _("pay back, and correct mistakes")},
        **whose,
        seeds={**dict.fromkeys(READERS, "view"), "finance": "view add refund", "branch": "view:branch"},
    )
    declare("returns", _("returns"), **whose, seeds={**dict.fromkeys(READERS, "view"), "branch": "view:branch"})
    declare(
        "invoices",
        _("invoices"),
        {"void": _("withdraw")},
        **whose,
        seeds={**dict.fromkeys(READERS, "view"), "finance": "view add void", "branch": "view:branch"},
    )
    everybody = dict.fromkeys((*READERS, "branch"), "view")
    declare("carriers", _("carriers"), seeds=everybody)
    declare("delivery_methods", _("ways of delivery"), seeds=everybody)
    declare("delivery_fees", _("delivery fees"), seeds=everybody)
    declare("review_rules", _("rules of the review"), seeds={"order_reviewer": "view"})


def goods() -> None:
    """Products, stock, gifts and points are everybody's to see; the warehouse counts, the office writes rules and prices."""
    everybody = dict.fromkeys((*READERS, "branch"), "view")
    writers = ("lead", "finance", "warehouse")
    declare(
        "products",
        _("products"),
        {"set_price": _("set prices"), "export": _("export")},
        seeds={**everybody, **dict.fromkeys(writers, "view export")},
    )
    declare("product_categories", _("product categories"), seeds=everybody)
    declare(
        "stock",
        _("stock"),
        {"count": _("count and put right"), "export": _("export")},
        seeds={**everybody, **dict.fromkeys(writers, "view export"), "warehouse": "view count change export"},
    )
    declare("gift_rules", _("gift rules"), seeds=everybody)
    declare("point_rules", _("rules of points"), seeds=everybody)
    declare(
        "points",
        _("points"),
        {"adjust": _("put right by hand")},
        own="customer__owner",
        team="customer__team",
        branch="customer__branch",
        seeds={**dict.fromkeys(READERS, "view"), "lead": "view adjust", "finance": "view adjust", "branch": "view:branch"},
    )
    declare(
        "point_entries",
        _("entries of points"),
        own="account__customer__owner",
        team="account__customer__team",
        branch="account__customer__branch",
        seeds={**dict.fromkeys(READERS, "view"), "branch": "view:branch"},
    )
    declare("suppliers", _("suppliers"), seeds={"finance": "view", "warehouse": "view add change"})
    declare(
        "purchases",
        _("purchases"),
        {"order": _("order from the supplier"), "receive": _("receive"), "close": _("close"), "cancel": _("cancel")},
        own="author",
        seeds={"warehouse": "view add change:own delete:own receive", "finance": "view order close cancel"},
    )
    for event, title in (
        ("product.added", _("product added")),
        ("product.changed", _("product changed")),
        ("product.price", _("price set")),
        ("stock.low", _("stock has become low")),
        ("points.changed", _("points changed")),
        ("purchase.state", _("state of a purchase changed")),
    ):
        webhooks.declare(event, title)
