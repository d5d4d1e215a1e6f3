"""The workflow manager: what a workflow reads, writes, answers, and takes as arguments.

What comes in: a message's property set, and the transaction that it is worked in.
What goes out: a Run for the workflow, and the recording of what the run read.
Who calls it: the data manager, and the workflows through their Run.
"""
