"""A user who reads PostgreSQL themselves does so under a role of their own, whose name says who they are.

Whoever has logged in may set any setting, but not their `current_user`: the policies of the read model
compare rows with it, and nothing has to be looked up.
"""

from uuid import UUID

PREFIX = "reader_"
IS_READER = f"current_user ~ '^{PREFIX}[0-9a-f]{{32}}$'"
ME = f"(SELECT CASE WHEN {IS_READER} THEN substr(current_user::text, {len(PREFIX) + 1})::uuid END)"


def role_of(user: UUID) -> str:
    return f"{PREFIX}{user.hex}"
