"""Rules and formats of what comes in and goes out, without a database."""
