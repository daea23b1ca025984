"""Comments on an example: said, answered, withdrawn; who may read them; who is told."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from apps.accounts.queries import notifications_of
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.declining import decline
from apps.comments import services
from apps.comments.domain import mentions_in
from apps.comments.errors import MentionsPeers, TooManyComments
from apps.comments.models import Comment
from apps.comments.queries import comments_as_seen
from apps.comments.services import add_comment, withdraw_comment
from apps.core.errors import BadInput, IllegalMove, NotFound
from apps.core.models import Event
from apps.projects.permissions import membership

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def say(house):
    """Somebody says something about an example."""

    def say(person, text, *, on="a", answers=None):
        example = house.project.examples.filter(key=on).first() or house.example(on)
        parent = answers and answers.pk
        return add_comment(example=example, by=person, text=text, parent_id=parent, at=house.clock)

    return say


@pytest.fixture
def seen(house):
    """What somebody reads of an example: (who, text)."""

    def seen(person, on="a"):
        member = membership(person=person, slug="digits")
        found = comments_as_seen(member=member, example=house.project.examples.get(key=on))
        return [(one.who, one.comment.text) for one in found]

    return seen


def told(person):
    return [one.title for one in notifications_of(person=person, unread=True).filter(kind="mention")]


def test_names_are_mentioned_wherever_they_end():
    names = ["lena", "luis", "ann.b", "ann"]
    assert mentions_in("@lena, @LUIS! and me@ann.org (@ann.b).", names) == {"lena", "luis", "ann.b"}
    assert mentions_in("@ann. @nobody @@lena", names) == {"ann"}


def test_peers_do_not_read_each_other_while_the_task_is_open(house, say, seen):
    house.task("a")
    house.lease(house.erin)
    house.lease(house.emil)
    say(house.erin, "I see a five")
    say(house.lena, "Look at the tail first")
    assert seen(house.emil) == [("lena", "Look at the tail first")]
    assert seen(house.erin) == [("You", "I see a five"), ("lena", "Look at the tail first")]


def test_once_it_is_decided_everybody_reads_everything_with_names(house, say, seen):
    house.task("a")
    house.submit(house.erin, "5")
    say(house.erin, "I see a five")
    house.submit(house.emil, "5")
    assert seen(house.emil) == [("erin", "I see a five")]


def test_of_a_dispute_a_lead_reads_all_without_names_and_peers_still_nothing(house, say, seen):
    task = house.task("a")
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    say(house.erin, "the tail")
    say(house.emil, "no tail")
    assert seen(house.luis) == [("Expert 1", "the tail"), ("Expert 2", "no tail")]
    assert seen(house.emil) == [("You", "no tail")]
    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip"}
    adjudicate(task_id=task.pk, by=house.luis, at=house.clock, **given)
    assert seen(house.luis)[0] == ("erin", "the tail")


def test_a_lead_who_may_be_asked_reads_only_what_is_meant_for_them(house, say, seen):
    house.task("a")
    house.lease(house.erin)
    say(house.erin, "I see a five")
    say(house.erin, "Does a tail count, @lena?")
    assert seen(house.lena) == [("Expert 1", "Does a tail count, @lena?")]
    assert seen(house.ada) == [("Expert 1", "I see a five"), ("Expert 1", "Does a tail count, @lena?")]


def test_a_lead_who_answers_the_task_is_a_peer_of_it(house, say, seen):
    house.task("a")
    house.lease(house.lena)
    house.lease(house.erin)
    say(house.lena, "clearly a five")
    assert seen(house.erin) == []


def test_gold_is_like_any_task_that_is_not_decided_to_experts_and_open_to_leads(house, say, seen):
    house.task("a", reason="gold", overlap=1000)
    say(house.erin, "this gold is wrong")
    assert seen(house.emil) == []
    assert seen(house.lena) == [("erin", "this gold is wrong")]


def test_what_is_excluded_stays_hidden_from_peers_for_it_may_come_back(house, say, seen):
    house.task("a")
    lease = house.lease(house.erin)
    say(house.erin, "half a five")
    decline(verb="exclude", assignment_id=lease.pk, person=house.erin, reason="broken", at=house.clock)
    assert seen(house.emil) == []
    assert seen(house.lena) == [("erin", "half a five")]


def test_who_is_mentioned_and_who_is_answered_is_told_where(house, say):
    house.task("a")
    house.lease(house.erin)
    question = say(house.erin, "Does a tail count, @lena?")
    assert told(house.lena) == ["An expert mentions you in a comment on a in Digits."]
    assert told(house.luis) == []
    answer = say(house.lena, "It does.", answers=question)
    assert told(house.erin) == ["lena answered your comment on a in Digits."]
    row = notifications_of(person=house.erin).get()
    assert row.url == f"/p/digits/comments/a/#comment-{answer.pk}"


def test_an_answer_to_an_answer_stands_under_the_first_and_is_told_to_both(house, say):
    first = say(house.erin, "one")
    second = say(house.emil, "two", answers=first)
    third = say(house.ella, "three", answers=second)
    assert third.parent == first
    assert told(house.erin) == ["ella answered your comment on a in Digits."]
    assert told(house.emil) == ["ella answered your comment on a in Digits."]
    assert told(house.ella) == []


def test_a_peer_cannot_be_mentioned_before_it_is_decided(house, say):
    house.task("a")
    house.lease(house.erin)
    with pytest.raises(MentionsPeers, match="emil may be asked about this example too"):
        say(house.erin, "@emil and @lena, a five?")
    assert not Comment.objects.exists()
    assert told(house.lena) == []
    say(house.lena, "@emil look at the tail")
    assert told(house.emil) == ["lena mentions you in a comment on a in Digits."]


def test_a_comment_that_is_hidden_cannot_be_answered(house, say):
    house.task("a")
    house.lease(house.erin)
    hidden = say(house.erin, "I see a five")
    with pytest.raises(NotFound):
        say(house.emil, "me too", answers=hidden)
    with pytest.raises(NotFound):
        say(house.erin, "wrong place", on="b", answers=hidden)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2_001])
def test_a_comment_has_words_and_an_end(house, say, text):
    with pytest.raises(BadInput, match="1 to 2,000 characters"):
        say(house.erin, text)


def test_there_is_an_end_to_the_comments_of_one_example(house, say, monkeypatch):
    monkeypatch.setattr(services, "MAX_ON_EXAMPLE", 1)
    say(house.erin, "one")
    with pytest.raises(TooManyComments):
        say(house.erin, "two")


def test_strangers_say_nothing(house, say):
    with pytest.raises(NotFound):
        say(house.sam, "hello")


def test_withdrawn_words_are_gone_and_their_place_and_answers_stay(house, say, seen):
    first = say(house.erin, "oops")
    say(house.lena, "what was it?", answers=first)
    withdraw_comment(comment_id=first.pk, by=house.erin, at=house.clock)
    assert seen(house.emil) == [("erin", ""), ("lena", "what was it?")]
    assert [one.kind for one in Event.objects.filter(object_type="comment").order_by("pk")] == [
        "comment.said",
        "comment.said",
        "comment.withdrawn",
    ]
    assert "oops" not in str(list(Event.objects.values_list("data", flat=True)))
    with pytest.raises(IllegalMove):
        withdraw_comment(comment_id=first.pk, by=house.erin, at=house.clock)


def test_nobody_withdraws_what_another_said(house, say):
    comment = say(house.erin, "mine")
    with pytest.raises(NotFound):
        withdraw_comment(comment_id=comment.pk, by=house.lena, at=house.clock)


@pytest.mark.parametrize("change", [{"text": "other words"}, {"mentioned": [1]}])
def test_the_database_keeps_what_was_said(house, say, change):
    comment = say(house.erin, "a five")
    with pytest.raises(DatabaseError), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        comment.delete()


def test_a_page_shows_a_thread_as_text_that_cannot_run_and_takes_an_answer(client, house, say):
    first = say(house.erin, "a **five**\n\n<script>alert(1)</script>")
    client.force_login(house.lena)
    url = reverse("comments:comments", args=["digits", "a"])
    page = client.get(url).content.decode()
    assert "<strong>five</strong>" in page
    assert "<script>alert" not in page
    answer = client.post(url, {"text": "agreed", "parent": first.pk})
    assert answer.url == f"{url}#comment-{Comment.objects.latest('pk').pk}"
    part = client.post(url, {"text": "again", "parent": ""}, headers=HTMX).content.decode()
    assert part.count('class="comment"') == 3
    assert "<html" not in part


def test_whom_one_may_mention_is_offered(client, house, say):
    house.task("a")
    house.lease(house.erin)
    client.force_login(house.erin)
    page = client.get(reverse("comments:comments", args=["digits", "a"])).content.decode()
    assert [name for name in house.people if f'data-name="{name}"' in page] == ["ada", "lena", "luis"]


def test_the_desk_leads_to_the_comments_on_its_card_and_to_no_others(client, house):
    house.task("a")
    lease = house.lease(house.erin)
    client.force_login(house.erin)
    answer = client.get(reverse("comments:at_desk", args=["digits", lease.pk]))
    assert answer.url == reverse("comments:comments", args=["digits", "a"])
    client.force_login(house.emil)
    assert client.get(reverse("comments:at_desk", args=["digits", lease.pk])).status_code == 404


def test_withdrawing_in_the_browser_leaves_a_tombstone(client, house, say):
    comment = say(house.erin, "oops")
    client.force_login(house.erin)
    url = reverse("comments:withdraw", args=["digits", comment.pk])
    part = client.post(url, headers=HTMX).content.decode()
    assert "Withdrawn by its author." in part
    assert "oops" not in part
