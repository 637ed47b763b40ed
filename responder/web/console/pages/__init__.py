"""One module a page: it asks the desk, and hands what it hears to one template."""
