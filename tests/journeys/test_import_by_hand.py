"""A lead drops a sheet on the page, says what its columns are, tries it dry and imports it."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.live, pytest.mark.browser]

SHEET = "nr\tbody\tmark\n1\tA first text to judge\t1\n2\tA second one\tsome\n"
DROPPED = """([name, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text], name));
  return carried;
}"""


def drop(page, name, text):
    carried = page.evaluate_handle(DROPPED, [name, text])
    for kind in ("dragover", "drop"):
        page.dispatch_event("[data-drop]", kind, {"dataTransfer": carried})


def test_a_sheet_is_dropped_mapped_run_dry_and_imported(person):
    lena = person("lena")
    page = lena.open("p/writing/imports/")
    drop(page, "sheet.tsv", SHEET)
    page.get_by_role("button", name="Send and look at it").press("Enter")
    page.wait_for_url("**/imports/uploads/*/")
    assert page.locator("#preview tbody tr").count() >= 2

    # by keyboard: the number is the key, the mark is left out
    page.get_by_label("nr", exact=True).focus()
    page.keyboard.type("Key")
    page.get_by_text("sheet.tsv:1").wait_for(state="detached")
    page.get_by_label("mark", exact=True).focus()
    with page.expect_response(lambda answer: "/uploads/" in answer.url):
        page.keyboard.type("Leave")
    page.get_by_text("The first 2 rows would come in").wait_for()
    page.wait_for_function("document.activeElement.id === 'column-2'")  # the focus stays where one is
    lena.shoot("import-preview")

    page.get_by_role("button", name="Dry run").press("Enter")
    page.get_by_text("A dry run writes nothing").wait_for()
    page.get_by_role("button", name="Import now").press("Enter")
    page.get_by_text("Every row was good").wait_for()
    assert page.get_by_text("dry run", exact=True).count() == 0
    assert not lena.troubles


def test_a_file_that_was_refused_stays_chosen(person):
    lena = person("lena", scheme="dark", narrow=True)
    page = lena.open("p/writing/imports/")
    drop(page, "sheet.dat", SHEET)
    page.get_by_role("button", name="Send and look at it").press("Enter")
    page.get_by_text("does not tell the format").wait_for()
    page.wait_for_function("document.querySelector('#id_file').files[0]?.name === 'sheet.dat'")
    page.wait_for_function("document.activeElement.id === 'id_format'")
    page.keyboard.type("TSV")
    page.get_by_role("button", name="Send and look at it").press("Enter")
    page.wait_for_url("**/imports/uploads/*/")
    lena.troubles.clear()  # the browser says each 422 aloud
