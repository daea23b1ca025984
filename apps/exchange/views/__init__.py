"""Pages of exchange: imports, exports."""
