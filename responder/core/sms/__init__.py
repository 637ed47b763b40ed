"""What travels: messages, their addresses, texts, segments and times."""
