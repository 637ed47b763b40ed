"""The mail side: takes messages in from a mailbox, and does nothing else with them."""
