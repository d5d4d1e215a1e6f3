"""The demonstration: the main job and the usage scenarios, run on a deployment of their own.

What comes in: sample messages in hub/samples.
What goes out: a deployment in ./orderhub-demo, and a report that is read back from its database.
Who calls it: the command `orderhub demo`.
"""
