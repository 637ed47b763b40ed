"""The rules: their conditions on a message, and the other settings of the file."""
