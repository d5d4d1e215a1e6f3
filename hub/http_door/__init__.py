"""The HTTP door: partners post messages, look at their state and their answers, and have messages judged.

What comes in: HTTP requests of senders that the settings know.
What goes out: receipts, states, answers; problems as RFC 9457 describes them.
Who calls it: `orderhub http`, which embeds a server, or any ASGI server (`hub.http_door.asgi`).
"""
