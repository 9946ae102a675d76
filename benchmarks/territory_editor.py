"""The editor with 10,000 units and 200 territories: opening a plan, a step of a stroke, saving.

    python -m benchmarks.territory_editor http://127.0.0.1:8000 manager@demo.example geocrm-demo

Into the database of the site goes a country of 100 x 100 irregular units (seeded), and out again at
the end. A step is one move of the pointer: the time of its event on the page's thread, with all our
code that it calls and MapLibre's answer to where the pointer is. What MapLibre then does to draw a
frame is measured by Chromium's profiler; drawing itself is software here and not counted.
"""

import json
import os
import shutil
import sys
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.map_frames import ARGUMENTS
from geocrm.config import Settings
from geocrm.db import cluster, copy_rows, make_engine, make_sessions, unit_of_work
from geocrm.security import OPERATOR

SIDE, TERRITORIES = 100, 200
LEVEL, PARENTS = "bench-adm2", "bench-adm1"
STROKES, STEPS = 5, 16
# Moves of one stroke, one a frame, each timed on the page's own clock.
STROKE = """
async ([fromX, fromY, toX, toY, steps, shift]) => {
  const canvas = document.querySelector("#map canvas");
  const frame = canvas.getBoundingClientRect();
  const send = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
    bubbles: true, pointerId: 7, pointerType: "mouse", button: 0, buttons: 1, shiftKey: shift,
    clientX: frame.left + x * frame.width, clientY: frame.top + y * frame.height }));
  const times = [];
  send("pointerdown", fromX, fromY);
  for (let step = 1; step <= steps; step += 1) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    send("pointermove", fromX + (toX - fromX) * step / steps, fromY + (toY - fromY) * step / steps);
    times.push(performance.now() - start);
  }
  const start = performance.now();
  send("pointerup", toX, toY);
  return { times, end: performance.now() - start };
}
"""


def main(site: str, email: str, password: str) -> None:
    """Build the country, draw in it, and print the figures."""
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as session:
        _remove(session)
        plan_id = _build(session)
    try:
        print(json.dumps(_draw(site, email, password, plan_id), indent=1))
    finally:
        with unit_of_work(sessions, OPERATOR) as session:
            _remove(session)
        engine.dispose()


def _draw(site: str, email: str, password: str, plan_id: int) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=ARGUMENTS,
        )
        page = browser.new_page(
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            device_scale_factor=0.5,
        )
        page.goto(f"{site}/login")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        opened = _open(page, site, plan_id)
        page.wait_for_timeout(8_000)
        figures = {"opened": opened} | _strokes(page)
        figures["saved_ms"] = _save(page)
        browser.close()
    return figures


def _open(page: Page, site: str, plan_id: int) -> dict[str, Any]:
    page.goto(f"{site}/territories/{plan_id}")
    page.wait_for_selector("#map[data-ready]", timeout=120_000)
    return dict(
        page.evaluate(
            """() => {
              const columns = performance.getEntriesByType("resource")
                .find((one) => one.name.endsWith("/columns"));
              const [html] = performance.getEntriesByType("navigation");
              return {
                ready_ms: Math.round(performance.now()),
                html_ms: Math.round(html.responseEnd), html_packed_bytes: html.encodedBodySize,
                columns_ms: Math.round(columns.duration),
                columns_packed_bytes: columns.encodedBodySize,
                columns_bytes: columns.decodedBodySize };
            }"""
        )
    )


def _strokes(page: Page) -> dict[str, Any]:
    """Strokes all over the country with each brush; the last ones paint whole parents."""
    rng = np.random.default_rng(11)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.keyboard.press("b")
    found: dict[str, Any] = {}
    for brush in ("unit", "small", "medium", "large", "parents"):
        if brush not in ("unit", "parents"):
            page.keyboard.press("]")
        elif brush == "unit":
            page.keyboard.press("[")
        before = _script_s(session)
        times: list[float] = []
        ends: list[float] = []
        for stroke in range(STROKES):
            page.get_by_label("Paint with").select_option(index=stroke * 7)
            x0, y0, x1, y1 = rng.uniform(0.32, 0.68, 4).tolist()
            answer = page.evaluate(STROKE, [x0, y0, x1, y1, STEPS, brush == "parents"])
            times += answer["times"]
            ends.append(answer["end"])
        spent_s = _script_s(session) - before
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        found[brush] = {
            "steps": len(times),
            "step_ms_p50": round(p50, 2),
            "step_ms_p95": round(p95, 2),
            "step_ms_p99": round(p99, 2),
            "step_ms_max": round(max(times), 2),
            "end_ms_p50": round(float(np.median(ends)), 2),
            "script_cpu_ms_per_step": round(1_000 * spent_s / len(times), 2),
            "changed": page.locator("#pending-count").inner_text(),
        }
        print(brush, json.dumps(found[brush]), file=sys.stderr, flush=True)
    return {"strokes": found}


def _script_s(session: CDPSession) -> float:
    """Processor time that scripts took on the page's thread so far."""
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    return float(metrics["ScriptDuration"])


def _save(page: Page) -> int:
    with page.expect_response(lambda answer: answer.url.endswith("/edits")) as waited:
        page.keyboard.press("Control+s")
    answer = waited.value
    assert answer.ok, answer.text()
    answer.finished()
    return round(answer.request.timing["responseEnd"])


# ------------------------------------------------------------------------------ the country


def _build(session: Session) -> int:
    """A grid whose corners are moved at random, in 100 parents; blocks of units as territories."""
    rng = np.random.default_rng(7)
    corners = np.stack(np.meshgrid(np.arange(SIDE + 1), np.arange(SIDE + 1)), axis=-1) * 0.2
    corners = corners + rng.uniform(-0.06, 0.06, corners.shape) + (150.0, -10.0)
    people = rng.lognormal(9, 1, SIDE * SIDE).astype(int)
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, country, level, parent, source, vintage,"
            f" licence, attribution) VALUES ('{PARENTS}', 'Bench', 'XB', 1, NULL, '', '', '', ''),"
            f" ('{LEVEL}', 'Bench units', 'XB', 2, '{PARENTS}', '', '', '', '')"
        )
    )
    session.execute(
        text(
            "CREATE TEMP TABLE bench_shapes (code text, layer text, name text, parent text,"
            " people int, shape text) ON COMMIT DROP"
        )
    )
    rows: list[tuple[Any, ...]] = []
    for at in range(100):
        box = _ring(corners, at % 10 * 10, at // 10 * 10, 10)
        rows.append((f"{PARENTS}:{at:03}", PARENTS, f"Province {at}", None, None, box))
    for at in range(SIDE * SIDE):
        x, y = at % SIDE, at // SIDE
        parent = f"{PARENTS}:{y // 10 * 10 + x // 10:03}"
        shape = _ring(corners, x, y, 1)
        rows.append((_code(x, y), LEVEL, f"Unit {x}/{y}", parent, int(people[at]), shape))
    copy_rows(session, "bench_shapes", ("code", "layer", "name", "parent", "people", "shape"), rows)
    session.execute(
        text(
            "INSERT INTO boundaries (code, layer, name, parent, country, population, area_km2,"
            " geom, outline, centre) SELECT code, layer, name, parent, 'XB', people, 480, g,"
            " ST_Transform(g, 3857), ST_PointOnSurface(g) FROM (SELECT *,"
            " ST_Multi(ST_GeomFromText(shape, 4326)) AS g FROM bench_shapes) s ORDER BY layer"
        )
    )
    edges = [(_code(x, y), _code(x + 1, y)) for y in range(SIDE) for x in range(SIDE - 1)]
    edges += [(_code(x, y), _code(x, y + 1)) for y in range(SIDE - 1) for x in range(SIDE)]
    copy_rows(
        session,
        "boundary_edges",
        ("a", "b", "layer", "kind", "length_m"),
        [(a, b, LEVEL, "land", 20_000) for a, b in edges],
    )
    return _plan(session)


def _ring(corners: Any, x: int, y: int, size: int) -> str:
    """The outline of a block of units, along all their corners, so that neighbours share it."""
    south = [corners[y, x + i] for i in range(size)]
    east = [corners[y + i, x + size] for i in range(size)]
    north = [corners[y + size, x + size - i] for i in range(size)]
    west = [corners[y + size - i, x] for i in range(size)]
    ring = [*south, *east, *north, *west, south[0]]
    return "POLYGON((" + ",".join(f"{lon:.5f} {lat:.5f}" for lon, lat in ring) + "))"


def _code(x: int, y: int) -> str:
    return f"{LEVEL}:{y:02}{x:02}"


def _plan(session: Session) -> int:
    plan_id = session.execute(
        text(
            "INSERT INTO territory_plans (name, level, measure, tolerance, params) VALUES"
            f" ('Bench', '{LEVEL}', 'population', 0.1, '{{}}') RETURNING id"
        )
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO territories (plan_id, number, name, colour)"
            f" SELECT :plan, n, 'Territory ' || n, n FROM generate_series(1, {TERRITORIES}) n"
        ),
        {"plan": plan_id},
    )
    # Blocks of 10 x 5 units.
    session.execute(
        text(
            "INSERT INTO territory_units (plan_id, unit, territory_id) SELECT :plan, b.code, t.id"
            " FROM boundaries b JOIN territories t ON t.plan_id = :plan AND t.number = 1 +"
            " substr(b.code, 14, 2)::int / 10 + 10 * (substr(b.code, 12, 2)::int / 5)"
            f" WHERE b.layer = '{LEVEL}'"
        ),
        {"plan": plan_id},
    )
    return int(plan_id)


def _remove(session: Session) -> None:
    session.execute(text(f"DELETE FROM territory_plans WHERE level = '{LEVEL}'"))
    session.execute(text(f"DELETE FROM boundary_edges WHERE layer = '{LEVEL}'"))
    for layer in (LEVEL, PARENTS):
        session.execute(text(f"DELETE FROM boundaries WHERE layer = '{layer}'"))
        session.execute(text(f"DELETE FROM boundary_layers WHERE code = '{layer}'"))


if __name__ == "__main__":
    main(*sys.argv[1:4])
