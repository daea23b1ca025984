"""What a queue on this stack can cost at the least: the same three statements, bare and behind the product's doors."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from apps.core.health import healthz
from apps.projects.permissions import membership

NEXT = (
    "SELECT id FROM bench_task WHERE queue_id = 1 AND state = 'open' "
    "ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED"
)
ANSWER = "INSERT INTO bench_answer (task_id, person_id, answers, at) VALUES (%s, %s, %s, %s)"
CLOSE = "UPDATE bench_task SET state = 'closed' WHERE id = %s"


def take(person_id: int) -> int:
    """Take the next task and answer it: SELECT … FOR UPDATE SKIP LOCKED, INSERT, UPDATE."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NEXT)
        (task_id,) = cursor.fetchone()
        cursor.execute(ANSWER, [task_id, person_id, '{"digit": "3"}', timezone.now()])
        cursor.execute(CLOSE, [task_id])
    return int(task_id)


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """First floor: a bare view, no middleware."""
    body = str(take(1))
    return HttpResponse(body, headers={"Content-Length": len(body)})  # no middleware is there to count


@csrf_exempt
@login_required
def behind_the_door(request: HttpRequest, slug: str) -> HttpResponse:
    """Second floor: the same behind sign-in, membership check and a rendered template."""
    member = membership(person=request.user, slug=slug)
    member.require("annotate")
    context = {"task": take(member.person.pk), "member": member, "options": range(10), "points": range(1, 6)}
    return render(request, "floor_card.html", context)


urlpatterns = [path("bench/bare/", bare), path("healthz", healthz)]
if settings.MIDDLEWARE:
    urlpatterns += [path("bench/<slug:slug>/door/", behind_the_door), path("", include("apps.config.urls"))]
