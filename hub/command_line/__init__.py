"""The command line: one module a group of commands.

What comes in: the words of a command.
What goes out: text on standard output, errors on standard error, and an exit code.
Who calls it: people and scripts, as `orderhub`.

`app` lists the commands. It loads the module of a command when the command is called, so that every command starts
fast. Each module registers its commands in a Typer application named `app`.
"""
