"""What is laid down in an empty folder."""
