{
  skill_name: "research-contacts",
  input: { query: "indie radio UK", ... },
  output: { contacts: [...] },
  duration_ms: 523,
  tokens_used: 0,  // Custom skills don't use tokens
  cost_usd: 0,
  status: "success"
}
