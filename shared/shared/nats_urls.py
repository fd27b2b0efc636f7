"""`TOTALAUD_NATS_URL` names one server, or those of a cluster with commas between: any of them will do."""


def servers(url: str) -> list[str]:
    return [one.strip() for one in url.split(",") if one.strip()]
