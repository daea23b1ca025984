"""What the rounds have brought: the metric that matters per round, and what changed since the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q

from apps.annotation.models import CLOSED, Consensus, Task
from apps.core.charts import Figure, intervals
from apps.curricula.models import Proposal, ProposalState
from apps.mining.models import MiningRun
from apps.projects.models import Project
from apps.rounds.made import Made
from apps.rounds.models import Round
from apps.rounds.queries import rounds_of
from apps.training.models import Gate
from apps.training.queries import accuracy, gates_of

SHOWN = 24


@dataclass(frozen=True)
class Past:
    """One round in numbers; round 0 made the base model and has no row of its own."""

    number: int
    round: Round | None
    gate: Gate | None
    accuracy: dict[str, Any] | None
    labels: int
    label_errors: int
    proposal: Proposal | None

    @property
    def name(self) -> str:
        return str(self.number) if self.number else "0 (base)"


def history(*, project: Project, before: int | None = None) -> list[Past]:
    """The rounds, newest first, and the base model's last."""
    rounds = list(rounds_of(project=project).filter(number__lt=before or 10**9)[: SHOWN + 1])
    numbers = [row.number for row in rounds[:SHOWN]]
    by_number: dict[int, Round | None] = {row.number: row for row in rounds[:SHOWN]}
    if len(rounds) <= SHOWN:
        numbers.append(0)
    gates = {gate.round_number: gate for gate in _gates(project, numbers)}
    labels, proposals = _labels(project, numbers), _proposals(project, numbers)
    past = [
        Past(
            number=number,
            round=by_number.get(number),
            gate=gates.get(number),
            accuracy=accuracy(gates[number], "overall") if number in gates else None,
            labels=labels.get(number, (0, 0))[0],
            label_errors=labels.get(number, (0, 0))[1],
            proposal=proposals.get(number),
        )
        for number in numbers
    ]
    return [one for one in past if one.number or one.gate]


def _gates(project: Project, numbers: list[int]) -> list[Gate]:
    """Oldest first, so that each round keeps its newest."""
    return list(gates_of(project=project).filter(round_number__in=numbers).order_by("pk"))


def _proposals(project: Project, numbers: list[int]) -> dict[int, Proposal]:
    rows = Proposal.objects.select_related("curriculum").filter(project=project, round_number__in=numbers)
    return {row.round_number: row for row in rows.filter(state=ProposalState.APPROVED).order_by("pk")}


def _labels(project: Project, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """Labels people gave and given labels they found wrong, by round."""
    runs = dict(
        MiningRun.objects.filter(project=project, round_number__in=numbers).values_list("pk", "round_number")
    )
    closed = Consensus.objects.filter(
        task__mining_run_id__in=runs, task__state__in=CLOSED, label__isnull=False
    )
    wrong = Q(task__given_label__isnull=False) & ~Q(task__given_label=F("label"))
    counted: dict[int, tuple[int, int]] = {}
    rows = closed.exclude(task__reason=Task.Reason.GOLD).values_list("task__mining_run_id")
    for run, n, errors in rows.annotate(n=Count("pk"), errors=Count("pk", filter=wrong)):
        had = counted.get(runs[run], (0, 0))
        counted[runs[run]] = (had[0] + n, had[1] + errors)
    return counted


def history_figure(past: list[Past]) -> Figure | None:
    """Accuracy of each round's candidate; None below two rounds, where there is nothing to compare."""
    rows = [(one.name, one.accuracy) for one in reversed(past) if one.accuracy]
    if len(rows) < 2:
        return None
    names = ("estimate", "low", "high", "n")
    values = [{"round": name, **{k: check[k] for k in names}} for name, check in rows]
    first, last = values[0]["estimate"], values[-1]["estimate"]
    return Figure(
        id="history-chart",
        title=f"Accuracy on the benchmark went from {first:.3f} to {last:.3f} in {len(rows) - 1} "
        f"round{'s' if len(rows) > 2 else ''}",
        text="One point per round with its 95 % interval: the accuracy of that round's candidate on the benchmark.",
        spec=intervals(values, x="round", order=[str(v["round"]) for v in values], title="Accuracy"),
        columns=["Round", "Accuracy", "95 % interval", "n"],
        rows=[
            (v["round"], f"{v['estimate']:.3f}", f"{v['low']:.3f}–{v['high']:.3f}", v["n"]) for v in values
        ],
        note="95 % intervals; candidates that were not promoted count too",
    )


def changes(*, past: list[Past], number: int) -> list[str]:
    """What the round before `number` changed, in sentences."""
    last = next((one for one in past if one.number == number - 1), None)
    if last is None:
        return []
    told = [_decision(last.gate)] if last.gate else []
    if last.proposal:
        diff = last.proposal.diff
        told.append(
            f"Curriculum v{last.proposal.curriculum.number} teaches {diff['rows'][1]:,} rows "
            f"({diff['added']['n']} new, {diff['relabelled']['n']} relabelled)."
        )
    if last.labels:
        told.append(f"People gave {last.labels:,} labels and found {last.label_errors:,} given ones wrong.")
    return told


def _decision(gate: Gate) -> str:
    after, check = f"Model {gate.candidate}", accuracy(gate, "overall")
    against = f" over {gate.baseline}" if gate.baseline else ""
    measured = f", {check['estimate']:.3f} on {gate.benchmark.name} (n = {check['n']})" if check else ""
    if gate.state == Gate.State.JUDGED:
        return f"{after} was judged{measured}, and nobody has decided on it."
    return f"{after} was {gate.state}{against}{measured}."


@dataclass(frozen=True)
class Hints:
    """Numbers to think with while one writes the reflection; never an answer."""

    expected: str
    observed: str
    cause: str
    action: str


def hints(*, made: Made, past: list[Past]) -> Hints:
    """From what the round has made and shown."""
    own = next((one for one in past if one.number == made.number), None)
    mined = made.mining.opened if made.mining else {}
    reasons = ", ".join(
        f"{n} {reason.replace('_', ' ')}" for reason, n in mined.items() if reason != Task.Reason.GOLD
    )
    found = (
        f" {own.label_errors} of {own.labels} labels people gave differ from the given one." if own else ""
    )
    return Hints(
        expected=f"You mined {reasons or 'nothing'}. What did you think that would bring?",
        observed=(_decision(made.gate) if made.gate else "No model was judged.") + found,
        cause=f"{made.tasks['settled']} tasks had to be settled by a lead, of {made.asked}. What explains the result?",
        action="What should the next round do differently: other reasons, more overlap, a clearer protocol?",
    )
