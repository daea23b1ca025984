"""Model versions, their prediction sets, aliases and the ledger of their moves."""
