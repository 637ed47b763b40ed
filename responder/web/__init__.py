"""The only Starlette: what the gateway calls, and what watches the service."""
