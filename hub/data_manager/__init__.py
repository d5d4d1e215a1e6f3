"""The data manager: a message's way from the inbox to the outbox, in one transaction.

What comes in: deliveries from the transports.
What goes out: inbox rows, finished messages, replies and outbound messages.
Who calls it: the worker, the dispatcher, and the commands that work messages.
"""
