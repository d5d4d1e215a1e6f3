"""Layouts: records of fixed width by COBOL copybooks, CSV files and JSON, read and written as trees.

What comes in: a declaration with its copybook or JSON Schema, and bytes; or trees that are to become such bytes.
What goes out: trees of property sets, or bytes. Bytes that were read are written again as the same bytes.
Who calls it: the external objects of a deployment, and the command line's `layout` commands.
"""
