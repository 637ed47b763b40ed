"""Alembic's entry: runs on the connection and in the transaction that it is handed."""

from alembic import context

from responder.store.base.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
