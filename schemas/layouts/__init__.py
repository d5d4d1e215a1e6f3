"""Layouts: records of fixed width and COBOL copybooks, read and written as trees.

What comes in: a copybook, a declaration, the bytes of records; or trees that are to become such bytes.
What goes out: trees of property sets, or bytes. Bytes that were read are written again as the same bytes.
Who calls it: the command line's `layout` commands.
"""
