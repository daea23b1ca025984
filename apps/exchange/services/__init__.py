"""What changes exchange: imports."""
