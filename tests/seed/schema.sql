CREATE TABLE skills (
  name text PRIMARY KEY,
  version text NOT NULL,
  category text NOT NULL,
  description text,
  input_schema jsonb NOT NULL,
  output_schema jsonb NOT NULL,
  provider text NOT NULL,
  model text,
  config jsonb DEFAULT '{}',
  enabled boolean DEFAULT true,
  is_beta boolean DEFAULT false,
  created_at timestamptz DEFAULT now()
);
CREATE TABLE agent_sessions (
  id uuid PRIMARY KEY,
  agent_name text NOT NULL,
  user_id uuid NOT NULL,
  initial_input jsonb NOT NULL,
  final_output jsonb,
  status text DEFAULT 'pending',
  current_step integer DEFAULT 0,
  total_steps integer,
  tokens_used integer DEFAULT 0,
  cost_usd numeric DEFAULT 0,
  duration_ms integer,
  created_at timestamptz DEFAULT now(),
  completed_at timestamptz
);
CREATE TABLE agent_session_steps (
  id uuid PRIMARY KEY,
  session_id uuid REFERENCES agent_sessions(id),
  step_number integer NOT NULL,
  skill_name text REFERENCES skills(name),
  description text,
  input jsonb,
  output jsonb,
  status text DEFAULT 'pending',
  error_message text,
  started_at timestamptz,
  completed_at timestamptz
);
CREATE TABLE skill_executions (
  id uuid PRIMARY KEY,
  skill_name text REFERENCES skills(name),
  input jsonb NOT NULL,
  output jsonb,
  duration_ms integer,
  tokens_used integer,
  cost_usd numeric,
  status text,
  error_message text,
  agent_session_id uuid REFERENCES agent_sessions(id),
  user_id uuid,
  started_at timestamptz DEFAULT now()
);
