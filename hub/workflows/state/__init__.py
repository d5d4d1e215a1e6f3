"""State: the services that a customer has and has ordered, and changes of them.

What comes in: a run and an account, a service item or an order.
What goes out: requested states, looked-up orders, filled and proven lines.
Who calls it: the workflows in the folders beside this one.
"""
