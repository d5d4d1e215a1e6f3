"""Jobs: an operator's action on many messages, previewed, then worked bit by bit.

What comes in: filters, an action, a reason, a rate, the sizes of stages.
What goes out: messages that are put back, filed anew, sent again or given up, and a list of those that failed again.
Who calls it: `orderhub job` and the console choose, preview, start and stop; the worker of `orderhub run` works.

Spec: docs/jobs.md.
"""
