"""Replication: records that the hub and a partner both keep are kept equal, by files and by messages.

Spec: docs/design/legacy.md, "Two-way replication".
"""
