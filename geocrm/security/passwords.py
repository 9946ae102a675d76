"""Passwords: argon2id, as the sign-in page checks them."""

import argon2

from geocrm.errors import InvalidInput

MIN_LENGTH = 10  # characters; length beats composition rules (NIST SP 800-63B)
_HASHER = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash of a password, or InvalidInput when it is too short."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"A password needs at least {MIN_LENGTH} characters")
    return _HASHER.hash(password)


def password_matches(password: str, stored: str | None) -> bool:
    """Whether the password belongs to the hash; equally slow when there is no such user."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


# Of no password, and as slow to check as one: made of the same costs, for nothing.
_NOBODY = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    f"${'A' * 22}${'A' * 43}"
)
