"""COBOL copybooks: their text, their entries, and the places of their fields in a record.

What comes in: the text of a copybook.
What goes out: record descriptions, each a tree of placed groups and fields.
Who calls it: `schemas.layouts`.
"""
