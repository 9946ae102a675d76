"""A territory manager draws a plan by hand: with mouse, keyboard and finger, and not alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.security.models import User
from geocrm.territories import designing, edit_queries, editing, life, service
from geocrm.territories.models import Measure, Plan, TerritoryUnit
from geocrm.territories.requests import Request
from geocrm.wiring import actor_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=20_000)


@pytest.fixture
def plan_id(site) -> Iterator[int]:
    """West Java in four, as a draft."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        request = Request(
            "idn-adm2", 4, Measure.POPULATION, within="idn-adm1:32", effort=1, proven=False
        )
        surveyed = designing.survey(session, OPERATOR, request)
        plan = service.save(session, OPERATOR, "By hand", designing.solve(surveyed, request))
        made = plan.id
    yield made
    with unit_of_work(site.sessions, OPERATOR) as session:
        service.discard(session, OPERATOR, made)


def _open(page: Page, plan_id: int) -> Page:
    page.goto(f"/territories/{plan_id}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    expect(page.locator("#bars .bar-row")).to_have_count(4)
    # The map answers where units are once their tiles are drawn.
    for _ in range(100):
        page.mouse.move(*_somewhere(page))
        page.wait_for_timeout(100)
        if page.locator("#map canvas").evaluate("c => c.style.cursor") == "pointer":
            return page
    raise AssertionError("No unit is drawn in the middle of the map")


def _somewhere(page: Page, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def _drag(page: Page, *places: tuple[float, float], end: bool = True) -> None:
    page.mouse.move(*_somewhere(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*_somewhere(page, *place), steps=6)
    if end:
        page.mouse.up()


def _unsaved(page: Page):
    return page.locator("#pending-count")


def _held(site, plan_id: int) -> int:
    with unit_of_work(site.sessions, OPERATOR) as session:
        asked = select(func.count()).where(TerritoryUnit.plan_id == plan_id)
        return session.scalar(asked) or 0


def _version(site, plan_id: int) -> int:
    with unit_of_work(site.sessions, OPERATOR) as session:
        return session.scalars(select(Plan.version).where(Plan.id == plan_id)).one()


def test_painting_is_pending_until_saved_and_can_be_undone_without_end(
    sign_in, site, plan_id
) -> None:
    page = _open(sign_in("manager"), plan_id)
    bars = page.locator("#bars")
    before = bars.inner_text()
    page.keyboard.press("b")
    expect(page.locator("[data-tool=paint]").first).to_be_visible()
    for number in range(4):
        page.get_by_label("Paint with").select_option(index=number)
        _drag(page, (0.5 + number / 40, 0.45), (0.52 + number / 40, 0.55))
    expect(_unsaved(page)).to_contain_text("not saved")
    expect(bars).not_to_have_text(before, use_inner_text=True)
    assert _version(site, plan_id) == 1
    for _ in range(4):
        page.keyboard.press("Control+z")
    expect(page.locator("#pending")).to_be_hidden()
    expect(bars).to_have_text(before, use_inner_text=True)
    for _ in range(4):
        page.keyboard.press("Control+y")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#pending")).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("saved")
    assert _version(site, plan_id) == 2
    page.get_by_role("button", name="History").click()
    expect(page.locator(".history li").first).to_contain_text("Maya Manager")
    page.locator(".history summary").first.click()
    page.get_by_role("button", name="Take back").click()
    expect(_unsaved(page)).to_be_visible()
    expect(bars).to_have_text(before, use_inner_text=True)


def test_unsaved_work_survives_a_reload(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.keyboard.press("e")
    _drag(page, (0.48, 0.5), (0.53, 0.5))
    words = _unsaved(page).inner_text()
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(_unsaved(page)).to_have_text(words)
    person = page.locator('meta[name="person"]').get_attribute("content")
    kept = page.evaluate("Object.keys(localStorage).filter(k => k.includes('territories-'))")
    assert [key for key in kept if key.startswith(f"geocrm-territories-{plan_id}-")] == [
        f"geocrm-territories-{plan_id}-{person}"
    ]
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.locator("#pending")).to_be_hidden()
    page.reload()
    expect(page.locator("#map[data-ready]")).to_be_visible()
    expect(page.locator("#pending")).to_be_hidden()


def test_a_lasso_shows_what_is_inside_before_anything_changes(sign_in, site, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.keyboard.press("l")
    ring = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.31))
    _drag(page, *ring)
    card = page.locator("#drawer")
    expect(card).to_contain_text("selected")
    expect(card.locator("tfoot")).to_contain_text("Together")
    expect(page.locator("#pending")).to_be_hidden()
    card.get_by_role("button", name="Cancel").click()
    expect(page.locator("#pending")).to_be_hidden()
    page.keyboard.press("r")
    _drag(page, (0.3, 0.3), (0.7, 0.7))
    card.get_by_role("button", name="New territory").click()
    expect(page.locator("#bars .bar-row")).to_have_count(5)
    expect(page.locator("#pending .tag", has_text="new")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#pending")).to_be_hidden()
    page.reload()
    expect(page.locator("#bars .bar-row")).to_have_count(5)


def test_a_locked_territory_stays_as_it_is(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    for lock in page.locator(".score-lock").all():
        lock.click()
    page.keyboard.press("e")
    _drag(page, (0.4, 0.5), (0.6, 0.5))
    expect(page.locator("#pending")).to_be_hidden()
    for lock in page.locator(".score-lock").all():
        lock.click()
    _drag(page, (0.4, 0.5), (0.6, 0.5))
    expect(page.locator("#pending")).to_be_visible()


def test_units_in_no_territory_are_found_and_given_to_the_lightest_neighbour(
    sign_in, site, plan_id
) -> None:
    page = _open(sign_in("manager"), plan_id)
    everything = _held(site, plan_id)
    page.keyboard.press("e")
    _drag(page, (0.45, 0.5), (0.55, 0.5))
    count = page.locator("[data-count=unassigned]")
    expect(count).not_to_have_text("0")
    page.keyboard.press("Control+s")
    expect(page.locator("#pending")).to_be_hidden()
    assert _held(site, plan_id) == everything - int(count.inner_text())
    page.keyboard.press("n")
    expect(page.locator("#drawer")).to_contain_text("Unassigned")
    page.get_by_role("button", name="Give them to the lightest neighbour").click()
    expect(count).to_have_text("0")
    page.keyboard.press("Control+s")
    expect(page.locator("#pending")).to_be_hidden()
    assert _held(site, plan_id) == everything


def test_who_was_signed_out_signs_in_and_finds_the_work_again(sign_in, plan_id) -> None:
    # A page of its own, for a refusal is what this is about, and the console says it.
    page = _open(sign_in("manager").context.new_page(), plan_id)
    page.keyboard.press("e")
    _drag(page, (0.48, 0.5), (0.53, 0.5))
    words = _unsaved(page).inner_text()
    page.context.clear_cookies()
    with page.expect_response(re.compile("/edits$")) as refused:
        page.keyboard.press("Control+s")
    assert refused.value.status in (400, 401)
    page.get_by_role("button", name="Load the page again").click()
    page.wait_for_url("**/login**")
    page.locator("input[name=email]").fill("manager@demo.example")
    page.locator("input[name=password]").fill("geocrm-demo")
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"**/territories/{plan_id}")
    expect(_unsaved(page)).to_have_text(words)
    page.keyboard.press("Control+s")
    expect(page.locator("#pending")).to_be_hidden()


def test_a_save_that_went_through_takes_back_that_another_failed(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.keyboard.press("e")
    _drag(page, (0.48, 0.5), (0.53, 0.5))
    page.route("**/edits", lambda route: route.fulfill(status=409, json={"detail": "Busy"}))
    page.keyboard.press("Control+s")
    expect(page.locator("#toasts")).to_contain_text("Busy")
    page.unroute("**/edits")
    page.keyboard.press("Control+s")
    expect(page.locator("#toasts")).to_contain_text("saved")
    expect(page.locator("#toasts")).not_to_contain_text("Busy")


def test_where_everything_is_unassigned_nobody_is_said_to_have_got_anything(
    sign_in, plan_id
) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.keyboard.press("r")
    _drag(page, (0.01, 0.12), (0.99, 0.98))
    page.locator("#drawer").get_by_role("combobox").select_option("0")
    page.get_by_role("button", name="Reassign").click()
    page.get_by_role("button", name="Give them to the lightest neighbour").click()
    expect(page.locator("#toasts")).to_contain_text("paint one of them first")
    expect(page.locator("#score-gini")).to_have_text("–")


def test_the_keyboard_alone_paints_and_saves(sign_in, site, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.locator("#map canvas").focus()
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    expect(page.locator(".territory-cross")).to_be_visible()
    expect(_unsaved(page)).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(600)
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(600)
    page.keyboard.press("Enter")
    expect(page.locator("#drawer-title")).to_contain_text("selected")
    page.get_by_role("button", name="Reassign").press("Enter")
    page.keyboard.press("Control+s")
    expect(page.locator("#pending")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keys of the editor")
    assert _version(site, plan_id) > 1


def test_two_people_see_each_other_and_nothing_is_overwritten(
    sign_in, browser: Browser, browser_context_args, site, plan_id
) -> None:
    mine = _open(sign_in("manager"), plan_id)
    mine.keyboard.press("e")
    _drag(mine, (0.46, 0.5), (0.5, 0.5))
    _move_all_elsewhere(site, plan_id)
    mine.keyboard.press("Control+s")
    card = mine.locator("#drawer")
    expect(card).to_contain_text("moved by both of you")
    expect(card.locator(".clash").first).to_contain_text("Admin")
    expect(mine.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    mine.once("dialog", lambda dialog: dialog.accept())
    mine.reload()  # the question is not forgotten
    expect(card).to_contain_text("moved by both of you")
    expect(mine.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    card.get_by_role("button", name="Theirs for all").click()
    card.get_by_role("button", name="Go on").click()
    expect(mine.locator("#pending")).to_be_hidden()
    other = browser.new_context(**browser_context_args)
    other.add_cookies(mine.context.cookies())
    second = other.new_page()
    second.goto(f"/territories/{plan_id}")
    expect(second.locator("#others")).to_contain_text("another page")
    other.close()


def test_work_that_is_not_saved_when_somebody_submits_the_plan_becomes_a_draft(
    sign_in, site, plan_id
) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.keyboard.press("e")
    _drag(page, (0.46, 0.5), (0.5, 0.5))
    expect(_unsaved(page)).to_be_visible()
    with unit_of_work(site.sessions, OPERATOR) as session:
        life.take(session, OPERATOR, plan_id, "submit")
    page.keyboard.press("Control+s")
    expect(page.locator("#stranded")).to_contain_text("no longer being planned")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#stranded").get_by_role("button", name="Load the page again").click()
    expect(page.locator("#stranded")).to_contain_text("before the planning ended")
    page.locator("#stranded").get_by_role("button", name="Save as scenario").click()
    page.locator("#drawer").get_by_role("button", name="Save as scenario").click()
    expect(page).to_have_title("By hand (scenario) · GeoCRM")
    draft = int(page.url.rsplit("/", 1)[1])
    assert _held(site, draft) < _held(site, plan_id)
    with unit_of_work(site.sessions, OPERATOR) as session:
        service.discard(session, OPERATOR, draft)
        life.take(session, OPERATOR, plan_id, "send_back", comment="Again")


def test_a_plan_in_pieces_that_cannot_be_changed_says_so(sign_in, site, plan_id) -> None:
    with unit_of_work(site.sessions, OPERATOR) as session:
        plan = session.get_one(Plan, plan_id)
        codes = [unit.code for unit in edit_queries.plan_units(session, plan)]
        editing.save(
            session, OPERATOR, plan_id, None, editing.Step({1: codes[::2], 2: codes[1::2]})
        )
        life.take(session, OPERATOR, plan_id, "submit")
    page = sign_in("manager")
    page.goto(f"/territories/{plan_id}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    expect(page.locator("#score-contiguous")).not_to_have_text("all")
    with unit_of_work(site.sessions, OPERATOR) as session:
        life.take(session, OPERATOR, plan_id, "send_back", comment="Again")


def test_a_plan_file_of_other_boundaries_is_taken_and_that_is_said(
    sign_in, site, plan_id, tmp_path
) -> None:
    page = sign_in("manager")
    kept = page.request.get(f"/api/v1/territories/plans/{plan_id}/export.scenario").text()
    file = tmp_path / "old.txt"
    file.write_text(re.sub("(?m)^# vintage: .*$", '# vintage: "outlines of 1999"', kept))
    page.goto("/territories/bring")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Make a draft").click()
    expect(page.locator("#refused")).to_contain_text("other boundaries (outlines of 1999)")
    page.get_by_role("link", name="Open the draft").click()
    expect(page.locator("#plan-name")).to_have_value("old")
    with unit_of_work(site.sessions, OPERATOR) as session:
        service.discard(session, OPERATOR, int(page.url.rsplit("/", 1)[1]))


def _move_all_elsewhere(site, plan_id: int) -> None:
    """Somebody else gives every unit of the plan but one to its first territory, or the second."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        plan = session.get_one(Plan, plan_id)
        units = edit_queries.plan_units(session, plan)
        step = editing.Step(
            {
                1: [u.code for u in units if u.territory != 1],
                2: [u.code for u in units if u.territory == 1],
            }
        )
        admin = session.scalars(select(User).where(User.email.startswith("admin@"))).one()
        editing.save(session, actor_of(session, admin.id), plan_id, None, step)


@pytest.mark.browser_context_args(viewport={"width": 1024, "height": 768}, has_touch=True)
def test_on_a_tablet_one_finger_paints_and_two_move_the_map(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.get_by_role("button", name=re.compile("Erase")).tap()
    x, y = _somewhere(page)
    page.touchscreen.tap(x, y)
    expect(_unsaved(page)).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator("#pending")).to_be_hidden()
    hand = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(places)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = page.screenshot()
    fingers("touchStart", (x - 30, y))
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 9):
        fingers("touchMove", (x - 30 + 12 * step, y), (x + 30 + 12 * step, y))
    fingers("touchEnd")
    expect(page.locator("#pending")).to_be_hidden()
    page.wait_for_timeout(500)
    assert page.screenshot() != before


@pytest.mark.browser_context_args(viewport={"width": 820, "height": 1180}, has_touch=True)
def test_on_a_tablet_a_finger_that_is_drawn_over_the_map_paints_and_encircles(
    sign_in, plan_id
) -> None:
    page = _open(sign_in("manager"), plan_id)
    hand = page.context.new_cdp_session(page)

    def draw(*places: tuple[float, float]) -> None:
        for i, (x, y) in enumerate(_somewhere(page, *place) for place in places):
            point = {"x": x, "y": y, "id": 1}
            kind = "touchMove" if i else "touchStart"
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.get_by_role("button", name=re.compile("Erase")).tap()
    draw(*((0.4 + step / 40, 0.5) for step in range(9)))
    expect(_unsaved(page)).to_contain_text("units changed")
    page.get_by_role("button", name=re.compile("Lasso")).tap()
    draw((0.3, 0.4), (0.4, 0.4), (0.5, 0.4), (0.7, 0.4), (0.7, 0.6), (0.3, 0.6), (0.3, 0.45))
    expect(page.locator("#drawer")).to_contain_text("selected")


def test_escape_leaves_a_stroke_or_a_lasso_and_the_next_one_begins_anew(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    page.locator("#map canvas").focus()
    page.keyboard.press("e")
    _drag(page, (0.45, 0.5), (0.5, 0.5), end=False)
    page.keyboard.press("Escape")
    page.mouse.move(*_somewhere(page, 0.55, 0.5), steps=4)
    page.mouse.up()
    expect(page.locator("#pending")).to_be_hidden()
    page.keyboard.press("l")
    for key in ("Enter", "ArrowRight", "Enter", "Escape", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    expect(page.locator(".territory-sketch polygon")).to_have_attribute("points", "")


def test_a_refused_name_of_a_plan_gives_way_to_the_old_one(sign_in, plan_id) -> None:
    page = _open(sign_in("manager"), plan_id)
    name = page.get_by_label("Name of the plan")
    name.fill("  ")
    name.press("Enter")
    expect(name).to_have_value("By hand")
    name.fill("By foot")
    name.press("Control+s")
    expect(page.locator(".topbar-title")).to_have_text("By foot")
    expect(page).to_have_title("By foot · GeoCRM")
    name.press("Enter")
    page.keyboard.press("b")
    expect(page.locator("#map")).to_have_attribute("data-tool", "paint")


def test_a_rep_sees_the_plan_without_tools(sign_in, site) -> None:
    with unit_of_work(site.sessions, OPERATOR) as session:
        live = session.scalars(select(Plan.id).where(Plan.state == "live")).one()
    page = sign_in("rep01")
    page.goto(f"/territories/{live}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    expect(page.locator("#editor-tools")).to_have_count(0)


@pytest.mark.browser_context_args(
    viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
)
def test_on_a_phone_the_folded_panel_says_that_something_is_not_saved(sign_in, plan_id) -> None:
    page = sign_in("manager")
    page.goto(f"/territories/{plan_id}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    mark = page.locator("#pending-mark")
    expect(mark).to_be_hidden()
    page.get_by_role("button", name=re.compile("Erase")).tap()
    # Units answer once their tiles are drawn.
    for _ in range(50):
        page.touchscreen.tap(*_somewhere(page))
        page.wait_for_timeout(200)
        if mark.is_visible():
            break
    expect(mark).to_have_text("not saved")
    page.locator(".panel-handle").tap()
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(mark).to_be_hidden()
