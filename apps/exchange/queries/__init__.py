"""What is read of exchange: imports, exports."""
