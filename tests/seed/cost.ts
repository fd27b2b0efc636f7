// Skills engine automatically logs:
{
  tokens_used: 1247,        // Total input + output tokens
  cost_usd: 0.0156,         // Calculated based on model pricing
  model: "gpt-4o",          // Model used
  provider: "openai"        // Provider
}

// Aggregated at session level:
{
  session_id: "uuid",
  total_tokens: 4521,
  total_cost_usd: 0.0623,
  duration_ms: 2340
}
