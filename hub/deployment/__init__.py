"""The deployment: its declarations, read, proven against each other, and wired.

What comes in: orderhub.toml and the YAML, XSD and Python files of the hub and of the deployment.
What goes out: one Deployment, which knows its routes, systems, maps, workflows and settings.
Who calls it: the command line, once when it starts.
"""
