-- One user's 100,000 contacts, 600,000 pitches in 200 campaigns and 1,000,000 outreach events, made in place;
-- and sixty small users beside, of 300 contacts and 800 pitches each, whose artists make up the cohort.
CREATE FUNCTION pg_temp.id(what text, number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
$$ SELECT md5(what || '/' || number)::uuid $$;
CREATE FUNCTION pg_temp.chance(what text, number bigint) RETURNS double precision IMMUTABLE LANGUAGE sql AS
$$ SELECT ('x' || substr(md5(what || number), 1, 7))::bit(28)::int / 268435456.0 $$;
CREATE FUNCTION pg_temp.pick(names text[], what text, number bigint) RETURNS text IMMUTABLE LANGUAGE sql AS
$$ SELECT names[1 + floor(pg_temp.chance(what, number) * cardinality(names))::int] $$;
CREATE FUNCTION pg_temp.keys(names text[]) RETURNS text[] IMMUTABLE LANGUAGE sql AS
$$ SELECT array_agg(regexp_replace(lower(name), '[^a-z0-9&]', '', 'g')) FROM unnest(names) AS name $$;

INSERT INTO artists (id, user_id, name, genres, genre_keys, location, mine, in_cohort)
SELECT pg_temp.id('artist', n), '{user}', 'Artist ' || n, genres, pg_temp.keys(genres), 'Leeds', n <= 5, n <= 5
FROM generate_series(1, 500) AS n,
LATERAL (SELECT ARRAY[pg_temp.pick('{{synthpop,indie,techno,folk,hip hop,jazz,metal,ambient}}', 'artist', n)] AS genres) AS g;

INSERT INTO artist_facts (id, user_id, artist_id, text, source)
SELECT pg_temp.id('fact', n), '{user}', pg_temp.id('artist', n), 'Played Harbour Hall in 2025', 'https://example.org/facts'
FROM generate_series(1, 5) AS n;

INSERT INTO releases (id, user_id, artist_id, title, type, date)
SELECT pg_temp.id('release', n), '{user}', pg_temp.id('artist', n), 'Release ' || n, 'single', '{now}'::date + 40
FROM generate_series(1, 5) AS n;

INSERT INTO campaigns (id, user_id, name, artist_id, release_id, goal, genres, created_at)
SELECT pg_temp.id('campaign', n), '{user}', 'Campaign ' || n, pg_temp.id('artist', 1 + n % 5), pg_temp.id('release', 1 + n % 5),
       'radio', ARRAY[pg_temp.pick('{{synthpop,indie,techno,folk}}', 'campaign', n)], '{now}'::timestamptz - interval '1 day' * (800 - 4 * n)
FROM generate_series(1, 200) AS n;

INSERT INTO contacts (id, user_id, name, email, outlet, role, type, genres, regions, source, source_url, genre_keys, region_keys,
                      imported_at, seq, search_words)
SELECT pg_temp.id('contact', n), '{user}', '{sealed}', '{sealed}', 'Outlet ' || n, 'presenter', type, genres, regions, '{sealed}',
       '{sealed}', pg_temp.keys(genres), pg_temp.keys(regions), '{now}'::timestamptz - interval '900 days', 1,
       concat_ws(' ', 'Outlet', n, 'presenter', type, array_to_string(genres, ' '), array_to_string(regions, ' '))
FROM generate_series(1, 100000) AS n,
LATERAL (SELECT ARRAY[pg_temp.pick('{{synthpop,indie,techno,folk,hip hop,jazz,metal,ambient}}', 'genre', n),
                      pg_temp.pick('{{electropop,new wave,house,rock,pop,classical}}', 'other', n)] AS genres,
                ARRAY[pg_temp.pick('{{UK,Scotland,Wales,Germany,US,France}}', 'region', n)] AS regions,
                pg_temp.pick('{{radio,playlist,journalist,blogger}}', 'type', n) AS type) AS drawn;

INSERT INTO pitches (id, user_id, campaign_id, contact_id, sent_at, last_sent_at, sends, bounced_at, replied_at, positive_at,
                     declined_at, placed_at, channel, template, attributes)
SELECT pg_temp.id('pitch', n), '{user}', pg_temp.id('campaign', campaign), pg_temp.id('contact', contact), sent, sent, 1,
       CASE WHEN luck < 0.02 THEN sent + interval '1 minute' END,
       CASE WHEN luck > 0.92 THEN sent + delay END,
       CASE WHEN luck > 0.95 THEN sent + delay END,
       CASE WHEN luck BETWEEN 0.92 AND 0.95 THEN sent + delay END,
       CASE WHEN luck > 0.98 THEN sent + delay END,
       'email', pg_temp.pick('{{short,story,question}}', 'template', n),
       jsonb_build_object('length', pg_temp.pick('{{short,middle,long}}', 'length', n), 'link', pg_temp.pick('{{yes,no}}', 'link', n))
FROM (SELECT n, campaign, (campaign * 500 + k * 33) % 100000 + 1 AS contact, pg_temp.chance('luck', n) AS luck,
             '{now}'::timestamptz - interval '1 day' * (800 - 4 * campaign) + interval '1 minute' * k AS sent,
             interval '1 day' * -5 * ln(1.0001 - pg_temp.chance('delay', n)) AS delay
      FROM generate_series(1, 200) AS campaign, generate_series(0, 2999) AS k, LATERAL (SELECT campaign * 3000::bigint + k AS n) AS ids
     ) AS drawn
WHERE sent < '{now}';

INSERT INTO artists (id, user_id, name, genres, genre_keys, location, mine, in_cohort)
SELECT pg_temp.id('artist', 1000 + n), pg_temp.id('user', n), 'Artist ' || 1000 + n, genres, pg_temp.keys(genres), 'Leeds', true, true
FROM generate_series(1, 60) AS n,
LATERAL (SELECT ARRAY[pg_temp.pick('{{synthpop,indie,techno,folk}}', 'artist', n)] AS genres) AS g;

INSERT INTO campaigns (id, user_id, name, artist_id, goal, genres, created_at)
SELECT pg_temp.id('campaign', 1000 + 4 * n + k), pg_temp.id('user', n), 'Campaign ' || k, pg_temp.id('artist', 1000 + n), 'radio',
       '{{synthpop}}', '{now}'::timestamptz - interval '60 days' * (k + 1)
FROM generate_series(1, 60) AS n, generate_series(0, 3) AS k;

INSERT INTO contacts (id, user_id, name, email, outlet, role, type, genres, regions, source, genre_keys, region_keys, imported_at, seq, search_words)
SELECT pg_temp.id('small contact', n * 300 + k), pg_temp.id('user', n), name, email, outlet, role, type, genres, regions, source, genre_keys,
       region_keys, imported_at, 1, search_words
FROM generate_series(1, 60) AS n, generate_series(0, 299) AS k, LATERAL (SELECT pg_temp.id('contact', n * 300 + k) AS like_it) AS l
JOIN contacts ON id = like_it;

INSERT INTO pitches (id, user_id, campaign_id, contact_id, sent_at, last_sent_at, sends, replied_at, channel, template)
SELECT pg_temp.id('small pitch', n * 800 + k), pg_temp.id('user', n), pg_temp.id('campaign', 1000 + 4 * n + k / 200),
       pg_temp.id('small contact', n * 300 + k % 200), sent, sent, 1,
       CASE WHEN pg_temp.chance('small luck', n * 800 + k) > 0.93 THEN sent + interval '2 days' END, 'email', 'short'
FROM generate_series(1, 60) AS n, generate_series(0, 799) AS k,
LATERAL (SELECT '{now}'::timestamptz - interval '60 days' * (k / 200 + 1) + interval '1 hour' * (k % 200) AS sent) AS t;

INSERT INTO outreach (id, user_id, campaign_id, contact_id, kind, at, channel, template, category)
SELECT md5(id::text || kind)::uuid, user_id, campaign_id, contact_id, kind, at, channel, template, category
FROM pitches, LATERAL (VALUES
    ('sent', sent_at, NULL), ('opened', CASE WHEN pg_temp.chance(id::text, 1) < 0.58 THEN sent_at + interval '1 hour' END, NULL),
    ('bounced', bounced_at, NULL), ('replied', replied_at, CASE WHEN positive_at IS NULL THEN 'declined' ELSE 'interested' END),
    ('placed', placed_at, NULL)) AS told (kind, at, category)
WHERE at IS NOT NULL;

INSERT INTO opportunities (id, user_id, title, kind, url, deadline, genres, regions, genre_keys, region_keys, rules, source)
SELECT pg_temp.id('opportunity', n), '{user}', 'Opportunity ' || n, pg_temp.pick('{{submission,festival,funding,blog}}', 'kind', n),
       'https://example.org/opportunities/' || n, '{now}'::date + (n % 200) - 50, genres, '{{UK}}', pg_temp.keys(genres), '{{uk}}', '{{}}', 'generated'
FROM generate_series(1, 2000) AS n,
LATERAL (SELECT ARRAY[pg_temp.pick('{{synthpop,indie,techno,folk,jazz}}', 'open', n)] AS genres) AS g;

INSERT INTO coverage (id, user_id, artist, artist_key, outlet, kind, date, title, genres, genre_keys)
SELECT pg_temp.id('coverage', n), '{user}', 'Artist ' || 1 + n % 500, 'artist' || 1 + n % 500, 'Outlet ' || n % 2000, 'review',
       '{now}'::date - (n % 700), 'Title ' || n, '{{synthpop}}', '{{synthpop}}'
FROM generate_series(1, 10000) AS n;

INSERT INTO metric_days (id, user_id, artist_id, metric, day, value, source)
SELECT md5(n || metric || day)::uuid, '{user}', pg_temp.id('artist', n), metric, '{now}'::date - day, 100 + day % 7 + 40 * pg_temp.chance(metric, n * 1000 + day), 'generated'
FROM generate_series(1, 5) AS n, generate_series(1, 800) AS day, unnest('{{streams,listeners,followers}}'::text[]) AS metric;

INSERT INTO snapshots (user_id, seq) VALUES ('{user}', 1);

ANALYZE;
