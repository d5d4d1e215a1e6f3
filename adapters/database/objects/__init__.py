"""Objects: the EAI database adapter, which keeps integration objects in tables.

What comes in: a message's property set, or an example of the wanted objects.
What goes out: rows inserted, updated and deleted; property sets read back.
Who calls it: runs of workflows, and the command line.
"""
