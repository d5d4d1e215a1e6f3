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
    hub_message_key    the orders, accounts and services that a message is about, by which people find it
    hub_job            an operator's action on many messages: the frozen choice, its reason, its progress
    hub_job_item       the messages of a job, and what became of each
    hub_remote_file    the numbered files of users who work without a connection, and the newest answer
    hub_remote_returned   the changes of these users that weren't taken, until their authors act
    hub_door_count     deliveries as the transports counted them, apart from the inbox rows
    hub_lease          who may dispatch to a destination, and until when
    hub_component      the components that an operator paused
    hub_sequence       numbers that the hub gives out (orders, work orders)
    hub_extension      the tables and columns that `orderhub db upgrade` added for a deployment
    hub_session        a user session's active quote
    hub_workflow_run   a workflow that a command ran: its arguments and its recording
    hub_user           the people who log in, with their types and the digests of their passwords
    hub_user_account   the accounts that a user was given, and those that customers opened to a third party
    hub_user_session   who is logged in: a digest of each session's token
    hub_log_in_failure failed log-ins of a name or an address, until one succeeds or an hour has passed
    hub_audit          who did what, when, from where and why; each row's digest includes the one before
    hub_web_form       a form of the web application that was sent and worked: where it led, and its report
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
OPEN_FEED_STATES = ("waiting", "staging", "judging", "held", "merging", "collecting", "sent")
FEED_STATES = (*OPEN_FEED_STATES, "done", "refused", "cancelled")
FEED_DIRECTIONS = ("in", "out")
FEED_KINDS = ("delta", "full", "answer", "overlay", "repair", "resubmission")
ROW_STATUSES = (
    "FOR_IMPORT",
    "IN_PROGRESS",
    "IMPORTED",
    "PARTIALLY_IMPORTED",
    "DUP_RECORD_IN_EIM_TBL",
    "DUP_RECORD_EXISTS",
    "FOREIGN_KEY",
    "REQUIRED_COLS",
    "PICKLIST_VALUE",
    "AMBIGUOUS",
    "SQL_ERROR",
    "EXPORTED",
)
"""The words of interface tables, as other systems' operators know them; docs/replication.md explains each."""
DECISION_STATES = ("settled", "open", "decided")
RETURNED_ENDS = ("let go", "changed again")
AUDIT_OUTCOMES = ("done", "denied")

OPEN_JOB_STATES = ("previewed", "running", "stopped")
JOB_STATES = (*OPEN_JOB_STATES, "done", "cancelled")
JOB_ACTIONS = ("replay", "resubmit", "give up", "resend", "give up outbound")
JOB_ITEM_STATES = ("waiting", "at work", "succeeded", "failed", "skipped")
KEY_KINDS = ("order", "account", "integration id", "service id")

IN_LINE = "state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"
"""The rows that stand in the line of their key. The claim repeats this text: otherwise the databases don't use the
indexes of these rows only."""

_TIME = 32
_NAME = 255
_ID = 64
_FOREIGN_ID = 128
_IDENTITY = _FOREIGN_ID + 1 + 8  # <id>#<first 8 of the digest>


def hub_tables(metadata: MetaData) -> None:
    """Add the hub's own tables to *metadata*, for SQLite and PostgreSQL alike. Changes *metadata*."""
    _inbox(metadata)
    _recording(metadata)
    _in_hand(metadata)
    _outbox(metadata)
    _batches(metadata)
    _feed_batches(metadata)
    _feed_records(metadata)
    _message_keys(metadata)
    _jobs(metadata)
    _remote_clients(metadata)
    _control(metadata)
    _open_hub(metadata)
    _workflows(metadata)
    _people(metadata)
    _audit(metadata)
    _web(metadata)


def _inbox(metadata: MetaData) -> None:
    table = Table(
        "hub_inbox",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("id", _ID, nullable=False),
        _text("route", _NAME, nullable=False),
        _text("sender", _NAME, nullable=False),
        _text("identity", _IDENTITY, nullable=False),
        _text("digest", _ID, nullable=False),
        _text("state", 16, nullable=False),
        _text("key", _NAME),
        _text("due_at", _TIME, nullable=False),
        _text("waits_for", _NAME),
        _count("repeats"),
        _count("attempts"),
        _count("deaths"),
        _count("replays"),
        _text("received_at", _TIME, nullable=False),
        _text("final_at", _TIME),
        _text("died_at", _TIME),
        _text("message_id", _FOREIGN_ID),
        _text("correlation_id", _FOREIGN_ID),
        _text("reply_to", _NAME),
        _text("type", _NAME),
        _text("content_type", _NAME, nullable=False),
        _text("source", 1024, nullable=False),
        _text("reason", 128),
        _text("map", _NAME),
        _text("map_version", _ID),
        _text("reply_outbox_id", _ID),  # no foreign key: the two tables would name each other
        Column("size", big_integer(), nullable=False),
        Column("headers", Text, nullable=False),
        Column("error", Text),
        Column("also_reply_to", Text),
        _text("reply_to_refused", _NAME),
        Column("body", LargeBinary, nullable=False),
        PrimaryKeyConstraint("seq", name="pk_hub_inbox"),
        UniqueConstraint("id", name="uq_hub_inbox_id"),
        # The guard of G2: of two processes that file one message at once, only one makes a row.
        UniqueConstraint("route", "sender", "identity", name="uq_hub_inbox_identity"),
        _one_of("hub_inbox", "state", STATES),
        CheckConstraint("waits_for IS NULL OR state = 'parked'", name="ck_hub_inbox_waits_for"),
        CheckConstraint(
            # A final state has its time and an unfinished one has none: counts by either agree.
            f"(final_at IS NULL) = (state IN ({_listed(UNFINISHED_STATES)}))",
            name="ck_hub_inbox_final_at",
        ),
        **ROW_NUMBERS_ONCE,
    )
    _bound_lengths(table)
    _index("ix_hub_inbox_line", table, "route", "seq", where=IN_LINE)
    _index("ix_hub_inbox_key", table, "route", "key", "seq", where=IN_LINE)
    _index("ix_hub_inbox_waits_for", table, "waits_for", "due_at", where="waits_for IS NOT NULL")
    _index("ix_hub_inbox_state", table, "state", "route", "seq", "repeats")
    # People look for messages by these; the index of times gives the pictures of an hour without reading the rows.
    _index("ix_hub_inbox_sender", table, "sender", "seq")
    _index("ix_hub_inbox_reason", table, "reason", "seq", where="reason IS NOT NULL")
    _index("ix_hub_inbox_received_at", table, "received_at", "final_at")
    _index("ix_hub_inbox_identity", table, "identity")
    _index("ix_hub_inbox_message_id", table, "message_id", where="message_id IS NOT NULL")
    _index("ix_hub_inbox_correlation_id", table, "correlation_id", where="correlation_id IS NOT NULL")


def _recording(metadata: MetaData) -> None:
    table = Table(
        "hub_recording",
        metadata,
        _text("inbox_id", _ID, nullable=False),
        Column("data", LargeBinary, nullable=False),
        PrimaryKeyConstraint("inbox_id", name="pk_hub_recording"),
        ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_recording_inbox_id"),
    )
    _bound_lengths(table)


def _in_hand(metadata: MetaData) -> None:
    table = Table(
        "hub_in_hand",
        metadata,
        _text("inbox_id", _ID, nullable=False),
        _text("process", _NAME, nullable=False),
        _text("since", _TIME, nullable=False),
        PrimaryKeyConstraint("inbox_id", name="pk_hub_in_hand"),
        ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_in_hand_inbox_id"),
    )
    _bound_lengths(table)


def _outbox(metadata: MetaData) -> None:
    table = Table(
        "hub_outbox",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("id", _ID, nullable=False),
        _text("message_id", _FOREIGN_ID, nullable=False),
        _text("inbox_id", _ID),
        _text("route", _NAME),
        _text("destination", _NAME, nullable=False),
        _text("kind", 16, nullable=False),
        _text("type", _NAME),
        _text("correlation_id", _FOREIGN_ID),
        _text("reply_to", _NAME),
        _text("content_type", _NAME, nullable=False),
        _text("created_at", _TIME, nullable=False),
        _text("due_at", _TIME, nullable=False),
        _count("attempts"),
        _text("sent_at", _TIME),
        _text("aside_at", _TIME),
        _text("given_up_at", _TIME),
        _text("object", _NAME),
        Column("headers", Text, nullable=False),
        Column("error", Text),
        Column("body", LargeBinary, nullable=False),
        PrimaryKeyConstraint("seq", name="pk_hub_outbox"),
        UniqueConstraint("id", name="uq_hub_outbox_id"),
        ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_outbox_inbox_id"),
        _one_of("hub_outbox", "kind", OUTBOX_KINDS),
        **ROW_NUMBERS_ONCE,
    )
    _bound_lengths(table)
    _index("ix_hub_outbox_waiting", table, "destination", "seq", where="sent_at IS NULL AND aside_at IS NULL")
    _index("ix_hub_outbox_aside", table, "destination", "seq", where="aside_at IS NOT NULL AND given_up_at IS NULL")
    _index("ix_hub_outbox_inbox_id", table, "inbox_id")
    _index("ix_hub_outbox_message_id", table, "message_id")


def _batches(metadata: MetaData) -> None:
    batch = Table(
        "hub_batch",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("id", _ID, nullable=False),
        _text("route", _NAME, nullable=False),
        _text("state", 16, nullable=False),
        _text("digest", _ID, nullable=False),
        Column("size", big_integer(), nullable=False),
        _text("name", _NAME, nullable=False),
        _text("source", 1024),
        _text("number", _NAME),
        _text("root_id", _ID, nullable=False),
        _text("resubmits", _ID),
        _text("repeats", _ID),
        _text("received_at", _TIME, nullable=False),
        _text("final_at", _TIME),
        _count("orders"),
        _count("filed"),
        Column("error", Text),
        Column("head", LargeBinary),
        Column("tail", LargeBinary),
        PrimaryKeyConstraint("seq", name="pk_hub_batch"),
        UniqueConstraint("id", name="uq_hub_batch_id"),
        # Two processes that accept files of one number at once: only one of them can.
        UniqueConstraint("route", "number", name="uq_hub_batch_number"),
        _one_of("hub_batch", "state", BATCH_STATES),
        CheckConstraint(
            f"(final_at IS NULL) = (state IN ({_listed(OPEN_BATCH_STATES)}))",
            name="ck_hub_batch_final_at",
        ),
        **ROW_NUMBERS_ONCE,
    )
    part = Table(
        "hub_batch_part",
        metadata,
        _text("batch_id", _ID, nullable=False),
        Column("position", Integer, nullable=False),
        _text("inbox_id", _ID, nullable=False),
        _text("own_id", _FOREIGN_ID),
        _text("place", _NAME, nullable=False),
        PrimaryKeyConstraint("batch_id", "position", name="pk_hub_batch_part"),
        UniqueConstraint("inbox_id", name="uq_hub_batch_part_inbox_id"),
        ForeignKeyConstraint(["batch_id"], ["hub_batch.id"], name="fk_hub_batch_part_batch_id"),
        ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_batch_part_inbox_id"),
    )
    for table in (batch, part):
        _bound_lengths(table)
    _index("ix_hub_batch_route", batch, "route", "seq", where="final_at IS NULL")
    _index("ix_hub_batch_digest", batch, "route", "digest")
    _index("ix_hub_batch_root_id", batch, "root_id")
    _index("ix_hub_batch_part_own_id", part, "batch_id", "own_id")


def _feed_batches(metadata: MetaData) -> None:
    batch = Table(
        "hub_feed_batch",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("id", _ID, nullable=False),
        _text("feed", _NAME, nullable=False),
        _text("direction", 16, nullable=False),
        _text("kind", 16, nullable=False),
        Column("number", big_integer()),
        _text("state", 16, nullable=False),
        _text("digest", _ID),
        Column("size", big_integer()),
        _text("name", _NAME),
        *[
            _count(name)
            for name in (
                *("records", "adds", "changes", "deletes", "unchanged", "missing"),
                *("conflicts", "rejected", "kept", "staged_to", "judged_to", "merged_to"),
            )
        ],
        _text("amount", 64),
        _text("of_batch", _ID),
        Column("error", Text),
        _text("released_by", _NAME),
        Column("release_reason", Text),
        _text("received_at", _TIME, nullable=False),
        _text("final_at", _TIME),
        PrimaryKeyConstraint("seq", name="pk_hub_feed_batch"),
        UniqueConstraint("id", name="uq_hub_feed_batch_id"),
        _one_of("hub_feed_batch", "state", FEED_STATES),
        _one_of("hub_feed_batch", "direction", FEED_DIRECTIONS),
        _one_of("hub_feed_batch", "kind", FEED_KINDS),
        CheckConstraint(
            f"(final_at IS NULL) = (state IN ({_listed(OPEN_FEED_STATES)}))", name="ck_hub_feed_batch_final_at"
        ),
        **ROW_NUMBERS_ONCE,
    )
    alarm = Table(
        "hub_feed_alarm",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("feed", _NAME, nullable=False),
        _text("kind", _ID, nullable=False),
        _text("about", _NAME, nullable=False),
        Column("sentence", Text, nullable=False),
        _text("since", _TIME, nullable=False),
        _text("cleared_at", _TIME),
        PrimaryKeyConstraint("seq", name="pk_hub_feed_alarm"),
        UniqueConstraint("feed", "kind", "about", name="uq_hub_feed_alarm_about"),
        **ROW_NUMBERS_ONCE,
    )
    for table in (batch, alarm):
        _bound_lengths(table)
    # A refused file has used no number: its sender mends it, and sends it with the same one.
    partial_index(
        "uq_hub_feed_batch_number",
        batch,
        *("feed", "direction", "number"),
        where="state NOT IN ('refused', 'cancelled')",
        unique=True,
    )
    _index("ix_hub_feed_batch_open", batch, "feed", "seq", where="final_at IS NULL")
    _index("ix_hub_feed_batch_of_batch", batch, "of_batch")


def _feed_records(metadata: MetaData) -> None:
    # Without foreign keys to the batch: a check for each of a million rows costs more than the row.
    row = Table(
        "hub_feed_row",
        metadata,
        _text("batch_id", _ID, nullable=False),
        Column("position", Integer, nullable=False),
        _text("key", _NAME),
        _text("operation", 16, nullable=False),
        _text("version", _ID),
        _text("digest", 32),
        Column("place", big_integer()),
        Column("length", Integer),
        _text("row_status", 32, nullable=False),
        Column("reason", Text),
        Column("fields", Text),
        PrimaryKeyConstraint("batch_id", "position", name="pk_hub_feed_row"),
        _one_of("hub_feed_row", "row_status", ROW_STATUSES),
    )
    agreed = Table(
        "hub_feed_agreed",
        metadata,
        _text("feed", _NAME, nullable=False),
        _text("key", _NAME, nullable=False),
        _text("digest", 32, nullable=False),
        _text("version", _ID),
        Column("is_deleted", Integer, nullable=False, server_default=text("0")),
        _text("deleted_at", _TIME),
        _text("sent_batch", _ID),
        _text("batch_id", _ID, nullable=False),
        Column("position", Integer, nullable=False),
        Column("fields", Text, nullable=False),
        Column("sent", Text),
        PrimaryKeyConstraint("feed", "key", name="pk_hub_feed_agreed"),
    )
    decision = Table(
        "hub_feed_decision",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("feed", _NAME, nullable=False),
        _text("key", _NAME, nullable=False),
        _text("field", _NAME),
        _text("batch_id", _ID, nullable=False),
        Column("position", Integer, nullable=False),
        _text("rule", 32, nullable=False),
        _text("outcome", 32, nullable=False),
        _text("conflict", 32),
        _text("state", 16, nullable=False),
        _text("at", _TIME, nullable=False),
        _text("decided_by", _NAME),
        _text("decided_at", _TIME),
        *[Column(name, Text) for name in ("agreed", "ours", "theirs", "value", "reason")],
        PrimaryKeyConstraint("seq", name="pk_hub_feed_decision"),
        _one_of("hub_feed_decision", "state", DECISION_STATES),
        **ROW_NUMBERS_ONCE,
    )
    for table in (row, agreed, decision):
        _bound_lengths(table)
    _index("ix_hub_feed_row_key", row, "batch_id", "key")
    _index("ix_hub_feed_agreed_sent", agreed, "sent_batch", "key", where="sent_batch IS NOT NULL")
    _index("ix_hub_feed_decision_key", decision, "feed", "key", "seq")
    _index("ix_hub_feed_decision_batch_id", decision, "batch_id", "position")
    _index("ix_hub_feed_decision_open", decision, "feed", "seq", where="state = 'open'")


def _message_keys(metadata: MetaData) -> None:
    # The number of the message and not its id: a key's rows lie in the order of filing, and a page of them is one look.
    key = Table(
        "hub_message_key",
        metadata,
        _text("kind", 16, nullable=False),
        _text("value", _FOREIGN_ID, nullable=False),
        Column("seq", big_integer(), nullable=False),
        PrimaryKeyConstraint("kind", "value", "seq", name="pk_hub_message_key"),
        _one_of("hub_message_key", "kind", KEY_KINDS),
    )
    _bound_lengths(key)
    _index("ix_hub_message_key_seq", key, "seq")


def _jobs(metadata: MetaData) -> None:
    job = Table(
        "hub_job",
        metadata,
        Column("seq", big_integer(), nullable=False, autoincrement=True),
        _text("id", _ID, nullable=False),
        _text("action", 16, nullable=False),
        _text("state", 16, nullable=False),
        _text("made_by", _NAME, nullable=False),
        _text("made_at", _TIME, nullable=False),
        _text("started_by", _NAME),
        _text("started_at", _TIME),
        _text("final_at", _TIME),
        _text("due_at", _TIME),
        _text("destination", _NAME),
        Column("rate", Integer),
        Column("total", Integer, nullable=False),
        Column("chosen_by", Text, nullable=False),
        *[Column(name, Text) for name in ("reason", "edit", "stages", "known_errors", "preview", "stopped_by")],
        PrimaryKeyConstraint("seq", name="pk_hub_job"),
        UniqueConstraint("id", name="uq_hub_job_id"),
        _one_of("hub_job", "action", JOB_ACTIONS),
        _one_of("hub_job", "state", JOB_STATES),
        CheckConstraint(f"(final_at IS NULL) = (state IN ({_listed(OPEN_JOB_STATES)}))", name="ck_hub_job_final_at"),
        # Who starts a job says why.
        CheckConstraint("started_at IS NULL OR reason IS NOT NULL", name="ck_hub_job_reason"),
        **ROW_NUMBERS_ONCE,
    )
    item = Table(
        "hub_job_item",
        metadata,
        _text("job_id", _ID, nullable=False),
        Column("position", Integer, nullable=False),
        _text("message", _ID, nullable=False),
        _text("state", 16, nullable=False),
        _text("reason_before", 128),
        _text("reason", 128),
        _text("result", _ID),
        _text("ended_at", _TIME),
        PrimaryKeyConstraint("job_id", "position", name="pk_hub_job_item"),
        ForeignKeyConstraint(["job_id"], ["hub_job.id"], name="fk_hub_job_item_job_id"),
        _one_of("hub_job_item", "state", JOB_ITEM_STATES),
    )
    for table in (job, item):
        _bound_lengths(table)
    _index("ix_hub_job_running", job, "seq", where="state = 'running'")
    _index("ix_hub_job_item_state", item, "job_id", "state", "position")
    _index("ix_hub_job_item_message", item, "message")


def _remote_clients(metadata: MetaData) -> None:
    file = Table(
        "hub_remote_file",
        metadata,
        _text("id", _ID, nullable=False),
        _text("user_id", _ID, nullable=False),
        Column("number", Integer, nullable=False),
        _text("base_digest", 32, nullable=False),
        _text("taken_digest", 32),
        Column("answered_by", Integer),
        Column("has_hierarchy", Integer, nullable=False),
        _text("made_at", _TIME, nullable=False),
        Column("accounts", Text, nullable=False),
        Column("body", LargeBinary),
        PrimaryKeyConstraint("id", name="pk_hub_remote_file"),
        UniqueConstraint("user_id", "number", name="uq_hub_remote_file_number"),
    )
    returned = Table(
        "hub_remote_returned",
        metadata,
        _text("id", _ID, nullable=False),
        _text("user_id", _ID, nullable=False),
        _text("object", _NAME, nullable=False),
        _text("conflict", 32, nullable=False),
        Column("number", Integer, nullable=False),
        _text("at", _TIME, nullable=False),
        _text("ended", 32),
        *[Column(name, Text) for name in ("key", "field", "base", "yours", "hub", "reason")],
        PrimaryKeyConstraint("id", name="pk_hub_remote_returned"),
        _one_of("hub_remote_returned", "ended", RETURNED_ENDS),
    )
    for table in (file, returned):
        _bound_lengths(table)
    _index("ix_hub_remote_returned_open", returned, "user_id", "id", where="ended IS NULL")


def _control(metadata: MetaData) -> None:
    tables = [
        Table(
            "hub_door_count",
            metadata,
            _text("route", _NAME, nullable=False),
            _text("process", _NAME, nullable=False),
            Column("deliveries", big_integer(), nullable=False),
            PrimaryKeyConstraint("route", "process", name="pk_hub_door_count"),
        ),
        Table(
            "hub_lease",
            metadata,
            _text("name", _NAME, nullable=False),
            _text("holder", _NAME, nullable=False),
            _text("until", _TIME, nullable=False),
            PrimaryKeyConstraint("name", name="pk_hub_lease"),
        ),
        Table(
            "hub_component",
            metadata,
            _text("name", _NAME, nullable=False),
            _text("state", 16, nullable=False),
            Column("why", Text),
            _text("since", _TIME, nullable=False),
            PrimaryKeyConstraint("name", name="pk_hub_component"),
            _one_of("hub_component", "state", COMPONENT_STATES),
        ),
        Table(
            "hub_sequence",
            metadata,
            _text("name", _NAME, nullable=False),
            Column("value", big_integer(), nullable=False),
            PrimaryKeyConstraint("name", name="pk_hub_sequence"),
        ),
        Table(
            "hub_extension",
            metadata,
            _text("name", _NAME, nullable=False),
            _text("digest", _ID, nullable=False),
            _text("applied_at", _TIME, nullable=False),
            PrimaryKeyConstraint("name", "digest", name="pk_hub_extension"),
        ),
    ]
    for table in tables:
        _bound_lengths(table)


def _open_hub(metadata: MetaData) -> None:
    keys = Table(
        "s_integration_key",
        metadata,
        _text("system", _NAME, nullable=False),
        _text("account_id", _ID, nullable=False),
        _text("source_reference", _NAME, nullable=False),
        _text("integration_id", _ID, nullable=False),
        _text("created", _TIME, nullable=False),
        PrimaryKeyConstraint("system", "account_id", "source_reference", name="pk_s_integration_key"),
    )
    fallout = Table(
        "s_fallout",
        metadata,
        _text("row_id", _ID, nullable=False),
        _text("account_id", _ID),
        _text("order_id", _ID),
        _text("order_number", _NAME),
        _text("inbox_id", _ID),
        Column("lines", Text, nullable=False),
        _text("cause", _NAME, nullable=False),
        Column("reason", Text, nullable=False),
        _text("state", 16, nullable=False),
        _text("created", _TIME, nullable=False),
        _text("created_by", _NAME, nullable=False),
        _text("resolved", _TIME),
        _text("resolved_by", _NAME),
        Column("resolution", Text),
        PrimaryKeyConstraint("row_id", name="pk_s_fallout"),
        _one_of("s_fallout", "state", FALLOUT_STATES),
    )
    for table in (keys, fallout):
        _bound_lengths(table)
    _index("ix_s_integration_key_integration_id", keys, "account_id", "integration_id")
    _index("ix_s_fallout_state", fallout, "state", "created")
    _index("ix_s_fallout_order_number", fallout, "order_number")


def _web(metadata: MetaData) -> None:
    table = Table(
        "hub_web_form",
        metadata,
        _text("id", _ID, nullable=False),
        _text("person", _NAME, nullable=False),
        _text("at", _TIME, nullable=False),
        _text("label", _NAME, nullable=False),
        Column("location", Text, nullable=False),
        Column("notes", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_hub_web_form"),
    )
    _bound_lengths(table)


def _workflows(metadata: MetaData) -> None:
    tables = [
        Table(
            "hub_session",
            metadata,
            _text("name", _NAME, nullable=False),
            _text("quote_id", _ID, nullable=False),  # no foreign key: a quote may be deleted under its session
            _text("since", _TIME, nullable=False),
            PrimaryKeyConstraint("name", name="pk_hub_session"),
        ),
        Table(
            "hub_workflow_run",
            metadata,
            _text("id", _ID, nullable=False),
            _text("workflow", _NAME, nullable=False),
            _text("run_by", _NAME, nullable=False),
            _text("finished", _TIME, nullable=False),
            Column("arguments", Text, nullable=False),
            Column("data", LargeBinary, nullable=False),
            PrimaryKeyConstraint("id", name="pk_hub_workflow_run"),
        ),
    ]
    for table in tables:
        _bound_lengths(table)


def _people(metadata: MetaData) -> None:
    user = Table(
        "hub_user",
        metadata,
        _text("id", _ID, nullable=False),
        _text("name", _ID, nullable=False),
        _text("user_type", _NAME, nullable=False),
        _text("organization", _NAME),
        Column("with_members", Integer, nullable=False),
        Column("withheld", Text, nullable=False),
        _text("made_at", _TIME, nullable=False),
        _text("disabled_at", _TIME),
        _text("password", _NAME),
        Column("must_change_password", Integer, nullable=False),
        _text("totp_secret", _ID),
        Column("totp_step", big_integer(), nullable=False, server_default=text("0")),
        _text("open_id", 512),
        PrimaryKeyConstraint("id", name="pk_hub_user"),
        UniqueConstraint("name", name="uq_hub_user_name"),
    )
    account = Table(
        "hub_user_account",
        metadata,
        _text("user_id", _ID, nullable=False),
        _text("account_id", _ID, nullable=False),
        _text("given_by", _NAME, nullable=False),
        _text("given_at", _TIME, nullable=False),
        PrimaryKeyConstraint("user_id", "account_id", name="pk_hub_user_account"),
        ForeignKeyConstraint(["user_id"], ["hub_user.id"], name="fk_hub_user_account_user_id"),
    )
    session = Table(
        "hub_user_session",
        metadata,
        _text("digest", _ID, nullable=False),
        _text("user_id", _ID, nullable=False),
        _text("made_at", _TIME, nullable=False),
        _text("seen_at", _TIME, nullable=False),
        _text("ends_at", _TIME, nullable=False),
        _text("address", _NAME, nullable=False),
        PrimaryKeyConstraint("digest", name="pk_hub_user_session"),
        ForeignKeyConstraint(["user_id"], ["hub_user.id"], name="fk_hub_user_session_user_id"),
    )
    failure = Table(
        "hub_log_in_failure",
        metadata,
        _text("digest", _ID, nullable=False),
        Column("failures", Integer, nullable=False),
        _text("last_at", _TIME, nullable=False),
        PrimaryKeyConstraint("digest", name="pk_hub_log_in_failure"),
    )
    for table in (user, account, session, failure):
        _bound_lengths(table)
    partial_index("uq_hub_user_open_id", user, "open_id", where="open_id IS NOT NULL", unique=True)
    _index("ix_hub_user_account_account_id", account, "account_id")
    _index("ix_hub_user_session_user_id", session, "user_id")
    _index("ix_hub_log_in_failure_last_at", failure, "last_at")


def _audit(metadata: MetaData) -> None:
    audit = Table(
        "hub_audit",
        metadata,
        # Given out by hub_sequence, without gaps: a number that is missing is a row that was removed.
        Column("number", big_integer(), nullable=False, autoincrement=False),
        _text("at", _TIME, nullable=False),
        _text("who", _NAME, nullable=False),
        _text("address", _NAME, nullable=False),
        _text("action", _NAME, nullable=False),
        _text("outcome", 16, nullable=False),
        _text("object_kind", _NAME, nullable=False),
        _text("object_key", _NAME),
        _text("account_id", _ID),
        Column("why", Text, nullable=False),
        _text("digest", _ID, nullable=False),
        PrimaryKeyConstraint("number", name="pk_hub_audit"),
        _one_of("hub_audit", "outcome", AUDIT_OUTCOMES),
    )
    _bound_lengths(audit)
    _index("ix_hub_audit_who", audit, "who", "number")
    _index("ix_hub_audit_account_id", audit, "account_id", "number")


def _text(name: str, length: int, *, nullable: bool = True) -> Column[str]:
    """Return a column of text that both databases compare and sort by code point."""
    return Column(name, plain_text(length), nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _one_of(table: str, column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_listed(values)})", name=f"ck_{table}_{column}")


def _bound_lengths(table: Table) -> None:
    """Give each text a check of its length, because SQLite reads VARCHAR(64) as TEXT. Changes *table*."""
    for column in table.columns:
        length = getattr(column.type, "length", None)
        if length is not None:
            table.append_constraint(
                CheckConstraint(f"length({column.name}) <= {length}", name=f"ck_{table.name}_{column.name}_length")
            )


def _index(name: str, table: Table, *columns: str, where: str | None = None) -> None:
    if where is None:
        Index(name, *[table.c[column] for column in columns])
    else:
        partial_index(name, table, *columns, where=where)


HUB = MetaData()
"""The hub's own tables by themselves, for the statements on them."""

hub_tables(HUB)
