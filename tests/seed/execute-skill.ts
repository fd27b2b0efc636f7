import { executeSkill } from '@total-audio/core-skills-engine'

const result = await executeSkill(
  "research-contacts",
  { query, type, genres, regions },
  userId,
  sessionId // optional
)
