"""What the desk does, one module per noun."""
