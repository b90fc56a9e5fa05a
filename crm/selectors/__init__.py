"""Reads, as screens show them; a file for each subject."""

from crm.selectors.categories import Tree, tree
from crm.selectors.complaints import open_complaints
from crm.selectors.customers import notes, number_of_phone, owners, search
from crm.selectors.records import RECORDS, due, records, records_for

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
    "search",
    "tree",
]
