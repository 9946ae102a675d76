"""Codes and names that come from below, in the words of the page's language.

Each is written out here, so that translators find it; an unknown code is shown as it is.
"""

from collections.abc import Mapping
from datetime import date
from math import isfinite
from typing import Any, Final

from flask import Flask
from flask_babel import LazyString, format_date, format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from geocrm.customers.imports.fields import Field
from geocrm.errors import GeoCrmError, Phrase, Share
from geocrm.jobs import JobRun
from geocrm.territories.balance import Balance

LAYERS: Final[dict[str, LazyString]] = {
    "wld-adm0": later("Countries of the world"),
    "wld-adm1": later("Provinces and states of the world"),
    "idn-adm1": later("Provinces of Indonesia"),
    "idn-adm2": later("Regencies and cities of Indonesia"),
    "usa-adm1": later("States and island areas of the United States"),
    "usa-adm2": later("Counties of the United States"),
}
CHANNELS: Final[dict[str, LazyString]] = {
    "email": later("E-mail"),
    "sms": later("SMS"),
    "whatsapp": later("WhatsApp"),
    "phone": later("Phone"),
    "post": later("Post"),
}
OUTCOMES: Final[dict[str, LazyString]] = {
    "done": later("done"),
    "nobody": later("nobody there"),
    "postponed": later("postponed"),
    "note": later("note"),
    "completed": later("done"),
    "withdrawn": later("withdrawn"),
}
SOURCES: Final[dict[str, LazyString]] = {
    "by hand": later("by hand"),
    "demo": later("demo data"),
    "gazetteer": later("gazetteer"),
    "osm": later("street map"),
}
FILE_WORDS: Final[dict[str, LazyString]] = {
    "encoding": later("encoding"),
    "delimiter": later("delimiter"),
    "sheet": later("sheet"),
    "comma": later("comma"),
    "semicolon": later("semicolon"),
    "tab": later("tab"),
    "bar": later("bar"),
}
# Why a bulk action left a customer alone (`geocrm.maps.bulk.reasons`).
BULK_REASONS: Final = {
    "gone": later("It is not there any more, or not yours to see"),
    "not_yours_to_give": later("Only its owner, or who they report to, may hand it over"),
    "too_many_tags": later("It would have more than 50 tags"),
    "changed_since": later("Somebody changed it since"),
    "id_in_use": later("Another customer has its customer ID now"),
    "there_again": later("There is a customer with its number again"),
    "no_consent": later("It gave no consent for this channel"),
    "no_address": later("There is no address to reach it by this channel"),
    "not_of_rep": later("It is not a customer of this person"),
    "no_point": later("It has no trustworthy place on the map"),
    "no_time": later("No day had time left for it"),
}
BULK_ACTIONS: Final = {
    "owner": later("Assign owner"),
    "tag": later("Tags"),
    "segment": later("Set segment"),
    "audience": later("Save as audience"),
    "visits": later("Plan visits"),
    "export": later("Export"),
    "delete": later("Delete"),
}
# What plans share out; in a sentence, and as a heading.
MEASURES: Final = {
    "accounts": later("customers"),
    "orders": later("orders"),
    "revenue": later("revenue"),
    "population": later("population"),
    "workload": later("workload"),
}
MEASURE_HEADINGS: Final = {
    "accounts": later("Customers"),
    "orders": later("Orders"),
    "revenue": later("Revenue"),
    "population": later("Population"),
    "workload": later("Workload"),
    "mixture": later("Mixture"),
}
_IMPORT: Final = "import "
# A float of a sentence has six digits, wherever its decimal point stands.
_SIX_DIGITS: Final = "#,##0.############"
_TOO_LONG: Final = 1e18


def layer_name(code: str, name: str) -> str:
    """The name of a boundary layer; that of the database for one that is not ours."""
    return str(LAYERS.get(code, name))


def channel_name(code: str) -> str:
    """The name of a way to reach somebody."""
    return str(CHANNELS.get(code, code))


def outcome(code: str) -> str:
    """What came of a visit."""
    return str(OUTCOMES.get(code, code))


def source(code: str) -> str:
    """Where a statement or a point comes from, such as "import 12"."""
    number = code.removeprefix(_IMPORT)
    if number != code and number.isdigit():
        return str(_("import %(number)s", number=number))
    return str(SOURCES.get(code, code))


def file_word(code: str) -> str:
    """A word about how a file was read."""
    return str(FILE_WORDS.get(code, code))


def field_label(field: Field) -> str:
    """What a column of an import can mean."""
    if field.group == "consent":
        channel = field.key.removeprefix("consent_")
        return str(_("Consent: %(channel)s", channel=channel_name(channel)))
    return str(_(field.label))


def said(error: GeoCrmError) -> str:
    """What an error says, in the page's language where its sentence is known there."""
    return _sentence(error.sentence, error.figures)


def kept_problem(message: str, problem: Mapping[str, Any] | None) -> str:
    """Why work stopped: the sentence that was kept of it, or the text of older ones."""
    return _sentence(problem["sentence"], problem["figures"]) if problem else message


def job_message(job: JobRun) -> str:
    """How far a job is, or why it failed."""
    failed = job.state == "failed" and job.result is not None
    return kept_problem(job.message, (job.result or {}).get("problem") if failed else None)


def _sentence(sentence: str, figures: Mapping[str, Any]) -> str:
    words = str(_(sentence)) if sentence else ""
    return (
        words.format(**{name: figure(each) for name, each in figures.items()}) if figures else words
    )


def figure(value: object) -> str:
    """A number, a share or a date as the page's language writes it, words in it; else as it is."""
    if isinstance(value, GeoCrmError | Phrase):
        return _sentence(value.sentence, value.figures)
    if isinstance(value, tuple | list):
        return "; ".join(figure(each) for each in value)
    if isinstance(value, Mapping):
        return _kept_figure(value)
    if isinstance(value, date):
        return str(format_date(value))
    if isinstance(value, Share):
        return share(float(value), value.digits)
    if isinstance(value, float):
        if not isfinite(value):
            return "∞"
        # Longer than any figure of ours, and than what can be written out in full.
        if abs(value) >= _TOO_LONG:
            return f"{value:g}"
        return str(format_decimal(float(f"{value:g}"), _SIX_DIGITS))
    if isinstance(value, int) and abs(value) >= _TOO_LONG:
        return f"{value:.6g}" if abs(value) < 10**300 else "∞"
    return str(format_decimal(value)) if isinstance(value, int) else str(value)


def _kept_figure(kept: Mapping[str, Any]) -> str:
    if "share" in kept:
        return share(kept["share"], kept["digits"])
    if "day" in kept:
        return figure(date.fromisoformat(kept["day"]))
    return _sentence(kept["sentence"], kept["figures"])


def bulk_reason(code: str) -> str:
    """Why a bulk action left a customer alone."""
    return str(BULK_REASONS.get(code, code))


def bulk_action(code: str) -> str:
    """What a bulk action does."""
    return str(BULK_ACTIONS.get(code, code))


def measure(name: str) -> str:
    """What a plan shares out; numbers out of a file by the name they were given."""
    return str(MEASURES.get(name, name))


def measure_heading(name: str) -> str:
    """The same as a heading."""
    return str(MEASURE_HEADINGS.get(name, name))


def balanced(name: str, shares: Mapping[str, float] | None) -> str:
    """What a plan shares out: 70% customers + 30% workload."""
    balance = Balance(name, shares or {})
    return balance.words(measure, lambda part: str(format_percent(part)))


def share(value: float | None, digits: int = 1) -> str:
    """A part of a whole: 0.034 is 3.4%, and 3,4% in Indonesian."""
    pattern = f"#,##0.{'0' * digits}%" if digits else "#,##0%"
    return "–" if value is None else str(format_percent(value, pattern))


def register(app: Flask) -> None:
    """Give templates these words as filters."""
    for each in (
        layer_name,
        channel_name,
        outcome,
        source,
        file_word,
        field_label,
        share,
        measure,
        measure_heading,
        balanced,
        bulk_reason,
        bulk_action,
        kept_problem,
        job_message,
    ):
        app.add_template_filter(each)
