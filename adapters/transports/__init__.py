"""Transports without a broker: memory, embedded queue, folder.

What comes in: envelopes to publish, under a channel's name.
What goes out: deliveries, each acknowledged once its message is in the database.
Who calls it: the worker and the dispatcher, through the contract in adapters/transport.py.
"""
