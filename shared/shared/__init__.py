"""What two services, or a service and the client, must agree on.

Each module says in its first sentence what it is. `events` is where to begin: it says what can happen.

- what is stored and sent: `message`, `events`, `ledger_events`, `record_events`, `usage`, `commit`,
  `commands`, `work`, `subjects`, `definitions`
- the log: `log`, `jetstream_log`, `direct_get`, `streams`, `registry`
- NATS: `bus`, `pull`, `delivery`, `failures`, `hearing`, `listening`, `waiting`, `one_by_one`, `replies`,
  `doors`, `door_page`, `bodies`, `headers`, `inbox`, `nats_urls`, `hanging_up`, `room`
- values: `json`, `schema`, `schema_nodes`, `schema_rules`, `schema_formats`, `filling`, `identity`,
  `parts`, `places`, `csvtext`, `address`
- people: `personal`, `sealing`, `vault`, `memory_vault`, `key_cache`, `keyring`, `erasure`, `forgetting`,
  `readers`, `migrations`
- a service: `service`, `health`, `settings`, `secret`, `urls`, `logs`, `counts`, `quiet`, `newest`,
  `clock`, `within`, `unawaited`, `coming`, `reaching`, `outage`, `own_settings`, `suited`, `refusal`,
  `portable`, `no_core`, `steering`, `structlog_alone`
- traces: `telemetry`, `live_span`, `span`, `span_export`, `otlp`, `trace_ids`, `genai`
- skills' files and models' names: `skill_source`, `models`
"""
