"""Proposals and the runs that make them, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.curricula.models import Approval, CurriculumRun, CurriculumVersion, Proposal, ProposalState
from apps.curricula.queries import classes_of


class CurriculumOut(serializers.ModelSerializer[CurriculumVersion]):
    """What will be taught: stages with their weights and reasons. Immutable, addressed by `digest`."""

    dataset = serializers.CharField(source="dataset.digest")

    class Meta:
        model = CurriculumVersion
        fields: tuple[str, ...] = (
            "number", "digest", "dataset", "rows", "stages", "summary", "round_number", "created_at"
        )  # fmt: skip


class CurriculumDetailOut(CurriculumOut):
    classes = serializers.SerializerMethodField(help_text="In whose order soft labels stand")

    class Meta(CurriculumOut.Meta):
        fields = (*CurriculumOut.Meta.fields, "classes")

    def get_classes(self, curriculum: CurriculumVersion) -> list[str]:
        return classes_of(curriculum)


class ProposalOut(serializers.ModelSerializer[Proposal]):
    """A curriculum version put forward, and where its decision stands."""

    state = serializers.ChoiceField(choices=ProposalState.choices)
    author = Person()
    decided_by = Person()
    curriculum = CurriculumOut()

    class Meta:
        model = Proposal
        fields: tuple[str, ...] = (
            "id",
            "state",
            "author",
            "note",
            "curriculum",
            "decided_by",
            "decided_at",
            "decision_note",
            "round_number",
            "created_at",
        )


class ProposalDetailOut(ProposalOut):
    """`diff`: what it would change against the curriculum in force; keys listed up to 500 of each kind."""

    class Meta(ProposalOut.Meta):
        fields: tuple[str, ...] = (*ProposalOut.Meta.fields, "diff")


class StartProposal(serializers.Serializer[Any]):
    dataset = serializers.CharField(max_length=64, help_text="Digest of the dataset version to teach from")
    note = serializers.CharField(max_length=4_000, allow_blank=True, default="")


class CurriculumRunOut(RunOut):
    """`proposal`: the number of what it put forward."""

    dataset = serializers.CharField(source="dataset.digest")
    proposal = serializers.IntegerField(source="proposal_id", allow_null=True)

    class Meta(RunOut.Meta):
        model = CurriculumRun
        fields: tuple[str, ...] = (*RunOut.Meta.fields, "dataset", "note", "proposal", "round_number")


class Approve(serializers.Serializer[Any]):
    """`digest`: the curriculum's, as you read it; approval is pinned to it."""

    digest = serializers.CharField(max_length=64)
    note = serializers.CharField(max_length=4_000, allow_blank=True, default="")


class ApprovalOut(serializers.ModelSerializer[Approval]):
    proposal = serializers.IntegerField(source="proposal_id")
    by = Person()

    class Meta:
        model = Approval
        fields = ("proposal", "by", "digest", "note", "at")
