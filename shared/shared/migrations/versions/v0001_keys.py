"""Keys of people, and who was erased."""

from alembic import op
from sqlalchemy import Column, DateTime, LargeBinary, Uuid, func

revision = "0001"
down_revision = None

SCHEMA = "vault"


def upgrade() -> None:
    op.create_table(
        "keys",
        Column("user_id", Uuid, primary_key=True),
        Column("person", Uuid, primary_key=True),
        Column("wrapped", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=SCHEMA,
    )
    op.create_table(
        "erased",
        Column("user_id", Uuid, primary_key=True),
        Column("person", Uuid, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=SCHEMA,
    )


def downgrade() -> None:
    raise RuntimeError("keys are not thrown away")
