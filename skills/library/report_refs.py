"""Where the figures of a report come from: rows of the tables, named by what they have in common."""

from dataclasses import dataclass

from library.campaign_numbers import Window
from library.outcomes import HORIZON

DELIVERED = "bounced_at is null"


@dataclass(frozen=True, slots=True)
class Refs:
    """References of one campaign's report; each ends with the log's sequence that it is as of."""

    campaign_id: str
    window: Window
    offset: int

    def rows(self, table: str, *conditions: str) -> str:
        return f"{table}: {', '.join(conditions)}; log {self.offset}"

    def rule(self, name: str) -> str:
        """Refer to what is fixed and stands in no row, such as the horizon."""
        return self.rows("rule", name)

    def pitches(self, *conditions: str, before: bool = False) -> str:
        """Refer to the campaign's pitches of the period, or of the one before it."""
        start, end = (
            (self.window.before, self.window.since) if before else (self.window.since, self.window.until)
        )
        span = (f"sent_at > {start.isoformat()}", f"sent_at <= {end.isoformat()}")
        return self._own("pitches", *span, *conditions)

    def delivered(self, *conditions: str, before: bool = False) -> str:
        """Refer to those of them that did not bounce."""
        return self.pitches(DELIVERED, *conditions, before=before)

    def silent(self, *conditions: str) -> str:
        """Refer to the campaign's pitches that may be followed up."""
        return self._own("pitches", "due for a follow-up", *conditions)

    def answered(self) -> str:
        return self._own("pitches", "replied_at is known")

    def replies(self, *conditions: str) -> str:
        return self._own("outreach", "not corrected", *conditions)

    def settled(self, *conditions: str) -> str:
        """Refer to the campaign's pitches whose outcome is known."""
        return self._own("pitches", *self._settled, *conditions)

    def all_settled(self, *conditions: str) -> str:
        """Refer to all the user's pitches whose outcome is known."""
        return self.rows("pitches", *self._settled, *conditions)

    def campaign(self, campaign_id: str | None = None) -> str:
        return self.rows("campaigns", f"id = {campaign_id or self.campaign_id}")

    def _own(self, table: str, *conditions: str) -> str:
        return self.rows(table, f"campaign_id = {self.campaign_id}", *conditions)

    @property
    def _settled(self) -> tuple[str, str]:
        return f"sent_at <= {(self.window.until - HORIZON).isoformat()}", DELIVERED
