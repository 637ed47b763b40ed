"""The pure core: a message, the rules and what is known become a plan. Nothing here reads a clock, a file or a network."""
