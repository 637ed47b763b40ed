"""What goes out: HTTP calls and e-mails. Nothing else knows their libraries."""
