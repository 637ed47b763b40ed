"""The sections of rules.yaml, a module each."""
