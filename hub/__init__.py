"""The hub: routes, data manager, workflows, business services, and the command line.

What comes in: messages from the transports of `adapters`, and commands.
What goes out: objects for the database adapter and messages for the outbox, in one transaction a message.
Who calls it: people, through the command `orderhub`; no other folder knows it.
"""
