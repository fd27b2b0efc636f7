"""What PostgreSQL's being away looks like, and how it is to notice that we are.

DATABASE_AWAY are errors that go away by themselves, of the connection or server. NOTICED_WHEN_GONE are
settings of a connection that is kept or holds locks: PostgreSQL would hold these for two hours where a
machine, or the network to it, is gone without a word, and firewalls forget a connection that says nothing.
"""

import asyncpg

DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a rollback on a connection that a dying server has begun to close
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,  # it lets nobody in while its password is changed
    asyncpg.ObjectNotInPrerequisiteStateError,  # nobody into a database, or a lock is not to be had
    asyncpg.TransactionRollbackError,  # a deadlock with locks of somebody else's
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # it has become another one's copy, or has too little room to go on
)
NOTICED_WHEN_GONE = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
