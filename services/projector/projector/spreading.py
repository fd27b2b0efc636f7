"""The SQL of what spreads over other rows than those that a commit names, and of pitches.

Each takes its columns as arrays. What is compared as a whole row (BETWEEN one and the same) is found by the
index of all its columns: one of a single column cannot look cheaper.
"""

SKIP = """
UPDATE agent_session_steps t SET status = 'skipped'
FROM unnest($1::uuid[], $2::uuid[]) AS p(id, owner)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.id OFFSET 0) AS o
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.status FROM agent_session_steps x WHERE x.session_id = p.id OFFSET 0
) AS x
WHERE o.user_id = p.owner AND x.status = 'pending' AND t.ctid = x.place
"""
CANCEL_STEPS = """
UPDATE agent_session_steps t
SET status = 'cancelled', completed_at = CASE t.status WHEN 'running' THEN p.at ELSE t.completed_at END
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS p(id, owner, at)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.id OFFSET 0) AS o
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.status FROM agent_session_steps x WHERE x.session_id = p.id OFFSET 0
) AS x
WHERE o.user_id = p.owner AND x.status IN ('pending', 'running') AND t.ctid = x.place
"""
_CLOSE_ATTEMPTS = """
UPDATE skill_executions t
SET status = 'error', error_code = 'cancelled', error_message = 'the {what} was cancelled',
  tokens_used = CASE WHEN t.runner IS NULL THEN 0 END, cost_usd = CASE WHEN t.runner IS NULL THEN 0 END,
  completed_at = p.at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS p(id, owner, at)
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.user_id FROM skill_executions x
  WHERE {which} AND x.status IS NULL OFFSET 0
) AS x
WHERE x.user_id = p.owner AND t.ctid = x.place
"""
CANCEL_ATTEMPTS = _CLOSE_ATTEMPTS.format(
    what="session", which="x.agent_session_id = p.id AND x.execution_id IS NULL"
)
CLOSE_ALONE = _CLOSE_ATTEMPTS.format(what="skill", which="x.execution_id = p.id")
DOUBT_OF_STEPS = """
UPDATE agent_session_steps t SET in_doubt_usd = d.usd
FROM unnest($1::uuid[], $2::uuid[]) AS p(id, owner)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.id OFFSET 0) AS o
CROSS JOIN LATERAL (
  SELECT max(u.place) AS place, sum(u.before) AS before, sum(u.usd) AS usd FROM (
    SELECT x.step_number AS number, x.ctid AS place, x.in_doubt_usd AS before, 0 AS usd
    FROM agent_session_steps x WHERE x.session_id = p.id
    UNION ALL
    SELECT y.step_number, NULL, 0, y.in_doubt_usd FROM skill_executions y
    WHERE y.agent_session_id = p.id AND y.execution_id IS NULL AND y.status IS NOT NULL
  ) AS u GROUP BY u.number
) AS d
WHERE o.user_id = p.owner AND d.usd <> d.before AND t.ctid = d.place
"""
DOUBT = """
UPDATE agent_sessions t SET in_doubt_usd = d.usd
FROM unnest($1::uuid[], $2::uuid[]) AS p(id, owner)
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.user_id, x.in_doubt_usd AS before FROM agent_sessions x WHERE x.id = p.id OFFSET 0
) AS x
CROSS JOIN LATERAL (
  SELECT coalesce(sum(s.in_doubt_usd), 0) AS usd FROM (
    SELECT y.in_doubt_usd FROM agent_session_steps y WHERE y.session_id = p.id OFFSET 0
  ) AS s
) AS d
WHERE x.user_id = p.owner AND d.usd <> x.before AND t.ctid = x.place
"""
FILE = """
UPDATE skill_executions t SET agent_session_id = o.id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS p(id, owner, session_id)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.session_id OFFSET 0) AS o
CROSS JOIN LATERAL (SELECT x.ctid AS place FROM skill_executions x WHERE x.id = p.id OFFSET 0) AS x
WHERE o.user_id = p.owner AND t.ctid = x.place
"""
FILE_AGAIN = """
UPDATE skill_executions t SET agent_session_id = f.agent_session_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS p(id, owner, execution_id)
CROSS JOIN LATERAL (
  SELECT x.agent_session_id, x.user_id FROM skill_executions x
  WHERE x.execution_id = p.execution_id AND x.attempt = 1 OFFSET 0
) AS f
CROSS JOIN LATERAL (SELECT x.ctid AS place FROM skill_executions x WHERE x.id = p.id OFFSET 0) AS x
WHERE f.user_id = p.owner AND t.ctid = x.place
"""
REFOLD = """
WITH folded AS (
  SELECT p.*, h.*, f.channel, f.template, f.attributes, f.propensity,
    CASE WHEN h.replied_at IS NULL AND (h.sends < 2 OR h.last_bounced_at >= h.last_sent_at)
      THEN h.first_bounced_at END AS bounced_at
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS p(id, owner, campaign_id, contact_id)
  CROSS JOIN LATERAL (
    SELECT count(*) AS happened,
      min(at) FILTER (WHERE kind = 'sent') AS sent_at,
      max(at) FILTER (WHERE kind = 'sent') AS last_sent_at,
      count(*) FILTER (WHERE kind = 'sent') AS sends,
      min(at) FILTER (WHERE kind = 'bounced') AS first_bounced_at,
      max(at) FILTER (WHERE kind = 'bounced') AS last_bounced_at,
      min(at) FILTER (WHERE kind IN ('positive', 'declined', 'placed')
        OR kind = 'replied' AND category IS DISTINCT FROM 'auto') AS replied_at,
      min(at) FILTER (WHERE kind IN ('positive', 'placed')
        OR kind = 'replied' AND category IN ('interested', 'placed')) AS positive_at,
      min(at) FILTER (WHERE kind = 'declined'
        OR kind = 'replied' AND category IN ('declined', 'objected')) AS declined_at,
      min(at) FILTER (WHERE kind = 'placed' OR kind = 'replied' AND category = 'placed') AS placed_at
    FROM outreach x
    WHERE (x.campaign_id, x.contact_id) BETWEEN (p.campaign_id, p.contact_id)
      AND (p.campaign_id, p.contact_id) AND x.user_id = p.owner AND NOT x.corrected
  ) AS h
  LEFT JOIN LATERAL (
    SELECT x.channel, x.template, x.attributes, x.propensity FROM outreach x
    WHERE (x.campaign_id, x.contact_id) BETWEEN (p.campaign_id, p.contact_id)
      AND (p.campaign_id, p.contact_id) AND x.user_id = p.owner AND NOT x.corrected AND x.kind = 'sent'
    ORDER BY x.at, x.id LIMIT 1
  ) AS f ON true
), gone AS (
  DELETE FROM pitches t USING folded f WHERE t.id = f.id AND t.user_id = f.owner AND f.happened = 0
)
INSERT INTO pitches AS t (id, user_id, campaign_id, contact_id, sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity)
SELECT id, owner, campaign_id, contact_id, sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity
FROM folded WHERE happened > 0
ON CONFLICT (id) DO UPDATE SET (sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity)
  = (excluded.sent_at, excluded.last_sent_at, excluded.sends, excluded.bounced_at, excluded.replied_at,
  excluded.positive_at, excluded.declined_at, excluded.placed_at, excluded.channel, excluded.template,
  excluded.attributes, excluded.propensity)
WHERE t.user_id = excluded.user_id
"""
IN_ORDER = (
    *(SKIP, CANCEL_STEPS, CANCEL_ATTEMPTS, CLOSE_ALONE),
    *(DOUBT_OF_STEPS, DOUBT, FILE, FILE_AGAIN),
)
