"""Received: workflows on messages that are no orders.

What comes in: the hub's own objects, and workflow requests.
What goes out: stored objects, and the outcome of the requested workflow.
Who calls it: routes, by the workflow's name.
"""
