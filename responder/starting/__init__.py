"""What `responder init` lays down in an empty folder."""
