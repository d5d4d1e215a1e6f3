"""Orders: workflows that receive, submit, edit, revise and cancel orders.

What comes in: a sender's order, or the number of a stored one.
What goes out: orders stored, submitted or refused through the run.
Who calls it: routes, commands and workflow requests.
"""
