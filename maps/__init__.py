"""Outside shape to inside shape and back: data maps, compiled once and proven when they are loaded.

What comes in: a tree after one integration object, and a map's YAML file.
What goes out: a tree after another integration object, or a refusal that names map, field, path and line.
Who calls it: the data manager (inbound) and the dispatch to systems (outbound); `orderhub map` for people.
"""
