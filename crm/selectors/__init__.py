"""Reads, as screens show them; a file for each subject."""

from crm.selectors.categories import Tree, tree
from crm.selectors.customers import notes, number_of_phone, owners, resolve
from crm.selectors.finding import seen as search
from crm.selectors.records import RECORDS, due, records, records_for
from crm.selectors.tickets import open_complaints

__all__ = [
    "RECORDS",
    "Tree",
    "due",
    "notes",
    "number_of_phone",
    "open_complaints",
    "owners",
    "records",
    "records_for",
    "resolve",
    "search",
    "tree",
]
