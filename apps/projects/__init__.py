"""A project, its members and what each role may do, its protocol."""
