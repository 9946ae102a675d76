"""Street names in comparable form: what is written in a dozen ways meets in one.

Type words are brought to their shortest form in whatever language they are in ("Hauptstrasse" and
"Hauptstr.", "Jalan" and "Jl."). That one code stands for two words (street and saint are both st)
does no harm, because both sides go the same way. Pure text, used by loader and geocoder.
"""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from geocrm.places.gazetteer_names import folded

_WORD = re.compile(r"[^\W_]+")
MIN_BARE_KEY = 4
MIN_TYPE_WORD = 5

_FORMS = {
    "st": "street str strasse straat strada saint sainte ste sankt sint gata gatan gate",
    "rd": "road",
    "av": "avenue ave aven avenida avda avd aveny avenyen",
    "bd": "boulevard blvd boul bvd bulevar bulevardi bulvar bulevard bvard",
    "pl": "place plaza platz plein plac placa plats plass",
    "sq": "square",
    "ln": "lane",
    "dr": "drive drv doctor dokter doktor docteur",
    "ct": "court crt",
    "hwy": "highway",
    "pkwy": "parkway",
    "ter": "terrace terr",
    "cres": "crescent",
    "cl": "close",
    "rte": "route",
    "ch": "chemin chem",
    "all": "allee",
    "imp": "impasse",
    "pass": "passage psge",
    "esc": "escalier escaliers",
    "qu": "quai",
    "mte": "montee",
    "fbg": "faubourg fg",
    "c": "calle cll carrer carretera crta ctra",
    "pje": "pasaje psje",
    "cam": "camino camin cno",
    "vle": "viale",
    "pza": "piazza piazzale",
    "cso": "corso",
    "vic": "vicolo",
    "r": "rua rue",
    "tv": "travessa",
    "ul": "ulica ulitsa ulice",
    "al": "aleja aleje alameda",
    "os": "osiedle",
    "jl": "jalan jln",
    "gg": "gang",
    "lrg": "lorong lr",
    "ps": "pasar",
    "kp": "kampung kampong kamp",
    "gn": "gunung",
    "n": "north utara",
    "s": "south selatan",
    "e": "east timur",
    "w": "west barat",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
    "gen": "general jenderal jendral jend jen generale",
    "mar": "marechal mariscal marsekal",
    "cmt": "commandant comandante",
    "col": "colonel coronel kolonel kol",
    "cap": "captain capitaine capitan kapten kapt",
    "let": "letnan lieutenant",
    "letjen": "letjend",
    "mayjen": "mayjend",
    "brigjen": "brigjend",
    "prof": "professor profesor professeur",
    "pres": "president presidente presiden",
    "princ": "prince princess princesse",
    "h": "haji",
    "hj": "hajjah",
    "moh": "muhammad mohammad mohamad muhamad muh mochamad moch mohamed",
    "ahmad": "achmad akhmad",
    "1": "first pertama 1st",
    "2": "second 2nd",
    "3": "third 3rd",
    "4": "fourth 4th",
    "5": "fifth 5th",
    "6": "sixth 6th",
    "7": "seventh 7th",
    "8": "eighth 8th",
    "9": "ninth 9th",
    "10": "tenth 10th",
}
_SHORT = {word: short for short, words in _FORMS.items() for word in words.split()}
# Words that say what kind of way it is; a name without them is still recognised.
_TYPE_WORDS = (
    "st rd av bd pl sq ln dr ct hwy pkwy ter cres cl rte ch all imp pass esc qu mte fbg c pje"
    " cam vle pza cso vic r tv ul al os jl gg lrg via way weg"
)
TYPES = frozenset(_TYPE_WORDS.split())
_ARTICLE_WORDS = (
    "de la le les du des d l del della dei degli delle di do da dos das el los las y et the of"
    " und der den dem die van von vom zum zur zu am im i"
)
_ARTICLES = frozenset(_ARTICLE_WORDS.split())
# Glued to the name in German, Dutch and the Nordic languages: Hauptstrasse, Hauptstr.
_GLUED = re.compile(r"(?<=\w\w)(strasse|straat|gatan|str|gata)$")
_GLUED_TYPES = ("strasse", "straat", "gatan")
_LONG_TYPES = tuple(
    sorted(word for word, short in _SHORT.items() if short in TYPES and len(word) >= MIN_TYPE_WORD)
)
_OLD_INDONESIAN = (("oe", "u"), ("dj", "j"), ("tj", "c"))
_DIGIT_SUFFIX = re.compile(r"(\d+)(?:st|nd|rd|th)")


def street_words(name: str, country: str = "") -> list[str]:
    """The words of a street name, folded and in their short forms."""
    return [_short(word, country) for word in _WORD.findall(folded(name).replace(".", " "))]


def street_keys(name: str, country: str = "") -> tuple[str, ...]:
    """Comparable forms of a street name: the full one, then the one without its type word.

    The second is left out where too little would be left to recognise ("Jalan 5").
    """
    words = street_words(name, country)
    full = "".join(words)
    core = [word for word in words if word not in TYPES and word not in _ARTICLES]
    bare = "".join(core)
    if not full:
        return ()
    if bare == full or len(bare) < MIN_BARE_KEY or bare.isdigit():
        return (full,)
    return (full, bare)


def mended_keys(name: str, country: str = "") -> tuple[str, ...]:
    """The forms of a name whose type word is misspelt (Hauptstrase, Avenu X); none when it is not.

    A slip in a word that is brought to two letters would else look like five slips.
    """
    words = _WORD.findall(folded(name).replace(".", " "))
    mended = [_mended(word) for word in words]
    return street_keys(" ".join(mended), country) if mended != words else ()


@lru_cache(maxsize=20_000)
def _mended(word: str) -> str:
    """The word with its type spelt right, when it is one slip away from a type word or ends so."""
    if len(word) < MIN_TYPE_WORD or word in _SHORT or _GLUED.search(word):
        return word
    for kind in _LONG_TYPES:
        if abs(len(kind) - len(word)) <= 1 and OSA.distance(word, kind, score_cutoff=1) <= 1:
            return kind
    for kind in _GLUED_TYPES:
        for length in (len(kind), len(kind) - 1, len(kind) + 1):
            head, tail = word[:-length], word[-length:]
            if len(head) >= MIN_BARE_KEY and OSA.distance(tail, kind, score_cutoff=1) <= 1:
                return head + kind
    return word


@lru_cache(maxsize=20_000)
def _short(word: str, country: str) -> str:
    if country == "ID":
        for old, new in _OLD_INDONESIAN:
            word = word.replace(old, new)
    digits = _DIGIT_SUFFIX.fullmatch(word)
    if digits:
        return digits[1]
    short = _SHORT.get(word)
    if short is not None:
        return short
    return _GLUED.sub("st", word)
