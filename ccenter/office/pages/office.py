"""The office's own pages in the menu."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.pages import menu


def add_all() -> None:
    menu.add("office", "office:branches", _("Branches"), "building-store", "branches.view")
