"""Long work of pages, beside the pages that asked for it."""
