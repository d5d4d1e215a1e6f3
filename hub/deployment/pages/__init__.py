"""Declared pages of the web application: read from hub/web/pages/*.yaml, and proven.

What comes in: declarations of pages, shipped ones and a deployment's own.
What goes out: `Page`s, which the web application draws, and whose actions it runs.
Who calls it: `hub.deployment.deployment`, when the pages are first asked for.
"""
