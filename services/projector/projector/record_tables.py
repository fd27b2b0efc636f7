"""The records of campaigns as tables; every one has `user_id`, and a skill reads its own user's rows only."""

from sqlalchemy import BigInteger, Column, Computed, Date, Double, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from projector.column_types import LOOKED_UP, flag, metadata, moment, number

contacts = Table(
    "contacts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("name", JSONB),
    Column("email", JSONB),
    Column("phone", JSONB),
    Column("notes", JSONB),
    Column("outlet", Text),
    Column("role", Text),
    Column("type", Text),
    Column("genres", ARRAY(Text)),
    Column("regions", ARRAY(Text)),
    Column("source", Text),
    Column("source_url", Text),
    Column("genre_keys", ARRAY(Text)),
    Column("region_keys", ARRAY(Text)),
    Column("subscriber_type", Text),
    Column("timezone", Text),
    flag("suppressed", "false"),
    flag("suppressed_in_file", "false"),
    flag("objected", "false"),
    flag("erased", "false"),
    moment("imported_at"),
    Column("seq", BigInteger),
    Column("words", Text),
    Column("search_words", Text),
    Column("search", TSVECTOR, Computed("to_tsvector('simple', search_words)", persisted=True)),
    Index("contacts_by_user", "user_id", "type"),
    Index("contacts_by_words", "search", postgresql_using="gin"),
    Index("contacts_by_genre", "genre_keys", postgresql_using="gin"),
    Index("contacts_by_region", "region_keys", postgresql_using="gin"),
)

artists = Table(
    "artists",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("name", Text),
    Column("genres", ARRAY(Text)),
    Column("genre_keys", ARRAY(Text)),
    Column("location", Text),
    Column("bio", Text),
    Column("mbid", Uuid),
    flag("mine", "true"),
    flag("in_cohort", "false"),
    Index("artists_by_user", "user_id"),
    Index("artists_in_cohort", "id", postgresql_where=text("in_cohort")),
)

artist_facts = Table(
    "artist_facts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("artist_id", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text),
    Column("valid_to", Date),
    Index("artist_facts_by_artist", "artist_id"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("artist_id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("links", ARRAY(Text)),
    Column("isrc", Text),
    Index("releases_by_user", "user_id", "date"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("name", Text),
    Column("artist_id", Uuid),
    Column("release_id", Uuid),
    Column("goal", Text),
    Column("genres", ARRAY(Text)),
    moment("created_at"),
    moment("closed_at"),
    Index("campaigns_by_user", "user_id"),
    Index("campaigns_by_artist", "artist_id"),
)

outreach = Table(
    "outreach",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("campaign_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at"),
    Column("channel", Text),
    Column("template", Text),
    Column("detail", JSONB),
    Column("category", Text),
    Column("attributes", JSONB),
    Column("propensity", Double),
    flag("corrected", "false"),
    Index("outreach_by_pitch", "campaign_id", "contact_id", info=LOOKED_UP),
    Index("outreach_by_contact", "contact_id"),
)

pitches = Table(
    "pitches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("campaign_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    moment("sent_at"),
    moment("last_sent_at"),
    number("sends"),
    moment("bounced_at"),
    moment("replied_at"),
    moment("positive_at"),
    moment("declined_at"),
    moment("placed_at"),
    Column("channel", Text),
    Column("template", Text),
    Column("attributes", JSONB),
    Column("propensity", Double),
    Index("pitches_by_time", "user_id", "sent_at"),
    Index("pitches_by_campaign", "campaign_id", "sent_at"),
    Index("pitches_by_contact", "user_id", "contact_id"),
)

opportunities = Table(
    "opportunities",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text),
    Column("opens", Date),
    Column("deadline", Date),
    Column("cost", Double),
    Column("currency", Text),
    Column("genres", ARRAY(Text)),
    Column("regions", ARRAY(Text)),
    Column("genre_keys", ARRAY(Text)),
    Column("region_keys", ARRAY(Text)),
    Column("rules", JSONB),
    Column("source", Text),
    Index("opportunities_by_user", "user_id", "deadline"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("artist", Text, nullable=False),
    Column("artist_key", Text, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("kind", Text),
    Column("date", Date),
    Column("url", Text),
    Column("title", Text),
    Column("genres", ARRAY(Text)),
    Column("genre_keys", ARRAY(Text)),
    Index("coverage_by_user", "user_id", "artist_key"),
)

metric_days = Table(
    "metric_days",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("artist_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("value", Double, nullable=False),
    Column("source", Text),
    Index("metric_days_by_artist", "artist_id", "metric", "day"),
    Index("metric_days_by_user", "user_id", "metric", "day"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

OWNED = frozenset(
    table.name
    for table in (
        contacts,
        artists,
        artist_facts,
        releases,
        campaigns,
        outreach,
        pitches,
        opportunities,
        coverage,
        metric_days,
    )
)
