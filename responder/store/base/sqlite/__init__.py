"""SQLite's driver: its connections, and how its statements are carried out."""
