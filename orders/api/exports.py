"""Lists of orders and goods as files."""

from crm.api.files import ExportView
from orders.selectors import lists


class OrderExports(ExportView):
    """Orders as a CSV or XLSX file."""

    entity, chosen = "orders", staticmethod(lists.chosen)


class ProductExports(ExportView):
    """Products as a CSV or XLSX file, with what lies there for who may see the stock."""

    entity, chosen = "products", staticmethod(lists.products)


class StockExports(ExportView):
    """The stock as a CSV or XLSX file."""

    entity, chosen = "stock", staticmethod(lists.stock)
