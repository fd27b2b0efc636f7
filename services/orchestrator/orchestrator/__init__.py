"""Decides what happens in sessions: takes commands, appends to the log, dispatches work.

Each module says in its first sentence what it is. To understand the service read `decide`, `evolve`,
`sessions` and `follow`, in this order.

- the rules, pure: `asked`, `decide`, `decision`, `evolve`, `session`, `steps`, `spending`, `kept`,
  `repeated`
- the same for a user's money: `ledger`, `money`
- from a command to a decision: `doors`, `commands`, `starts`, `planning`, `templates`, `template_paths`,
  `fitting`, `budgets`, `definitions`
- into the log: `sessions`, `ledgers`, `recording`
- what follows a commit: `follow`, `shares`, `keeping_back`, `timers`, `settling`
- what skill-runners say: `reports`, `claims`, `queued`
- what was lost is found again: `sweep`, `open_sessions`, `passed_over`, `waited`, `pools`
- traces: `traces`, `seen`, `spans`, `span_attributes`
- wiring: `main`
"""
