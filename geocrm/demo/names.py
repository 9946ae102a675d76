"""Names of demo customers, drawn many at a time from Faker's Indonesian word lists."""

from typing import Final

import numpy as np
from faker.providers.address.id_ID import Provider as AddressWords
from faker.providers.person.id_ID import Provider as PersonWords
from numpy.typing import NDArray

Strings = NDArray[np.object_]

_TRADES: Final = np.array(
    [
        "Toko {}", "Warung {}", "Apotek {}", "Bengkel {}", "Toko Bangunan {}", "RM {}", "UD {}",
        "CV {}", "PT {}", "Klinik {}", "Minimarket {}", "Toko Elektronik {}", "Kedai {}",
        "Koperasi {}", "Grosir {}", "Salon {}", "Toko Kelontong {}", "Percetakan {}",
    ],
    dtype=object,
)  # fmt: skip
_FIRST: Final = np.array(sorted(PersonWords.first_names), dtype=object)
_LAST: Final = np.array(sorted(set(PersonWords.last_names)), dtype=object)
_STREETS: Final = np.array(sorted(AddressWords.streets), dtype=object)


def people(rng: np.random.Generator, count: int) -> Strings:
    """Names of persons, shape (count,)."""
    return np.asarray(rng.choice(_FIRST, count) + " " + rng.choice(_LAST, count), dtype=object)


def businesses(rng: np.random.Generator, count: int) -> Strings:
    """Names of shops and firms, shape (count,)."""
    trades = rng.choice(_TRADES, count)
    owners = np.where(rng.random(count) < 0.5, rng.choice(_LAST, count), rng.choice(_FIRST, count))
    second = np.where(rng.random(count) < 0.4, " " + rng.choice(_LAST, count), "")
    return np.array(
        [trade.format(name) for trade, name in zip(trades, owners + second, strict=True)],
        dtype=object,
    )


def streets(rng: np.random.Generator, count: int) -> Strings:
    """Names of streets, shape (count,)."""
    return np.asarray("Jl. " + rng.choice(_STREETS, count), dtype=object)


def mobiles(rng: np.random.Generator, count: int) -> Strings:
    """Mobile numbers in E.164, shape (count,): a real prefix and seven or eight drawn digits."""
    prefixes = np.array(["811", "812", "813", "821", "852", "857", "878", "896"], dtype=object)
    digits = rng.integers(1_000_000, 99_999_999, count).astype(str).astype(object)
    return np.asarray("+62" + rng.choice(prefixes, count) + digits, dtype=object)


def addresses_of(names: Strings, rng: np.random.Generator) -> Strings:
    """E-mail addresses for persons, at a domain that nobody can own."""
    numbers = rng.integers(1, 9_999, len(names))
    return np.array(
        [
            f"{name.lower().replace(' ', '.').replace(chr(39), '')}{number}@pelanggan.example"
            for name, number in zip(names, numbers, strict=True)
        ],
        dtype=object,
    )
