"""What browsers and gateways post."""
