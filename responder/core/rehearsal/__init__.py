"""Test, explain and replay: the same plans, with nothing sent."""
