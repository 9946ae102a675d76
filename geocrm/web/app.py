"""The Flask application: the only module that knows every page."""

from typing import Any, Final

from apiflask import APIFlask
from flask import Blueprint, g
from sqlalchemy.orm import Session, sessionmaker

from geocrm import __version__, clock
from geocrm.config import Settings
from geocrm.web import (
    access,
    account_record,
    accounts,
    address_quality,
    address_review,
    addresses,
    basemap,
    browser_sessions,
    bulk,
    campaigns,
    headers,
    home,
    imports,
    language,
    layer_tiles,
    packing,
    people,
    pop,
    problems,
    providers,
    reading,
    request_work,
    sign_in,
    static_files,
    territories,
    territory_compare,
    territory_coverage,
    territory_life,
    territory_rules,
    territory_units,
    tiles,
    visits,
)
from geocrm.web import map as map_page
from geocrm.web.api import account_contacts as api_account_contacts
from geocrm.web.api import account_groups as api_account_groups
from geocrm.web.api import account_layers as api_account_layers
from geocrm.web.api import account_list as api_account_list
from geocrm.web.api import account_merges as api_account_merges
from geocrm.web.api import account_record as api_account_record
from geocrm.web.api import account_surroundings as api_account_surroundings
from geocrm.web.api import accounts as api_accounts
from geocrm.web.api import address_batches as api_address_batches
from geocrm.web.api import address_quality as api_address_quality
from geocrm.web.api import address_review as api_address_review
from geocrm.web.api import areas as api_areas
from geocrm.web.api import audiences as api_audiences
from geocrm.web.api import boundaries as api_boundaries
from geocrm.web.api import bulk as api_bulk
from geocrm.web.api import commands as api_commands
from geocrm.web.api import filters as api_filters
from geocrm.web.api import imports as api_imports
from geocrm.web.api import jobs as api_jobs
from geocrm.web.api import nearby as api_nearby
from geocrm.web.api import people as api_people
from geocrm.web.api import places as api_places
from geocrm.web.api import pop as api_pop
from geocrm.web.api import search as api_search
from geocrm.web.api import territories as api_territories
from geocrm.web.api import territory_activation as api_territory_activation
from geocrm.web.api import territory_challenges as api_territory_challenges
from geocrm.web.api import territory_cost as api_territory_cost
from geocrm.web.api import territory_coverage as api_territory_coverage
from geocrm.web.api import territory_designs as api_territory_designs
from geocrm.web.api import territory_diff as api_territory_diff
from geocrm.web.api import territory_editing as api_territory_editing
from geocrm.web.api import territory_explain as api_territory_explain
from geocrm.web.api import territory_files as api_territory_files
from geocrm.web.api import territory_history as api_territory_history
from geocrm.web.api import territory_life as api_territory_life
from geocrm.web.api import territory_ratings as api_territory_ratings
from geocrm.web.api import territory_rules as api_territory_rules
from geocrm.web.api import territory_standing as api_territory_standing
from geocrm.web.api import territory_units as api_territory_units
from geocrm.web.api import views as api_views
from geocrm.web.api import visits as api_visits

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    home.bp,
    basemap.bp,
    accounts.bp,
    account_record.bp,
    api_accounts.bp,
    api_account_record.bp,
    api_account_contacts.bp,
    api_account_merges.bp,
    api_account_surroundings.bp,
    address_review.bp,
    api_address_review.bp,
    address_quality.bp,
    api_address_quality.bp,
    addresses.bp,
    api_address_batches.bp,
    imports.bp,
    api_imports.bp,
    map_page.bp,
    tiles.bp,
    api_account_groups.bp,
    layer_tiles.bp,
    api_account_layers.bp,
    api_account_list.bp,
    api_nearby.bp,
    api_filters.bp,
    api_views.bp,
    api_areas.bp,
    api_search.bp,
    api_commands.bp,
    pop.bp,
    api_pop.bp,
    api_places.bp,
    api_boundaries.bp,
    bulk.bp,
    api_bulk.bp,
    campaigns.bp,
    api_audiences.bp,
    visits.bp,
    api_visits.bp,
    territories.bp,
    territory_life.bp,
    api_territories.bp,
    api_territory_activation.bp,
    api_territory_challenges.bp,
    api_territory_files.bp,
    territory_compare.bp,
    api_territory_designs.bp,
    api_territory_diff.bp,
    api_territory_history.bp,
    api_territory_life.bp,
    api_territory_editing.bp,
    api_territory_standing.bp,
    api_territory_explain.bp,
    api_territory_cost.bp,
    api_territory_ratings.bp,
    territory_units.bp,
    api_territory_units.bp,
    territory_rules.bp,
    territory_coverage.bp,
    api_territory_coverage.bp,
    api_territory_rules.bp,
    people.bp,
    providers.bp,
    api_people.bp,
    api_jobs.bp,
)


def create_app(settings: Settings, sessions: sessionmaker[Session]) -> APIFlask:
    """Build the application around the given settings and database sessions."""
    clock.follow(settings.default_timezone)
    app = APIFlask(
        __name__,
        title="GeoCRM",
        version=__version__,
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        json_errors=False,
    )
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        SECURITY_SCHEMES={"token": {"type": "http", "scheme": "bearer"}},
        AUTO_404_RESPONSE=False,
    )
    packing.register(app)  # the first to come is the last to see an answer
    # The order is the order of a request: database, language, form, who it is, what they may.
    browser_sessions.register(app)
    request_work.register(app, sessions)
    language.register(app, settings)
    reading.register(app)
    sign_in.register(app, settings)
    access.guard(app)
    headers.register(app)
    static_files.register(app)
    problems.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

    @app.spec_processor
    def described(spec: Any) -> Any:
        return api_filters.described(problems.described(spec))

    @app.context_processor
    def shell() -> dict[str, Any]:
        actor = g.get("actor")
        return {
            "actor": actor,
            "may": lambda target, action: actor is not None and actor.may(action, target),
        }

    return app
