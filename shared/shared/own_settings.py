"""What our connections to PostgreSQL set for themselves, whatever their role or database is set to.

With NEWEST who has waited for a lock sees what was committed meanwhile. TABLES are found by their names, and
PATIENT is who has a deadline of their own.
"""

NEWEST = {"default_transaction_isolation": "read committed"}
TABLES = {"search_path": "public"}
PATIENT = {"statement_timeout": "0", "lock_timeout": "0"}
