"""What changes exchange: imports, exports."""
