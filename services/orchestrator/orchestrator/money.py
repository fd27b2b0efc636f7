"""Whether something can still be paid: the one rule of every limit."""

from decimal import Decimal

from msgspec import Struct

NOTHING = Decimal(0)


class Purse(Struct, frozen=True):
    """`limit` None: as much as there is to pay. What is in doubt is part of `spent`."""

    limit: Decimal | None
    spent: Decimal = NOTHING
    reserved: Decimal = NOTHING

    @property
    def left(self) -> Decimal | None:
        """What there is to pay; nothing where a limit was set below what is spent."""
        return None if self.limit is None else max(NOTHING, self.limit - self.spent - self.reserved)

    def has(self, amount: Decimal | None) -> bool:
        """Whether the amount can be set aside; under a limit, what has no known price can not.

        What costs nothing can, also where a limit was set below what is spent.
        """
        if self.limit is None or amount == NOTHING:
            return True
        return amount is not None and self.spent + self.reserved + amount <= self.limit


def text(amount: Decimal) -> str:
    """Write an amount to its last digit, and never with an exponent."""
    return f"{amount:f}"
