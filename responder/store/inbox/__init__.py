"""The way of a message through SQL: inbox, contacts, commit."""
