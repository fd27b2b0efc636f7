import { runAgentWorkflow } from '@total-audio/core-agent-executor'

const { sessionId, outputs } = await runAgentWorkflow(
  "scout-agent",
  userId,
  [
    { skill: "research-contacts", description: "...", input: {...} },
    { skill: "score-contacts", description: "...", input: {...} }
  ]
)
