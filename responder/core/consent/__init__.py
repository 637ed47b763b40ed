"""The ledger of consent, and what it proves."""
