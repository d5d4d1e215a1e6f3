"""The forms of one field's value in a record: text, zoned, packed, binary, floating, edited.

Each form reads bytes into a text and writes a text into bytes. Nothing is cut, and no value becomes a float.
"""
