"""Every socket, queue, message file and database; nothing else touches the outside.

What comes in: envelopes from other systems, rows from databases.
What goes out: envelopes, files and rows; trees rendered in the formats of other systems.
Who calls it: the hub's data manager, worker and dispatcher.
"""
