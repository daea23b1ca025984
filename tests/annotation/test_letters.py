"""What is shown and what is written stay letter for letter on the way between page and server."""

from __future__ import annotations

from django.http import QueryDict

from apps.annotation.forms import answer_from, draft_from, settlement_from
from apps.annotation.questions import Question
from apps.annotation.templatetags.letters import to_the_letter
from apps.annotation.templatetags.questions import question_html

SENT = QueryDict(mutable=True)
SENT.update({"answers.mended": "one\r\ntwo\r", "comment": "a\r\nb", "note": "c\r\nd"})


def test_a_forms_line_ends_are_those_that_were_written():
    answer, draft = answer_from(SENT), draft_from(SENT)
    assert (answer.answers, answer.comment) == ({"mended": "one\ntwo\r"}, "a\nb")
    assert (draft["answers"], draft["comment"]) == (answer.answers, answer.comment)
    assert settlement_from(SENT)["note"] == "c\nd"


def test_a_text_keeps_its_carriage_returns_and_runs_no_markup():
    assert to_the_letter("<b>\r\n&") == "&lt;b&gt;&#13;\n&amp;"


def test_a_text_that_begins_with_an_empty_line_keeps_it_in_its_field():
    html = question_html(Question("answers.mended", "correction", "Mended", required=False, text="\nfirst"))
    assert ">\n\nfirst</textarea>" in html, "a browser drops the first line end of a field, and only that"
