"""Quotes: workflows that make, change and order quotes.

What comes in: a run, and the identifiers of an account or a quote.
What goes out: quotes stored through the run, and orders made of them.
Who calls it: commands and workflow requests, by name.
"""
