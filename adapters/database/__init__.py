"""The database: orders, profiles and messages, on SQLite and PostgreSQL alike.

In come property sets and envelopes, which are stored in the caller's transaction; out come the same, read back.
Its tables are derived from the integration objects' definitions; the hub's data manager is who calls it.
"""
