import { getAgentSession } from '@total-audio/core-agent-executor'

const session = await getAgentSession(sessionId)
