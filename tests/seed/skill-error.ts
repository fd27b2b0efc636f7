try {
  await executeSkill("research-contacts", input, userId)
} catch (error) {
  // Logged to skill_executions with:
  // - status: "error"
  // - error_message: error.message
  // - partial results if available
}
