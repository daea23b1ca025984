"""Pages of exchange: imports."""
