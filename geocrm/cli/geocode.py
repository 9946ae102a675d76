"""`geocrm geocode`: where an address is, or all addresses of a CSV file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from geocrm.cli.context import acting_email, emit, find_actor, json_option, open_sessions, say
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.geocoding import AddressQuery, Answer, service
from geocrm.geocoding.providers import service as providers
from geocrm.geocoding.table import geocode_table

NOTHING_FOUND = 1
_NOTES = {
    "contradiction": "“{}” lies elsewhere",
    "unknown": "“{}” is not known",
    "respelt": "“{}” was read as the name above",
    "po_box": "“{}” is a post-office box",
    "unknown_country": "“{}” is not a country",
    "no_number": "the street has no house {} that is known",
    "no_locality": "the address does not say where “{}” is",
}


@click.command()
@click.argument("address", required=False)
@click.option("--country", default="ID", metavar="CODE|NAME", help="Where no country is named.")
@click.option("--csv", "source", metavar="IN.csv", help="Geocode the rows of this file instead.")
@click.option("--out", "target", metavar="OUT.csv", help="Where to write them, with the answers.")
@click.option("--online", is_flag=True, help="Ask the providers too, for what is no street yet.")
@json_option
def geocode(
    address: str | None,
    country: str,
    source: str | None,
    target: str | None,
    online: bool,
    as_json: bool,
) -> int:
    """Find where ADDRESS is; exit status 1 when nothing is found.

    With --csv, columns are address, or street, house_number, postcode, village, district, city,
    region, country; the others are kept.
    """
    if source is not None:
        if address is not None or target is None:
            raise InvalidInput("Give either an ADDRESS, or --csv IN.csv with --out OUT.csv")
        _geocode_file(Path(source), Path(target), country, online, as_json)
        return 0
    if address is None or target is not None:
        raise InvalidInput("Give an ADDRESS, or --csv IN.csv with --out OUT.csv")
    with _geocoder(country, providers.improve if online else None) as geocode_many:
        (answer,) = geocode_many([AddressQuery(text=address)])
    if as_json:
        emit(_document(answer))
    else:
        _print(answer)
    return 0 if answer.found else NOTHING_FOUND


Geocoder = Callable[[Sequence[AddressQuery]], list[Answer]]


@contextmanager
def _geocoder(country: str, improve: Callable[..., Iterable[Answer]] | None) -> Iterator[Geocoder]:
    """The offline geocoder, and after it what asks the providers for what is no street yet."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())

        def geocode_many(queries: Sequence[AddressQuery]) -> list[Answer]:
            # No transaction is open while others are asked.
            with unit_of_work(sessions, actor) as session:
                answers = service.geocode_many(session, queries, country)
            return list(improve(sessions, queries, answers, country)) if improve else answers

        yield geocode_many


def _geocode_file(source: Path, target: Path, country: str, online: bool, as_json: bool) -> None:
    with _geocoder(country, providers.improve_to_keep if online else None) as geocode_many:
        grades = geocode_table(
            source,
            target,
            geocode_many,
            lambda done: say(f"{done:,} rows"),
        )
    if as_json:
        emit({"read": grades.total(), "grades": dict(grades.most_common())})
    else:
        for grade, count in grades.most_common():
            click.echo(f"{count:>10,}  {grade}")


def _document(answer: Answer) -> dict[str, object]:
    if not answer.found:
        return {"grade": answer.grade.value}
    return {
        "lon": answer.lon,
        "lat": answer.lat,
        "grade": answer.grade,
        "radius_m": answer.radius_m,
        "chances": answer.chances,
        "provider": answer.provider,
        "label": answer.label,
        "place": answer.place_code,
        "ambiguous": answer.ambiguous,
        "alternatives": list(answer.alternatives),
        "notes": list(answer.notes),
        "licence": answer.licence,
        "attribution": answer.attribution,
    }


def _print(answer: Answer) -> None:
    if answer.found:
        click.echo(answer.label)
        click.echo(
            f"{answer.lon:.5f}, {answer.lat:.5f}  {answer.grade}, within {answer.radius_m} m"
        )
    else:
        click.echo("Nothing found")
    for note in answer.notes:
        click.echo(_NOTES[note.code].format(note.given))
    for other in answer.alternatives:
        click.echo(f"or {other.label} ({other.grade})")
