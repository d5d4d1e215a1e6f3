"""The configurator: the rules that trees of products obey, and the changes that turn one tree into another.

What comes in: an instance (header > line items > attributes), a batch of requests, the catalogue.
What goes out: the new instance, or every rule that it would break; nothing is stored.
Who calls it: workflows, through their run.

`port` is the contract. `built_in` comes with the hub; `external` asks another system. A configuration session of the
source is a quote or order that is edited: each edit is one batch of requests on the stored state, and a refused batch
leaves the state as it was.
"""
