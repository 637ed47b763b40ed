"""What all pages stand on: the door, the language, the templates, the feed, and what every page shows."""
