"""The comments on an example: a page of their own, and the part of others that shows the same."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.annotation.queries.desk import own_assignment
from apps.comments.queries import talk_of
from apps.comments.services import add_comment, withdraw_comment
from apps.core.keyset import number_in
from apps.core.pages import page
from apps.examples.models import Example
from apps.examples.queries import example_in
from apps.projects.permissions import Member, member_view


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_view("comment")
def comments(request: HttpRequest, member: Member, key: str) -> HttpResponse:
    """GET shows what was said about an example; POST adds a comment or an answer."""
    example = example_in(project=member.project, key=key)
    if request.method != "POST":
        return _show(request, member, example)
    text, parent = request.POST.get("text", ""), number_in(request.POST.get("parent", ""), name="parent")
    said = add_comment(example=example, by=member.person, text=text, parent_id=parent, at=timezone.now())
    if getattr(request, "htmx", False):
        return _show(request, member, example)
    return redirect(_place(member, example, said.pk))


@require_GET
@member_view("annotate")
def at_desk(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """The comments on what is on one's desk: a card names its assignment and nothing else."""
    own = own_assignment(assignment_id=assignment_id, person=member.person, project=member.project)
    return redirect("comments:comments", member.project.slug, own.task.example.key)


@require_POST
@member_view("comment")
def withdraw(request: HttpRequest, member: Member, comment_id: int) -> HttpResponse:
    gone = withdraw_comment(
        comment_id=comment_id, by=member.person, project=member.project, at=timezone.now()
    )
    if getattr(request, "htmx", False):
        return _show(request, member, gone.example)
    messages.info(request, "Withdrawn: the words are gone, their place stays.")
    return redirect(_place(member, gone.example, gone.pk))


def _show(request: HttpRequest, member: Member, example: Example) -> HttpResponse:
    context = {"talk": talk_of(member=member, example=example)}
    return page(request, "comments/comments.html", context, partial="comments")


def _place(member: Member, example: Example, comment_id: int) -> str:
    return f"{reverse('comments:comments', args=[member.project.slug, example.key])}#comment-{comment_id}"
