"""Language, and how numbers, money and dates are written in it."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.messages.pofile import read_po
from flask import Flask, current_app, g, has_request_context, request, session
from flask_babel import Babel, format_currency, format_date, format_decimal, format_time

from geocrm.config import Settings
from geocrm.web import record_words
from geocrm.web import words as page_words

TRANSLATIONS: Final = Path(__file__).parent / "translations"
LOCALES: Final = {"en": "English", "id": "Bahasa Indonesia"}
# How each writes dates: nobody here puts the month before the day.
_REGIONS: Final = {"en": "en_GB", "id": "id_ID"}


def choose_locale() -> str:
    """The language of the person, else of the browser's session, else what the browser asks for."""
    if not has_request_context():
        return "en"
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    actor = g.get("actor")
    if actor is not None and actor.locale in LOCALES:
        return str(actor.locale)
    default = current_app.config["GEOCRM_SETTINGS"].default_locale
    return request.accept_languages.best_match(list(LOCALES), default) or "en"


def choose_timezone() -> str:
    """The time zone of the person, else of the installation."""
    actor = g.get("actor") if has_request_context() else None
    if actor is not None:
        return str(actor.timezone)
    return str(current_app.config["GEOCRM_SETTINGS"].default_timezone)


@cache
def browser_words(locale: str) -> Mapping[str, str | list[str]]:
    """Translations of the words that browser modules use; nothing for English."""
    path = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale)
    words: dict[str, str | list[str]] = {}
    for message in catalogue:
        if not message.id or not any(name.endswith(".js") for name, _line in message.locations):
            continue
        if isinstance(message.id, str):
            words[message.id] = str(message.string)
        else:
            words[message.id[0]] = [str(form) for form in message.string or ()]
    return {source: text for source, text in words.items() if text and all(text)}


def register(app: Flask, settings: Settings) -> None:
    """Set up translation and the filters that write values by locale."""
    app.config["GEOCRM_SETTINGS"] = settings
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(
        app,
        locale_selector=lambda: _REGIONS[choose_locale()],
        timezone_selector=choose_timezone,
    )
    page_words.register(app)
    record_words.register(app)

    @app.template_filter("money")
    def money(amount: float | None, currency: str = settings.default_currency) -> str:
        if amount is None:
            return "–"
        if currency == "IDR":
            # Rupiah have no cents in use, and everybody here writes Rp.
            return f"Rp\u00a0{format_decimal(round(amount))}"
        return str(format_currency(amount, currency))

    @app.template_filter("number")
    def number(value: float | None) -> str:
        return "–" if value is None else str(format_decimal(value))

    @app.template_filter("date")
    def day(value: date | None, style: str = "medium") -> str:
        return "–" if value is None else str(format_date(value, style))

    @app.template_filter("datetime")
    def moment(value: datetime | None) -> str:
        # As the pages' scripts write it: a day in words cannot be taken for a month.
        return "–" if value is None else f"{format_date(value)}, {format_time(value, 'short')}"

    @app.context_processor
    def words() -> dict[str, Any]:
        locale = choose_locale()
        return {
            "locale": locale,
            "language_tag": _REGIONS[locale].replace("_", "-"),
            "locales": LOCALES,
            "js_messages": lambda: browser_words(locale),
        }
