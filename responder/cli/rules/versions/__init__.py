"""Commands on the versions of the rules, and on pauses."""
