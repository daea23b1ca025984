"""`{% if member|may:"propose" %}`: templates ask the one table of rights too."""

from __future__ import annotations

from django import template

from apps.projects.permissions import Member

register = template.Library()


@register.filter
def may(member: Member, action: str) -> bool:
    return member.may(action)
