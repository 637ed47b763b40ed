"""The pure core: a message, the rules and what is known become a plan. No clock, file or network is read."""
