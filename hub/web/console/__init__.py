"""The operator's console: the hub at work, its messages, jobs, fallout, feeds and declarations.

What comes in: requests of operators; what goes out: pages in the standard look, and the same data as JSON.
Who calls it: `hub.web.application`, which signs people in and mounts the console's addresses beside the declared pages.

The console's data are those of the message store and not of integration objects, so that its pages are not declared in
YAML: each is one `ConsolePage`, listed in `pages.py`.

Spec: docs/web.md, "The operator's console".
"""
