"""What people say to each other about an example."""
