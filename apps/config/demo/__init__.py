"""The demo project: handwritten digits with planted label errors, its people, and its unattended round."""
