"""Consent in SQL: the ledger, lists, opt-outs and erasure."""
