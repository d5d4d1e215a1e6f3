"""Rendering: the text of an outbound message, from a property set by a template.

What comes in: a property set and a system's template.
What goes out: the bytes of a message: records, CSV, JSON or XML, proven against their layout.
Who calls it: adapters/system.py, for each message that leaves.
"""
