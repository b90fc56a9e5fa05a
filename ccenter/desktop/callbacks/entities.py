"""The entities of these pages, for `office.rights`. Which callbacks somebody sees is decided by queue: `selectors.owed_in`."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.rights import declare


def declare_all() -> None:
    declare(
        "callbacks",
        _("callbacks"),
        {"close": _("close many at once"), "figures": _("see figures")},
        seeds={"agent": "view", "lead": "view close figures"},
        offices=False,  # whose queues they would see, nobody knows
    )
    declare("callback_rules", _("rules of callbacks"), seeds={"lead": "view"})
    declare("surges", _("surge attendants"), seeds={"lead": "view"})
