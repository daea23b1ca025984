"""Examples and their payloads, kept once by digest."""
