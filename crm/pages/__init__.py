"""Pages of customers and what is done for them."""
