const subscription = supabase
  .channel('agent-session')
  .on('postgres_changes', {
    event: 'UPDATE',
    schema: 'public',
    table: 'agent_sessions',
    filter: `id=eq.${sessionId}`
  }, (payload) => {
    console.log('Session updated:', payload.new)
  })
  .subscribe()
