"""Two languages: nothing unmarked, nothing untranslated, every page in the person's own."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.jslexer import Token, tokenize
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from geocrm.customers import contacting, service
from geocrm.security import OPERATOR, Role

ROOT = Path(__file__).parents[2]
WEB = ROOT / "geocrm/web"
CATALOGUE = WEB / "translations/id/LC_MESSAGES/messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|\{\w+(?:!r)?\}")
LETTERS = re.compile(r"[A-Za-z]{2}")
# A capital and then words: what a person reads, and hardly what a program means.
SENTENCE = re.compile(r"[A-Z][a-z]*['’]?[a-z]* [A-Za-z]")
KEYS = {"Ctrl", "K", "Enter", "Esc"}
NAMES = {"GeoCRM", "English", "Inter Variable", "km", "m"} | KEYS
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
MODULES = sorted((WEB / "static/js").rglob("*.js"))
PAGES = sorted(WEB.glob("*.py"))
SAME_IN_BOTH = {
    "Administrator", "CSV", "Ctrl S", "Ctrl Y", "Ctrl Z", "Excel (XLSX)", "File", "Format",
    "GeoPackage", "GeoPackage (QGIS, ArcGIS)", "Gini", "Google Earth (KML)", "No.", "Operator",
    "Panel", "Radius", "SMS", "Seed", "Shapefile (ZIP)", "Shift", "Unit", "WhatsApp", "area {id}",
    "median {value}", "tab", "{km2} km²", "{n} km",
}  # fmt: skip


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Everything people read, as the sources say it today."""
    spec = importlib.util.spec_from_file_location("words", ROOT / "scripts/translations.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    template = tmp_path_factory.mktemp("words") / "messages.pot"
    tool.extract(template)
    with template.open("rb") as file:
        return [message.id for message in read_po(file) if message.id]


@pytest.fixture(scope="module")
def catalogue():
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="id")


@pytest.fixture(scope="module")
def indonesian(catalogue):
    return {message.id: message for message in catalogue if message.id}


def test_every_word_is_translated_into_indonesian(words, indonesian):
    missing = [
        source
        for source in words
        if source not in indonesian
        or not indonesian[source].string
        or not all(indonesian[source].string)
        or indonesian[source].fuzzy
    ]
    assert missing == [], "run scripts/translations.py and translate what is empty"


def test_words_are_found_wherever_they_are_written(words):
    """In views, macros, set-dicts, modules, lazily, in the reasons of visits, as field labels."""
    flat = {each for word in words for each in (word if isinstance(word, tuple) else (word,))}
    assert {
        "The customer was deleted.", "Next", "Archived", "{n} customers",
        "Regencies and cities of Indonesia", "Never visited", "Driving, estimated", "Customer ID",
        "Order number",
    } <= flat  # fmt: skip


def test_indonesian_has_one_form_for_one_and_many(catalogue, indonesian):
    assert catalogue.num_plurals == 1
    for source, message in indonesian.items():
        assert isinstance(message.string, str) or len(message.string) == 1, source


def test_translations_keep_the_placeholders(indonesian):
    for source, message in indonesian.items():
        form = message.string if isinstance(message.string, str) else message.string[-1]
        many = source if isinstance(source, str) else source[-1]
        assert set(PLACEHOLDER.findall(form)) == set(PLACEHOLDER.findall(many)), many


def test_no_translation_is_only_a_copy_of_the_english(indonesian):
    copies = [
        source
        for source, message in indonesian.items()
        if message.string == source and LETTERS.search(PLACEHOLDER.sub("", source))
    ]
    assert set(copies) <= SAME_IN_BOTH


# ------------------------------------------------------------------------------ unmarked: templates


def _name(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_text_in_templates_is_marked_for_translation(path):
    assert list(unmarked_in_template(path.read_text(encoding="utf-8"))) == []


def unmarked_in_template(source: str) -> Iterator[str]:
    """Text between tags, in attributes that are read aloud or shown, and given to macros."""
    bare = re.sub(
        r"\{% block \w*class %\}.*?\{% endblock %\}|<svg.*?</svg>", "", source, flags=re.S
    )
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", bare, flags=re.S)
    between = [piece.strip(" \n·–—…/:*±()%→×≈") for piece in re.findall(r">([^<]*)<", bare)]
    attributes = re.findall(
        r'\s(?:aria-label|title|placeholder|alt|data-confirm|data-label)="([^"]*)"', bare
    )
    # A macro that writes attributes has no tag around it.
    shown = [piece.strip(" ()") for piece in [*between, *attributes] if '="' not in piece]
    yield from (p for p in shown if LETTERS.search(p) and not set(p.split()) <= NAMES)
    yield from _unmarked_constants(Environment(autoescape=True).parse(source))


def _unmarked_constants(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in ("_", "ngettext"):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        word = node.value
        if re.match(r"[A-Z][a-z]", word) and word not in NAMES:
            yield word
    for child in node.iter_child_nodes():
        yield from _unmarked_constants(child)


def test_unmarked_text_in_a_template_would_be_found():
    source = """<h1 title="Now">{{ _("Fine") }} Plain</h1>{{ ui.field("name", "Your name") }}"""
    assert list(unmarked_in_template(source)) == ["Plain", "Now", "Your name"]


# ------------------------------------------------------------------------------ unmarked: modules

# Calls that show their first argument, and keys and properties whose value is shown.
SHOWN_BY = {"toast", "confirm", "Option", "alert"}
SHOWN_KEYS = {"title", "aria-label", "placeholder", "label", "words", "yes", "no", "empty", "alt"}
SHOWN_PROPERTY = re.compile(r"\.(textContent|innerText|title|placeholder|ariaLabel|alt|append)$")
COMPARES = {"==", "!=", "case", "in"}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_text_in_modules_is_marked_for_translation(path):
    assert list(unmarked_in_module(path.read_text(encoding="utf-8"))) == []


def unmarked_in_module(source: str) -> Iterator[str]:
    """Strings that are shown without t() or tn(): by what takes them, or by reading as words."""
    tokens = [token for token in tokenize(source) if not token.type.endswith("comment")]
    frames: list[dict] = [{"name": "", "at": 0, "key": ""}]
    for index, token in enumerate(tokens):
        before = tokens[index - 1].value if index else ""
        after = tokens[index + 1].value if index + 1 < len(tokens) else ""
        if token.value in ("(", "[", "{"):
            frames.append(
                {"name": before if token.value == "(" else token.value, "at": 0, "key": ""}
            )
        elif token.value in (")", "]", "}") and len(frames) > 1:
            frames.pop()
        elif token.value == ",":
            frames[-1]["at"] += 1
            frames[-1]["key"] = ""
        elif after == ":" and before in ("{", ","):
            frames[-1]["key"] = token.value.strip("\"'")
        elif _is_shown(token, tokens[max(0, index - 2) : index], after, frames[-1]):
            yield f"{token.lineno}: {token.value}"


def _is_shown(token: Token, before: list[Token], after: str, frame: dict) -> bool:
    if token.type not in ("string", "template_string"):
        return False
    text = re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", "", token.value[1:-1]).strip(" ·")
    last = before[-1].value if before else ""
    # The lexer reads === as == and =.
    compared = {after, last, before[0].value if last == "=" else ""}
    caller = frame["name"]
    if not LETTERS.search(text) or text in NAMES or COMPARES & compared:
        return False
    if caller in ("t", "tn") or caller.endswith("Error") or caller.startswith("console."):
        return False
    assigned = len(before) == 2 and last == "=" and SHOWN_PROPERTY.search(before[0].value)
    taken = (caller in SHOWN_BY and frame["at"] == 0) or (caller == "el" and frame["at"] >= 2)
    keyed = caller == "{" and frame["key"] in SHOWN_KEYS
    appended = SHOWN_PROPERTY.search(caller) and caller.endswith(".append")
    return bool(assigned or taken or keyed or appended or SENTENCE.match(text))


@pytest.mark.parametrize(
    "line",
    [
        'toast("saved", "good");',
        'box.textContent = "done";',
        'el("b", { class: "x y" }, "done");',
        'el("b", { title: open ? "Close" : t("Open") });',
        "el('b', {}, `${n} rows`);",
        'new Option("all", "");',
        'say(busy ? "Please wait" : "");',
        'map({ label: "Places", zoom: 4 });',
    ],
)
def test_an_unmarked_string_in_a_module_would_be_found(line):
    assert len(list(unmarked_in_module(line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        'el("div", { class: "btn btn-primary", type: "button" }, icon("x"), t("Save"));',
        'throw new Error("No unit " + code);',
        'el("p", {}, kind === "done" ? t("Done") : null);',
        'answer.headers = { Accept: "application/json", "X-Requested-With": \'fetch\' };',
        'box.querySelector(".list li, [data-kind=\\"Big one\\"]");',
        'toast(t("Saved {name}", { name: "x" }), "good");',
    ],
)
def test_a_string_for_the_program_is_no_false_alarm(line):
    assert list(unmarked_in_module(line)) == []


# ------------------------------------------------------------------------------ unmarked: views


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_what_a_view_says_after_a_change_is_marked(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "flash":
            assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), ast.unparse(node)


# ------------------------------------------------------------------------------ pages


@pytest.mark.parametrize(("locale", "word"), [("en", "Sign in"), ("id", "Masuk")])
def test_the_sign_in_page_speaks_the_browsers_language(app, locale, word):
    page = app.test_client().get("/login", headers={"Accept-Language": locale})
    assert word in page.get_data(as_text=True)


def test_a_moment_is_written_as_the_pages_scripts_write_it(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        words = app.jinja_env.filters["datetime"](datetime(2026, 11, 26, 12, 5, tzinfo=UTC))
    assert re.fullmatch(r"2[67] Nov 2026, \d\d:05", words)


@pytest.fixture
def jakartan(signed_in_as, add_user):
    """The browser of an administrator who reads Indonesian."""
    return signed_in_as(add_user(Role.ADMINISTRATOR, locale="id"))


def test_codes_are_shown_as_words_of_the_persons_language(jakartan, session, add_account):
    account = add_account(grade="village", revenue=1_250_000)
    contacting.state_consent(session, OPERATOR, account.id, "email", True, "import 7")
    service.log_activity(session, OPERATOR, account.id, "visit", "", outcome="nobody")
    session.commit()
    page = jakartan.get(f"/accounts/{account.id}").get_data(as_text=True)
    for words in ("Desa/kelurahan", "impor 7", "Kunjungan · tak ada orang", "1.250.000"):
        assert words in page, words


def test_the_frame_of_an_error_is_in_the_persons_language(jakartan):
    page = jakartan.get("/accounts/999999999").get_data(as_text=True)
    assert "Tidak ditemukan" in page
    assert "Kesalahan 404" in page
    absent = jakartan.get("/no-such-page").get_data(as_text=True)
    assert "requested URL" not in absent
