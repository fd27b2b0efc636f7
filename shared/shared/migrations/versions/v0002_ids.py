"""What ids of people are derived by, once it is no longer the master key."""

from alembic import op
from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, LargeBinary, func, true

revision = "0002"
down_revision = "0001"

SCHEMA = "vault"


def upgrade() -> None:
    op.create_table(
        "ids",
        Column("one", Boolean, CheckConstraint("one"), primary_key=True, server_default=true()),
        Column("wrapped", LargeBinary, nullable=False),
        Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=SCHEMA,
    )


def downgrade() -> None:
    raise RuntimeError("keys are not thrown away")
