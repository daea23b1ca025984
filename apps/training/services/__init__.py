"""What training does, one module per noun."""
