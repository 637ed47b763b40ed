"""The worker: arq wakes it, SQL tells it what to do. Whatever asks the database may raise StorageError."""
