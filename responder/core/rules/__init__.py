"""The rules: what they ask of a message, and the settings beside them."""
