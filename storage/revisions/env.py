"""Run by Alembic: the revisions, over the connection `storage.migrations` hands in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
