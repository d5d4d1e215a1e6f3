"""The configurator: which trees of products there may be, and how one becomes another.

What comes in: an instance (header > line items > attributes), a batch of requests, the catalogue. What goes out: the
new instance, or every rule that it would break; nothing is stored. Who calls it: workflows, through their run.
"""
