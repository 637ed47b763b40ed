"""What is known of a number, and what changes it."""
