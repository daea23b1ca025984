"""The loop: rounds, reflections, the board."""
