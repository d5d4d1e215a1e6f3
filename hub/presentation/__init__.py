"""Presentation: property sets and tables as text for people and as JSON.

What comes in: property sets, rows and errors.
What goes out: text and JSON.
Who calls it: the command line and the demonstration.
"""
