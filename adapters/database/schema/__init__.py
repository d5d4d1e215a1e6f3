"""Schema: the tables and views that the definitions of integration objects ask for.

What comes in: definitions of integration objects.
What goes out: tables, views, migrations, and the page docs/data_model.md.
Who calls it: the folders objects and messages beside this one, and the open hub when it starts.
"""
