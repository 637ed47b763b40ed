"""How the service itself fares, as whoever runs it looks at it."""
