"""The hub's own tables: inbox and outbox, the tables beside them, and tables beside the orders.

    hub_inbox          one row a distinct message: where it came from, its state, its turn, its body
    hub_recording      the values that came into a message's run from outside, compressed
    hub_in_hand        the messages that a process works on, so that its next start knows which one it died on
    hub_outbox         the messages that leave, in the order in which they were written
    hub_batch          one row a file of many messages: its state, and how far it is filed
    hub_batch_part     the message that each order of a batch became
    hub_feed_batch     one row a file of a feed, in either direction: its number, its state, and how far it is worked
    hub_feed_row       the records of these files, one flat row each: the interface table
    hub_feed_agreed    the values of each record that the partner had last, and those that wait for its answer
    hub_feed_decision  the fields and records that both sides changed: the values, the rule, the outcome
    hub_feed_alarm     what an operator of feeds must know: late files, gaps, batches that are held
    hub_door_count     deliveries as the transports counted them, apart from the inbox rows
    hub_lease          who may dispatch to a destination, and until when
    hub_component      the components that an operator paused
    hub_sequence       numbers that the hub gives out (orders, work orders)
    hub_extension      the tables and columns that `orderhub db upgrade` added for a deployment
    hub_session        a user session's active quote
    hub_workflow_run   a workflow that a command ran: its arguments and its recording
    s_integration_key  (system, account, a sender's line reference) -> Integration Id
    s_fallout          the entries that a person must look at before an order can be closed

Every constraint and index has a name. Times are ISO text in UTC, which sorts as time does; JSON is kept as
text. A row's body is its last column: SQLite reads states and times without walking through the bodies.

Spec: docs/design/road.md, "Identity of a message", "What commits when"; docs/design/guarantees.md, G1 to G6 and
"SQLite".
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from adapters.database.connection.column_types import ROW_NUMBERS_ONCE, big_integer, partial_index, plain_text

UNFINISHED_STATES = ("received", "retrying", "parked")
ACCEPTED_STATES = ("done", "filtered")
REFUSED_STATES = ("rejected", "invalid", "dead")
FINAL_STATES = ACCEPTED_STATES + REFUSED_STATES
STATES = UNFINISHED_STATES + FINAL_STATES
OUTBOX_KINDS = ("outbound", "reply", "dead letter")
COMPONENT_STATES = ("running", "paused")
FALLOUT_STATES = ("Open", "Resolved")
OPEN_BATCH_STATES = ("announced", "received", "filing", "working")
BATCH_STATES = (*OPEN_BATCH_STATES, "done", "refused", "given up")
