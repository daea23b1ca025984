"""What is read of exchange: imports."""
