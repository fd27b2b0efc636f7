try {
  await runAgentWorkflow(agentName, userId, steps)
} catch (error) {
  // Session marked as "failed"
  // Failed step identified
  // Previous steps preserved
  // Retry capability maintained
}
