"""Pricing: the prices of the line items of a quote, an order or an asset.

What comes in: a complex object, read as a state, a price list, and the moment of the prices.
What goes out: a copy with its prices, the changes with their rules, totals, products without a price (`Priced`).
Who calls it: workflows, through `Run.pricing`.

`port` is the contract. `list_pricing` comes with the hub; `external` asks another system.
"""
