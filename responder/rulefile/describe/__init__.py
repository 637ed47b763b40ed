"""A rules file in plain words, and its JSON Schema."""
