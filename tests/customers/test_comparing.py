"""An address as written beside the name of a place: what agrees and what does not."""

import pytest

from geocrm.customers.comparing import compare, written_address


def marked(pieces, mark):
    return [piece.text for piece in pieces if piece.mark == mark]


def test_words_that_the_place_confirms_are_told_from_those_it_does_not():
    found = compare("Jl. Merdeka 5, Sukamaju, Bandung", "Suka Maju, Cibeunying, Kota Bandung", "ID")
    assert marked(found.written, "same") == ["Sukamaju", "Bandung"]
    assert marked(found.written, "alone") == ["Merdeka", "5"]
    assert marked(found.label, "same") == ["Suka", "Maju", "Bandung"]
    assert marked(found.label, "alone") == ["Cibeunying"]


def test_a_word_written_otherwise_is_near_and_a_short_one_is_not():
    found = compare("Bandng, Desa Rote", "Kota Bandung, Rota", "ID")
    assert marked(found.written, "near") == ["Bandng"]
    assert marked(found.written, "alone") == ["Rote"]


def test_words_that_only_say_the_kind_of_a_thing_are_left_plain():
    found = compare("Jalan Braga No. 12, Kec. Coblong", "Coblong, Kabupaten Bandung", "ID")
    assert marked(found.written, "alone") == ["Braga", "12"]
    assert marked(found.label, "alone") == ["Bandung"]


def test_short_forms_meet_the_full_name():
    assert marked(compare("Tj. Priok", "Tanjung Priok", "ID").written, "same") == ["Tj", "Priok"]


@pytest.mark.parametrize("text", ["", "  ", "Jl. Élysée 12/3-B (belakang)", "東京都 1-2", "a_b__c"])
def test_the_pieces_give_the_text_back(text):
    found = compare(text, text, "ID")
    assert "".join(piece.text for piece in found.written) == text
    assert "".join(piece.text for piece in found.label) == text


def test_the_written_address_adds_only_parts_that_the_typed_line_lacks():
    address = {"typed": "Jl. Braga 1, bandung", "city": "Bandung", "postcode": "40111"}
    assert written_address(address) == "Jl. Braga 1, bandung, 40111"
    parts = {"typed": "", "street": "Jl. Braga", "house_number": "1", "city": "Bandung"}
    assert written_address(parts) == "Jl. Braga 1, Bandung"
    assert written_address({"typed": None}) == ""
