"""Users with their accounts and sessions, failed log-ins, the audit, and an index of the accounts beneath an account.

Revision: 0038
Revises: 0037
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Create the five tables, and the index."""
    _user()
    _user_account()
    _user_session()
    _log_in_failure()
    _audit()
    op.create_index("ix_s_account_parent_account_id", "s_account", ["parent_account_id"])


def downgrade() -> None:
    """Drop the index and the tables."""
    op.drop_index("ix_s_account_parent_account_id", "s_account")
    for name in ("hub_audit", "hub_log_in_failure", "hub_user_session", "hub_user_account", "hub_user"):
        op.drop_table(name)


def _user() -> None:
    lengths = {
        "id": 64,
        "name": 64,
        "user_type": 255,
        "organization": 255,
        "made_at": 32,
        "disabled_at": 32,
        "password": 255,
        "totp_secret": 64,
    }
    op.create_table(
        "hub_user",
        _text("id", 64, nullable=False),
        _text("name", 64, nullable=False),
        _text("user_type", 255, nullable=False),
        _text("organization", 255),
        sa.Column("with_members", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Text(), nullable=False),
        _text("made_at", 32, nullable=False),
        _text("disabled_at", 32),
        _text("password", 255),
        sa.Column("must_change_password", sa.Integer(), nullable=False),
        _text("totp_secret", 64),
        sa.Column("totp_step", _whole(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_hub_user"),
        sa.UniqueConstraint("name", name="uq_hub_user_name"),
        *_bounded("hub_user", **lengths),
    )


def _user_account() -> None:
    op.create_table(
        "hub_user_account",
        _text("user_id", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("given_by", 255, nullable=False),
        _text("given_at", 32, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "account_id", name="pk_hub_user_account"),
        sa.ForeignKeyConstraint(["user_id"], ["hub_user.id"], name="fk_hub_user_account_user_id"),
        *_bounded("hub_user_account", user_id=64, account_id=64, given_by=255, given_at=32),
    )
    op.create_index("ix_hub_user_account_account_id", "hub_user_account", ["account_id"])


def _user_session() -> None:
    op.create_table(
        "hub_user_session",
        _text("digest", 64, nullable=False),
        _text("user_id", 64, nullable=False),
        _text("made_at", 32, nullable=False),
        _text("seen_at", 32, nullable=False),
        _text("ends_at", 32, nullable=False),
        _text("address", 255, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_hub_user_session"),
        sa.ForeignKeyConstraint(["user_id"], ["hub_user.id"], name="fk_hub_user_session_user_id"),
        *_bounded("hub_user_session", digest=64, user_id=64, made_at=32, seen_at=32, ends_at=32, address=255),
    )
    op.create_index("ix_hub_user_session_user_id", "hub_user_session", ["user_id"])


def _log_in_failure() -> None:
    op.create_table(
        "hub_log_in_failure",
        _text("digest", 64, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _text("last_at", 32, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_hub_log_in_failure"),
        *_bounded("hub_log_in_failure", digest=64, last_at=32),
    )
    op.create_index("ix_hub_log_in_failure_last_at", "hub_log_in_failure", ["last_at"])


def _audit() -> None:
    lengths = {
        "at": 32,
        "who": 255,
        "address": 255,
        "action": 255,
        "outcome": 16,
        "object_kind": 255,
        "object_key": 255,
        "account_id": 64,
        "digest": 64,
    }
    op.create_table(
        "hub_audit",
        sa.Column("number", _whole(), nullable=False, autoincrement=False),
        *[
            _text(name, length, nullable=name in ("object_key", "account_id"))
            for name, length in lengths.items()
            if name != "digest"
        ],
        sa.Column("why", sa.Text(), nullable=False),
        _text("digest", 64, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_hub_audit"),
        sa.CheckConstraint("outcome IN ('done', 'denied')", name="ck_hub_audit_outcome"),
        *_bounded("hub_audit", **lengths),
    )
    op.create_index("ix_hub_audit_who", "hub_audit", ["who", "number"])
    op.create_index("ix_hub_audit_account_id", "hub_audit", ["account_id", "number"])


def _whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[str]:
    """Return a column of text that both databases compare by code point."""
    collated = sa.String(length, collation="C")
    return sa.Column(name, sa.String(length).with_variant(collated, "postgresql"), nullable=nullable)


def _bounded(table: str, **lengths: int) -> list[sa.CheckConstraint]:
    """Return the checks of the lengths, because SQLite reads VARCHAR(64) as TEXT."""
    return [
        sa.CheckConstraint(f"length({name}) <= {length}", name=f"ck_{table}_{name}_length")
        for name, length in lengths.items()
    ]
