"""A whole stack on this machine: embedded NATS and PostgreSQL, and every service as a supervised process."""
