"""Support: what the back office works on, and the contact for what a person looks at.

What comes in: a run, and the number of a ticket, a callback request, a request for inventory or a help topic.
What goes out: these objects with their histories, stored and sent through the run; contacts, as rows.
Who calls it: commands and workflow requests, by name; the receiving of objects in the hub's own XML.
"""
