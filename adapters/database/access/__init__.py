"""Access: users with their accounts, their sessions, failed log-ins, and the audit.

What comes in: users, digests of passwords and tokens, entries of the audit, all made by the caller.
What goes out: the same, read back.
Who calls it: `hub.access`, in transactions of its own or of the action that is audited.
"""
