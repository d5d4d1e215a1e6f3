"""The tree that everything works on, and the declarations that give it meaning.

What comes in: YAML definitions of integration objects, and text of the expression language.
What goes out: property sets, definitions and compiled expressions.
Who calls it: every other folder; it knows none of them.
"""
