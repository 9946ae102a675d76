"""Bringing a small file in through the pages, and taking it back."""

import re
from pathlib import Path

from playwright.sync_api import expect

ROWS = """\
Kode;Nama;Lintang;Bujur;Segmen;Hari bergabung
BR-1;Toko Maju Browser;-6,9147;107,6098;A;Senin
BR-2;Warung Sinar Browser;-6,9219;107,6071;B;Selasa
BR-3;;-6,9100;107,6000;C;Rabu
"""


def test_a_file_is_checked_imported_and_taken_back(sign_in, tmp_path: Path) -> None:
    page = sign_in("admin")
    file = tmp_path / "pelanggan.csv"
    file.write_text(ROWS, encoding="utf-8")
    page.goto("/imports")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("pelanggan.csv")
    name = page.get_by_label("Meaning of the column Nama")
    expect(name.locator("option:checked")).to_have_text("Name")
    expect(
        page.get_by_label("Meaning of the column Hari bergabung").locator("option:checked")
    ).to_have_text("Not imported")
    preview = page.get_by_role("table", name="Preview")
    expect(preview.get_by_role("row", name="BR-1")).to_contain_text("New")
    expect(preview.get_by_role("row", name="BR-3")).to_contain_text("Fails")

    page.get_by_role("button", name="Import", exact=True).click()
    figures = page.locator(".stats")
    expect(page.get_by_role("button", name="Undo this import")).to_be_visible(timeout=30_000)
    expect(figures.locator(".stat", has_text="New")).to_contain_text("2")
    failed = figures.locator(".stat", has_text="Failed")
    expect(failed).to_contain_text("1")
    with page.expect_download() as download:
        failed.get_by_role("link").click()
    told = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "BR-3" in told
    assert "BR-1" not in told

    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.type("Maju Browser")
    expect(page.locator("#search-results [role=option]").first).to_contain_text("Maju Browser")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text(re.compile("2 records were taken back"))).to_be_visible(timeout=30_000)
