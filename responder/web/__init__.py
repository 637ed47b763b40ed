"""The only Starlette: what the gateway calls, and what people and monitors look at."""
