"""Fulfilment: work orders to provisioning, its answers, completed lines, and billing.

What comes in: submitted orders, and work order statuses.
What goes out: work orders and billing events; completed lines in the service profile.
Who calls it: the workflows of orders.
"""
