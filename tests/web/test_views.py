"""Saved views over HTTP: made, opened by others, changed by one at a time, begun with."""

import json

IN_A = {"field": "segment", "op": "in", "value": ["A"]}


def make(client, name="Best", **more):
    answer = client.post("/api/v1/views", json={"name": name, "state": {"filter": IN_A}, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_shared_view_shows_each_their_own_customers(client_of, add_account, add_user, rep):
    other = add_user()
    add_account(owner=rep, segment="A")
    for _ in range(2):
        add_account(owner=other, segment="A")
    made = make(client_of(rep), shared=True)
    for who, expected in ((rep, 1), (other, 2)):
        view = client_of(who).get(f"/api/v1/views/{made['id']}").json
        asked = {"filter": json.dumps(view["state"]["filter"])}
        found = client_of(who).get("/api/v1/accounts/count", query_string=asked).json
        assert found["count"] == expected
    assert [view["mine"], made["mine"]] == [False, True]


def test_a_private_view_is_not_there_for_others(client_of, add_user, rep):
    made = make(client_of(rep))
    other = client_of(add_user())
    address = f"/api/v1/views/{made['id']}"
    assert other.get(address).status_code == 404
    assert other.patch(address, json={"version": 1, "name": "Mine"}).status_code == 404
    assert other.delete(address).status_code == 404
    assert other.get("/api/v1/views").json == {"items": [], "default": None}


def test_a_change_names_the_version_it_saw(client_of, rep):
    client = client_of(rep)
    made = make(client)
    address = f"/api/v1/views/{made['id']}"
    assert client.patch(address, json={"name": "New"}).status_code == 422
    changed = client.patch(address, json={"name": "New"}, headers={"If-Match": 'W/"1"'})
    assert (changed.status_code, changed.json["version"]) == (200, 2)
    late = client.patch(address, json={"name": "Late", "version": 1})
    assert late.status_code == 409
    assert "changed meanwhile" in late.json["detail"]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_the_map_opens_with_what_the_role_begins_with(client_of, signed_in_as, manager, rep):
    made = make(client_of(manager))
    address = f"/api/v1/views/{made['id']}/default"
    sent = {"version": made["version"], "role": "field_rep"}
    assert client_of(rep).put(address, json=sent).status_code == 403
    assert client_of(manager).put(address, json=sent).json["default_for_role"] == "field_rep"
    page = signed_in_as(rep)
    assert first_view(page.get("/map"))["id"] == made["id"]
    assert first_view(page.get("/map?colour=territory")) is None
    assert first_view(signed_in_as(manager).get("/map")) is None
    assert client_of(rep).get("/api/v1/views").json["default"] == made["id"]


def first_view(answer):
    text = answer.get_data(as_text=True)
    start = text.index('id="map-page">') + len('id="map-page">')
    return json.loads(text[start : text.index("</script>", start)])["view"]


def test_the_list_of_keys_names_what_the_role_has(signed_in_as, rep, marketer):
    for person, has in ((rep, True), (marketer, False)):
        page = signed_in_as(person).get("/map").text
        keys = page[page.index('id="keys"') :]
        assert ("Map, split, table, board, chart" in keys) is has
        assert ("Open the customer" in keys) is has
        assert "Chart" in keys or has
