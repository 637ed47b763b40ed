"""What leaves the service: texts, webhook calls, and how each fared."""
