"""The lists of records as SQL: `$1` the user, `$2` what they are narrowed to or null, `$3` how many.

What they are narrowed to is given as it is stored, in each of its spellings: `NAMES` has them all.
"""

CONTACTS = """
SELECT id, name, email, phone, outlet, role, type, genres, regions, suppressed, erased,
  source, source_url, notes, subscriber_type, timezone, imported_at
FROM contacts
WHERE user_id = $1 AND ($2::text[] IS NULL OR type = ANY($2))
ORDER BY imported_at DESC NULLS LAST, id LIMIT $3
"""
ARTISTS = """
SELECT a.id, a.name, a.genres, a.location, a.bio, a.mbid, a.mine, a.in_cohort,
  coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'id', f.id, 'text', f.text, 'source', f.source, 'valid_to', f.valid_to
    ) ORDER BY f.text)
    FROM artist_facts f WHERE f.artist_id = a.id AND f.user_id = a.user_id
  ), '[]') AS facts
FROM artists a
WHERE a.user_id = $1 AND ($2::text[] IS NULL OR a.name = ANY($2))
ORDER BY a.mine DESC, a.name, a.id LIMIT $3
"""
RELEASES = """
SELECT r.id, a.name AS artist, r.title, r.type, r.date, r.links, r.isrc
FROM releases r LEFT JOIN artists a ON a.id = r.artist_id AND a.user_id = r.user_id
WHERE r.user_id = $1 AND ($2::text[] IS NULL OR a.name = ANY($2))
ORDER BY r.date DESC, r.title, r.id LIMIT $3
"""
CAMPAIGNS = """
SELECT c.id, c.name, a.name AS artist, r.title AS release, c.goal, c.genres, c.created_at, c.closed_at,
  p.contacts, p.sent, p.replied, p.placed
FROM campaigns c
LEFT JOIN artists a ON a.id = c.artist_id AND a.user_id = c.user_id
LEFT JOIN releases r ON r.id = c.release_id AND r.user_id = c.user_id
CROSS JOIN LATERAL (
  SELECT count(*) AS contacts, count(sent_at) AS sent, count(replied_at) AS replied,
    count(placed_at) AS placed
  FROM pitches x WHERE x.campaign_id = c.id AND x.user_id = c.user_id
) AS p
WHERE c.user_id = $1 AND ($2::text[] IS NULL OR a.name = ANY($2))
ORDER BY c.created_at DESC, c.id LIMIT $3
"""
OUTREACH = """
SELECT o.id, c.name AS campaign, o.campaign_id, o.contact_id, t.name AS contact, t.outlet,
  o.kind AS event, o.at, o.channel, o.template, o.category, o.detail, o.attributes, o.propensity, o.corrected
FROM outreach o
LEFT JOIN campaigns c ON c.id = o.campaign_id AND c.user_id = o.user_id
LEFT JOIN contacts t ON t.id = o.contact_id AND t.user_id = o.user_id
WHERE o.user_id = $1 AND o.kind <> 'corrected'
  AND ($2::text[] IS NULL OR c.name = ANY($2) OR o.campaign_id::text = ANY($2))
ORDER BY o.at DESC, o.id LIMIT $3
"""
OPPORTUNITIES = """
SELECT id, title, kind, opens, deadline, cost, currency, genres, regions, url, rules, source
FROM opportunities
CROSS JOIN LATERAL (SELECT coalesce(deadline < (now() AT TIME ZONE 'UTC')::date, false) AS closed) AS d
WHERE user_id = $1 AND ($2::text[] IS NULL OR kind = ANY($2))
ORDER BY closed, CASE WHEN closed THEN deadline END DESC, deadline NULLS LAST, title, id LIMIT $3
"""
COVERAGE = """
SELECT id, date, artist, outlet, kind, title, url, genres
FROM coverage
WHERE user_id = $1 AND ($2::text[] IS NULL OR artist = ANY($2))
ORDER BY date DESC NULLS LAST, artist, id LIMIT $3
"""
LISTS = {
    "contacts": CONTACTS,
    "artists": ARTISTS,
    "releases": RELEASES,
    "campaigns": CAMPAIGNS,
    "outreach": OUTREACH,
    "opportunities": OPPORTUNITIES,
    "coverage": COVERAGE,
}
ARTIST_NAMES = "SELECT name FROM artists WHERE user_id = $1"
NAMES = {
    "artists": ARTIST_NAMES,
    "releases": ARTIST_NAMES,
    "campaigns": ARTIST_NAMES,
    "outreach": """
SELECT name FROM campaigns WHERE user_id = $1 UNION ALL SELECT id::text FROM campaigns WHERE user_id = $1
""",
    "coverage": "SELECT DISTINCT artist AS name FROM coverage WHERE user_id = $1",
}
REFERRED_TO = {"releases": "artist", "campaigns": "artist", "outreach": "campaign"}

CONTACT = """
SELECT name, email, phone, notes, outlet, role, type, genres, regions, source, source_url, subscriber_type,
  timezone, suppressed, erased, imported_at
FROM contacts WHERE user_id = $1 AND id = $2
"""
OUTREACH_WITH = """
SELECT o.id, c.name AS campaign, o.kind AS event, o.at, o.channel, o.template, o.detail, o.category,
  o.attributes, o.propensity, o.corrected
FROM outreach o LEFT JOIN campaigns c ON c.id = o.campaign_id AND c.user_id = o.user_id
WHERE o.user_id = $1 AND o.contact_id = $2 ORDER BY o.at, o.id
"""
PITCHES_WITH = """
SELECT c.name AS campaign, p.sent_at, p.last_sent_at, p.sends, p.bounced_at, p.replied_at, p.positive_at,
  p.declined_at, p.placed_at, p.channel, p.template, p.attributes
FROM pitches p LEFT JOIN campaigns c ON c.id = p.campaign_id AND c.user_id = p.user_id
WHERE p.user_id = $1 AND p.contact_id = $2 ORDER BY p.sent_at, p.id
"""


def _says(value: str) -> str:
    """Tell whether a value says something of the person $2, or has what is sealed for one of $3."""
    sealed = f"""jsonb_path_query({value}, 'strict $.**."$sealed"') AS person"""
    return (
        f"(strpos(lower({value}::text), $2::text) > 0 "
        f"OR EXISTS (SELECT FROM {sealed} WHERE person #>> '{{}}' = ANY($3::text[])))"
    )


SAID_OF = f"""
SELECT 'session' AS record, s.id, s.agent_name AS name, s.created_at AS at,
  NULL AS provider, NULL AS model, NULL::boolean AS simulated,
  jsonb_build_object('input', s.initial_input, 'output', s.final_output) AS value
FROM agent_sessions s
WHERE s.user_id = $1
  AND ({_says("s.initial_input")} OR {_says("s.final_output")})
UNION ALL
SELECT 'step', t.id, t.skill_name, t.started_at, NULL, NULL, NULL,
  jsonb_build_object('input', t.input, 'output', t.output)
FROM agent_session_steps t JOIN agent_sessions s ON s.id = t.session_id
WHERE s.user_id = $1
  AND ({_says("t.input")} OR {_says("t.output")})
UNION ALL
SELECT 'execution', e.id, e.skill_name, e.started_at, e.provider, e.model, e.simulated,
  jsonb_build_object('input', e.input, 'output', e.output)
FROM skill_executions e
WHERE e.user_id = $1
  AND ({_says("e.input")} OR {_says("e.output")})
ORDER BY at, id
"""  # noqa: S608 - columns of our own
