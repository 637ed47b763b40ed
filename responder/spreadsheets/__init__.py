"""Files of appointments and subscribers: bytes -> values, or all mistakes in the words that stand in the file."""
