"""What pages take in and give out as files."""
