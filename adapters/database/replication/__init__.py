"""Replication: the files of feeds, their records, the values that both sides agreed on, and the decisions.

What comes in: batches, flat rows and decisions, with their digests made by the caller.
What goes out: the same, read back; counts; the hub's own flat rows, joined from the tables of its objects.
Who calls it: `hub.replication`, in transactions of its own.
"""
