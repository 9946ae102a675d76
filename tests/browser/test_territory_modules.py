"""The editor's own sums, without a map: pieces and holes, undo, locks, two people's changes."""

import pytest
from playwright.sync_api import Page

# A row of six units in two territories, and a hole: 0 1 2 | 3 4 5, where 6 lies inside 5 alone.
PRELUDE = """
const at = (name) => import(`/static/js/pages/territory_${name}.js`);
const [state_, undo_, graph_, editor_, merge_, finders_, points_] = await Promise.all(
  ["state", "undo", "graph", "editor", "merge", "finders", "points"].map(at));
const columns = (territory) => ({
  version: 1, prefix: "x:", code: [..."0123456"], name: [..."abcdefg"], territory,
  parent: [0, 0, 0, 1, 1, 1, 1], parents: ["P", "Q"], accounts: [1, 2, 3, 4, 5, 6, 7],
  revenue: Array(7).fill(1), population: Array(7).fill(100),
  lon: [0, 1, 2, 3, 4, 5, 6], lat: Array(7).fill(0),
  a: [0, 1, 2, 3, 4, 5], b: [1, 2, 3, 4, 5, 6] });
const plan = (territory = [1, 1, 1, 2, 2, 2, 2]) => new state_.PlanState(columns(territory),
  ["One", "Two"].map((name, i) => ({ number: i + 1, name, colour: i, people: [] })),
  { balance: "accounts", tolerance: 0.1 });
const edit = (state) => new editor_.Editor(state, {
  onUnits() {}, onTerritories() {}, onDone() {}, newName: (number) => `Territory ${number}` });
const home = (state) => [...state.home];
const step = (moves, more = {}) => ({
  id: 1, version: 2, who: "Other", at: "", units: 1, added: [], removed: [],
  moves: moves.map(([unit, before, after]) => ({ unit: `x:${unit}`, before, after })), ...more });
"""


@pytest.fixture
def run(sign_in):
    """Run lines of script with the modules at hand, on a page without a map."""
    page: Page = sign_in("manager")
    page.goto("/territories/new")
    return lambda lines: page.evaluate(f"async () => {{ {PRELUDE} {lines} }}")


def test_sums_follow_each_unit_and_undo_has_no_end(run) -> None:
    loads, back, again = run(
        """
        const state = plan(), editor = edit(state);
        for (let i = 0; i < 2000; i += 1) editor.change([i % 7], 1 + (i % 2));
        const done = home(state);
        for (let i = 0; i < 2000; i += 1) editor.step("undo");
        const back = home(state);
        for (let i = 0; i < 2000; i += 1) editor.step("redo");
        return [[1, 2].map((n) => [state.load(n), [...done.keys()]
          .filter((u) => done[u] === n).reduce((sum, u) => sum + u + 1, 0)]), back,
          home(state).join() === done.join()];
        """
    )
    assert all(kept == counted for kept, counted in loads)
    assert back == [1, 1, 1, 2, 2, 2, 2]
    assert again is True


def test_a_territory_that_only_gathers_others_does_not_count(run) -> None:
    before, after, filled = run(
        """
        const state = plan(), head = state.addTerritory("North", 3).number;
        const off = () => [state.fairness().maxDeviation, state.ideal()];
        const alone = plan(), before = [alone.fairness().maxDeviation, alone.ideal()];
        state.territories.get(1).parent = head;
        const after = off();
        edit(state).change([0], head);
        return [before, after, state.ideal()];
        """
    )
    assert after == before
    assert filled < before[1]


def test_parts_apart_and_holes_are_found_the_largest_part_is_neither(run) -> None:
    islands, holes, split, splits = run(
        """
        const state = plan([1, 1, 1, 2, 1, 2, 2]);
        const graph = graph_.graphOf(7, columns([]).a, columns([]).b);
        const { islands, holes, split } = graph_.faults(graph, state.home);
        const short = (piece) => [piece.units.sort(), piece.territory, piece.around];
        return [islands.map(short), holes.map(short), split,
          [0, 1, 2].map((u) => graph_.splitsWithout(graph, state.home, u))];
        """
    )
    assert [[3], 2, 1] in islands
    assert [[4], 1, 2] in holes
    assert [[0, 1, 2], 1, 2] not in islands
    assert split == [1, 2]
    assert splits == [False, True, False]


def test_locks_source_and_what_is_painted_hold(run) -> None:
    locked, source, painted, within_stroke = run(
        """
        const run = (set, act) => {
          const s = plan(), e = edit(s); set(e); act(e); return home(s); };
        return [
          run((e) => e.locks.add(2), (e) => e.change([2, 3], 1)),
          run((e) => (e.source = 0), (e) => { e.change([2, 3], 1); }),
          run((e) => (e.lockPainted = true), (e) => { e.change([3], 1); e.change([3, 4], 0); }),
          run((e) => (e.lockPainted = true), (e) => { e.begin(); e.touch([3], 1); e.touch([3], 0);
            e.end(); }),
        ];
        """
    )
    assert locked == [1, 1, 1, 2, 2, 2, 2]
    assert source == [1, 1, 1, 2, 2, 2, 2]
    assert painted == [1, 1, 1, 1, 0, 2, 2]
    assert within_stroke[3] == 0


def test_a_new_territory_comes_with_its_first_unit_and_goes_with_undo(run) -> None:
    numbers, undone, redone, cancelled = run(
        """
        const state = plan(), editor = edit(state);
        editor.change([6], "new");
        const numbers = state.numbers();
        editor.step("undo");
        const undone = state.numbers();
        editor.step("redo");
        const redone = [state.numbers(), state.home[6]];
        editor.begin(); editor.touch([5], "new"); editor.cancel();
        return [numbers, undone, redone, [state.numbers(), state.home[5]]];
        """
    )
    assert numbers == [1, 2, 3]
    assert undone == [1, 2]
    assert redone == [[1, 2, 3], 3]
    assert cancelled == [[1, 2, 3], 2]


def test_a_new_territory_taken_back_leaves_a_new_one_to_paint_with(run) -> None:
    assert run(
        """
        const state = plan(), editor = edit(state), seen = [];
        editor.target = "new";
        editor.change([6], editor.target);
        seen.push(editor.target);
        editor.step("undo");
        seen.push(editor.target);
        editor.step("redo");
        seen.push(editor.target);
        editor.step("undo");
        // Two fingers take the stroke back that the first of them began.
        editor.begin(); editor.touch([5]); editor.cancel();
        return [...seen, editor.target];
        """
    ) == [3, "new", 3, "new"]


def test_the_map_goes_closer_to_cells_of_a_city_than_to_regencies(run) -> None:
    wide, close = run(
        """
        const { boxOf, closestZoom } = await at("map");
        return [1, 0.01].map((degrees) => {
          const state = plan();
          state.columns.lon = state.columns.lon.map((lon) => lon * degrees);
          const [west, , east] = boxOf(state, [0, 6]);
          return [closestZoom(state), (east - west) / (6 * degrees)];
        });
        """
    )
    assert wide == [9, pytest.approx(6.5 / 6)]
    assert close[0] > 12
    assert 1 < close[1] < 2


def test_others_changes_come_below_ours_and_what_both_moved_is_asked(run) -> None:
    homes, clashes, pending, undone = run(
        """
        const state = plan(), editor = edit(state);
        editor.change([2], 2);
        editor.change([3], 1);
        const { clashes } = merge_.takeOver(state, editor.undoList,
          [step([["0", 1, 2], ["2", 1, 0], ["3", 2, 1]])]);
        const homes = home(state), pending = state.pendingUnits();
        editor.step("undo"); editor.step("undo");
        return [homes, clashes, pending, home(state)];
        """
    )
    assert homes == [2, 1, 2, 1, 2, 2, 2]
    assert clashes == [{"unit": 2, "mine": 2, "theirs": 0, "who": "Other"}]
    assert pending == [2]
    # What we did is gone, what they did is not.
    assert undone == [2, 1, 0, 1, 2, 2, 2]


def test_two_new_territories_of_one_number_stay_two(run) -> None:
    numbers, wanted = run(
        """
        const state = plan(), editor = edit(state);
        editor.change([6], "new");
        merge_.takeOver(state, editor.undoList, [step([["0", 1, 3]],
          { added: [{ number: 3, name: "Theirs", colour: 5 }] })]);
        return [state.numbers().map((n) => [n, state.territories.get(n).name, state.counts[n]]),
          merge_.stepOf(state, new Set([1, 2, 3]))];
        """
    )
    assert numbers == [[1, "One", 2], [2, "Two", 3], [3, "Theirs", 1], [4, "Territory 3", 1]]
    assert wanted["assign"] == {"4": ["x:6"]}
    assert [one["number"] for one in wanted["add"]] == [4]


def test_a_saved_step_is_taken_back_but_not_what_was_moved_since(run) -> None:
    found = run(
        """
        const state = plan([2, 1, 0, 2, 2, 2, 2]);
        const { units, to, left } = merge_.inverseOf(state, step([["0", 1, 2], ["2", 1, 2]]));
        return { units, to, left };
        """
    )
    assert found == {"units": [0], "to": [1], "left": 1}


def test_the_rest_goes_to_the_lightest_neighbour_and_to_no_locked_one(run) -> None:
    free, locked = run(
        """
        const graph = graph_.graphOf(7, columns([]).a, columns([]).b);
        const give = (locks) => { const s = plan([1, 1, 0, 2, 2, 2, 0]);
          const { units, to } = finders_.lightestNeighbours(s, graph, new Set(locks));
          return Object.fromEntries(units.map((u, i) => [u, to[i]])); };
        return [give([]), give([2])];
        """
    )
    assert free == {"2": 1, "6": 2}
    assert locked == {"2": 1, "6": 1}


def test_a_brush_and_a_ring_take_units_by_their_middle(run) -> None:
    brush, ring = run(
        """
        const points = new points_.Points(columns([]).lon, columns([]).lat);
        const x = points_.mercatorX, y = points_.mercatorY(0);
        return [points.alongBrush([x(1), y], [x(3), y], 0.5 / 360),
          points.inRing([[x(0.5), y - 0.01], [x(2.5), y - 0.01], [x(2.5), y + 0.01],
            [x(0.5), y + 0.01]])];
        """
    )
    assert brush == [1, 2, 3]
    assert ring == [1, 2]


def test_rolling_back_a_new_territory_is_undone_in_one_piece(run) -> None:
    rolled, back, wanted = run(
        """
        const state = plan(), editor = edit(state);
        editor.change([6], "new");
        editor.rollBack();
        editor.remove(3);
        const rolled = [state.numbers(), home(state)];
        editor.step("undo"); editor.step("undo");
        return [rolled, home(state), merge_.stepOf(state, new Set([1, 2]))];
        """
    )
    assert rolled == [[1, 2], [1, 1, 1, 2, 2, 2, 2]]
    assert back == [1, 1, 1, 2, 2, 2, 3]
    assert [one["number"] for one in wanted["add"]] == [3]
