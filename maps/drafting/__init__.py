"""First drafts of data maps: two integration objects come in, the text of a map with its guesses marked goes out.

`draft` writes the map, `guesses` pairs the fields, `likeness` compares names. `orderhub map draft` calls it.
"""
