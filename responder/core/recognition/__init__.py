"""STOP, START and HELP; yes, no and another day; in the words of each language."""
