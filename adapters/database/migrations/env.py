"""How Alembic runs the migrations: on the connection that `upgrade` hands in, within its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
