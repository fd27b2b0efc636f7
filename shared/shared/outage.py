"""What PostgreSQL's being away looks like: errors that go away by themselves, of the connection or server."""

import asyncpg

DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a rollback on a connection that a dying server has begun to close
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # it has become another one's copy, or has too little room to go on
)
