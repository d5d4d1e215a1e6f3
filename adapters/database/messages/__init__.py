"""Messages: the message store, with inbox, outbox, dead letters, fallout and recordings.

What comes in: deliveries, endings of messages, and messages that are to leave.
What goes out: rows of the hub's own tables, written in the transaction of the work that they belong to.
Who calls it: the data manager, the dispatcher, and the commands that show messages.
"""
