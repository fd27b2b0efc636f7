const session = await getAgentSession(sessionId)
// Returns:
{
  id: "uuid",
  status: "completed",
  steps: [
    { step_number: 1, skill: "research-contacts", status: "completed", duration: 523 },
    { step_number: 2, skill: "score-contacts", status: "completed", duration: 234 },
    { step_number: 3, skill: "generate-pitch", status: "completed", duration: 1820 }
  ],
  total_duration: 2577,
  total_cost: 0.0234
}
