"""The wire: what may arrive, and what may leave.

What comes in: the bytes of a message, or a property set that is to become such bytes.
What goes out: a property set after an external object's definition, or bytes that its XSD was asked about.
Who calls it: maps/ for the shapes of both ends, adapters/ before something leaves, hub/ for what arrives.
"""
