"""Amounts of money and what they are counted in: two in different currencies cannot be compared."""

SAME = {
    "GBP": ("£", "POUND", "POUNDS", "STERLING", "POUNDS STERLING", "GB£", "UK£"),
    "EUR": ("€", "EURO", "EUROS"),
    "USD": ("$", "DOLLAR", "DOLLARS", "US$", "US DOLLAR", "US DOLLARS"),
    "AUD": ("A$", "AU$"),
    "BRL": ("R$", "REAL", "REAIS"),
    "CAD": ("C$", "CA$"),
    "INR": ("₹", "RUPEE", "RUPEES"),
    "JPY": ("¥", "￥", "円", "YEN", "JP¥"),
    "KRW": ("₩", "원", "WON"),
    "NZD": ("NZ$",),
    "PLN": ("ZŁ", "ZLOTY", "ZŁOTY"),
    "TRY": ("₺", "LIRA"),
}
CODE_OF = {other: code for code, others in SAME.items() for other in others}


def currency(written: str | None) -> str | None:
    """Return a currency's code where its sign or name is known, else what was written; None for nothing."""
    plain = " ".join((written or "").upper().split())
    return CODE_OF.get(plain, plain) or None
