"""The worker: arq wakes it, SQL tells it what to do."""
