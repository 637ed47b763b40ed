"""The commands, a module for each group of them; whatever is slow to import is imported when a command runs."""
