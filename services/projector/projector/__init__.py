"""Keeps the tables of PostgreSQL as the log says they are.

Each module says in its first sentence what it is. To understand the service read `rows`, `waves`,
`writing`, `projection` and `live`.

- from a commit to changes: `entry`, `rows`, `changes`, `runs`, `attempts`, `steps`, `ledgers`,
  `definitions`, `contacts`, `artists`, `market`, `outreach`, `pitches`, `namekeys`, `row_ids`
- from changes to SQL: `waves`, `columns`, `derived`, `statements`, `spreading`, `writing`
- in the log's order, for ever: `reader`, `projection`, `live`, `origin`, `spans`
- a rebuild: `rebuild`, `rebuilding`, `apart`, `lanes`, `lane`, `lines`, `filling`, `finishing`, `pages`,
  `beside`, `readers`
- what the tables are: `tables`, `record_tables`, `column_types`, `ddl`, `policies`, `database`
- the same without SQL, to compare with: `fold`
- the operator and wiring: `operating`, `measuring`, `main`
"""
