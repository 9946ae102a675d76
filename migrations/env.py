"""Runs the migrations on the connection handed in by `geocrm.db.migrate`."""

from alembic import context

connection = context.config.attributes["connection"]
# A migration that cannot get its lock soon gives up instead of stopping everybody's work.
connection.exec_driver_sql("SET lock_timeout = '10s'")
# Ends the transaction that this began, or all migrations would be one.
connection.commit()
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
