"""A TV-shopping company's customers and what was done for them."""

from crm.demo.office import office
from crm.demo.people import customers
from crm.demo.service import past
from crm.demo.words import guides

__all__ = ["customers", "guides", "office", "past"]
