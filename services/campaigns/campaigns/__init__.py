"""Keeps contacts and campaign records, personal fields sealed.

Each module says in its first sentence what it is. To understand the service read `main`, `history` and one
of the lives.

- lives, pure: `contacts`, `artists`, `releases`, `campaign`, `wholes`, `naming`, `keeping`
- commands on them: `doors`, `requests`, `profiles`, `outreach`, `suppressing`, `erasing`,
  `remembering`, `finding`, `history`
- imports: `imports`, `reading`, `csvfile`, `ics`, `columns`, `headers`, `cells`, `values`,
  `contact_importing`, `outreach_importing`, `stream_importing`, `market_importing`, `whole_importing`,
  `contact_rows`, `outreach_rows`, `market_rows`, `outreach_events`, `kinds`, `crowd`
- what an answer means: `replies`, `opt_out`, `objecting`
- after a restore: `reapplying`
- wiring: `main`
"""
