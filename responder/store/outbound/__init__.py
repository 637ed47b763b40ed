"""Steps in SQL: claimed, recorded, given up."""
