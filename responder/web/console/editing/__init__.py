"""The pages on which rules are tried, changed and taken back; each asks the desk and fills one template."""
