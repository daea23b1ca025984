"""What every app stands on: errors, events, moves, jobs, runs, the store, pages and API basics. A closed list."""
