"""Commands on the rules file."""
