"""Connections: engines, transactions, and what differs between SQLite and PostgreSQL.

What comes in: a database URL, and SQLAlchemy statements.
What goes out: connections inside transactions; the drivers' errors as errors of the hub.
Who calls it: the folders schema, objects and messages beside this one, and the open hub.
"""
