"""The workflow manager: runs of workflows, with their reads, effects, arguments and replies.

What comes in: a message's property set, and the transaction that it is worked in.
What goes out: a Run for the workflow, and the recording of the run's reads.
Who calls it: the data manager, and the workflows through their Run.
"""
