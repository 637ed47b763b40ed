"""What people may look at and do: one function each, used by the commands, the API and the console alike."""
