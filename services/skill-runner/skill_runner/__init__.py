"""Runs attempts: takes work from the pools, runs a skill, reports how it ended.

Each module says in its first sentence what it is. To understand the service read `handlers`, `execution`
and `run`, then `custom` or `ai`.

- one attempt, from its work to its report: `handlers`, `execution`, `run`, `progress`, `failure`, `abort`,
  `cancelled`, `every`, `reporting`, `turns`
- custom skills, in processes that may be killed: `custom`, `workers`, `worker_process`, `call`, `frames`,
  `worker`, `plain`, `raised`, `surroundings`, `context`, `tables`, `fetching`, `addresses`, `skillfile`,
  `kept_skills`
- skills that ask a model: `ai`, `parts`, `prompts`, `writing`, `asking`, `pace`, `functions`, `structured`,
  `chats`
- money: `pricing`, `bounds`
- people: `opening`, `objections`
- what was answered before: `cache`, `cache_key`, `results`, `answerers`
- wiring: `main`
"""
