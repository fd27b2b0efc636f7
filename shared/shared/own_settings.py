"""What our connections to PostgreSQL set for themselves, whatever their role or database is set to.

With NEWEST who has waited for a lock sees what was committed meanwhile. TABLES are found by their names.
"""

NEWEST = {"default_transaction_isolation": "read committed"}
TABLES = {"search_path": "public"}
