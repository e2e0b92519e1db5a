"""How migrations run: on the connection that Store.upgrade opened, inside its transaction."""

from alembic import context
from sqlalchemy import Connection

from orchestrate.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
