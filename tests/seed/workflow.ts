const result = await runAgentWorkflow(
  "scout-agent",
  userId,
  [
    {
      skill: "research-contacts",
      description: "Find radio contacts",
      input: { query, type: "radio", genres, regions }
    },
    {
      skill: "score-contacts",
      description: "Rank by relevance",
      input: { contacts: "{{step1.contacts}}", criteria }
    },
    {
      skill: "generate-pitch",
      description: "Create personalized messages",
      input: { contacts: "{{step2.contacts}}", artistInfo }
    }
  ]
)
