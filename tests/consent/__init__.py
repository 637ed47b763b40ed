"""Consent: the ledger, erasure, and what an operator does by hand."""
