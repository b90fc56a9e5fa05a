"""Pages of the office, of customers and of orders: what they share, and the office's own.

`keyset` long lists page by page; `frame` what each page is; `lists`, `cards`, `forms` the three kinds of pages; `acts` what
buttons do; `menu` the way to all of them. The other modules are the office's own pages.
"""

from ccenter.office.pages.keyset import MOST, USUAL, Page, page

__all__ = ["MOST", "USUAL", "Page", "page"]
