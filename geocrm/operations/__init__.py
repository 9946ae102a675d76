"""Running an installation: its health, its backups, its first user."""
