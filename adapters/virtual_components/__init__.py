"""Virtual business components: rows that another system keeps, in the XML Gateway's format.

What comes in: declarations; questions for a service profile, and the changes of one; questions of legacy systems.
What goes out: rows of a mainframe as a service profile, requests that change them; rows of the hub's objects.
Who calls it: the data manager brings copies of profiles up to date, the dispatcher delivers changes.

    declaration.py    the two kinds of declarations: rows that a mainframe keeps, rows that the hub answers with
    profile_rows.py   a service profile as rows, and the difference between two profiles as requests
    client.py         one request and its reply
    keeper.py         reads the rows of an account, and makes the messages that change them
    transport.py      delivers the changes, one after the other, and proves each reply
    stand_in.py       a small mainframe for tests and demonstrations

Spec: docs/design/legacy.md, "Virtual business components".
"""
