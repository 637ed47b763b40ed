"""Hand-offs in SQL."""
