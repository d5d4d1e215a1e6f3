"""Inspection: what operators look at; nothing is changed here.

What comes in: a message's row, or the state of the whole hub.
What goes out: a message's stages, its journey across messages, the origin of a value, the alarms.
Who calls it: `orderhub messages stages|journey|why`, `orderhub status` and the operator's console.

Spec: docs/the_road.md, "Looking at a message".
"""
