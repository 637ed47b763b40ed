"""How commands read their options and print what they found."""
