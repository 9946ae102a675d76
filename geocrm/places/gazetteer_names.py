"""Names in comparable form, and the forms by which a misspelt name finds its right spelling.

Pure text: the loader and the geocoder both use it, so that a name and a query meet in one form.
"""

import re
import unicodedata

# Letters that Unicode does not decompose into a base letter and a mark.
_FOLDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"}
)
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"['’‘ʼ`´ʻʾʿ]")

# Short forms people and registers use in Indonesian place names.
INDONESIAN_WORDS = {
    "tj": "tanjung",
    "tjg": "tanjung",
    "tg": "tanjung",
    "tanj": "tanjung",
    "sei": "sungai",
    "sungei": "sungai",
    "kp": "kampung",
    "kamp": "kampung",
    "kampong": "kampung",
    "gn": "gunung",
    "perk": "perkebunan",
    "bdr": "bandar",
    "pd": "pondok",
    "pdk": "pondok",
    "kr": "karang",
    "kep": "kepulauan",
    "lb": "lubuk",
    "mt": "muara",
}
MAX_SPELLING_LENGTH = 40  # longer keys are no single name; levenshtein() itself stops at 255
MIN_SPELLING_LENGTH = 4  # a slip in three letters leaves nothing to recognise


def folded(text: str) -> str:
    """Lower case without accents; apostrophes vanish, other punctuation stays."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    wide = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", wide) if not unicodedata.combining(c))
    return _APOSTROPHES.sub("", bare).translate(_FOLDED)


def words(text: str, country: str = "") -> list[str]:
    """The words of a name, folded; Indonesian short forms spelt out."""
    found = _WORD.findall(folded(text))
    if country != "ID":
        return found
    return [INDONESIAN_WORDS.get(word, word) for word in found]


def name_key(text: str, country: str = "") -> str:
    """The comparable form of a name: folded, spelt out, and without spaces.

    Without spaces because registers write Sukamaju and Suka Maju for one and the same name.
    """
    return "".join(words(text, country))


def spelling_forms(key: str) -> set[str]:
    """The key itself and the key with each one letter left out.

    Two keys one slip apart (a letter more, less, other, or two swapped) share at least one.
    """
    if not MIN_SPELLING_LENGTH <= len(key) <= MAX_SPELLING_LENGTH:
        return set()
    return {key} | {key[:i] + key[i + 1 :] for i in range(len(key))}
