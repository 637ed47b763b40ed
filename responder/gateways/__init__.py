"""The gateways: one file for each provider, both directions; none of them connects to anything."""
