"""The commands, one module for each group. What is slow to import waits until a command needs it."""
