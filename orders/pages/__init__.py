"""Pages of orders and goods."""
