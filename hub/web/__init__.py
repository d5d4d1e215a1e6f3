"""The web application: pages for everybody who works with the hub, by type of user.

What comes in: HTTP requests of people's browsers and of their scripts.
What goes out: pages in HTML, the same data as JSON, and workflows that are run for the people who ask for them.
Who calls it: `orderhub web`, which embeds a server, or any ASGI server (`hub.web.asgi`).
"""
