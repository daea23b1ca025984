"""What the rounds have brought: the metric that matters per round, and what changed since the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q

from apps.algorithms.comparison import proportion_interval
from apps.annotation.models import CLOSED, Consensus, Task
from apps.core.charts import Figure, intervals
from apps.core.numbers import between, told
from apps.curricula.models import Proposal, ProposalState
from apps.mining.models import MiningRun
from apps.mining.queries import REASONS
from apps.projects.models import Project
from apps.registry.models import AliasMove
from apps.registry.queries import ledger
from apps.rounds.made import Made
from apps.rounds.models import Round
from apps.rounds.queries import rounds_of
from apps.training.models import Gate
from apps.training.queries import accuracy, gates_of

SHOWN = 24


@dataclass(frozen=True)
class Labels:
    """Labels people gave, on how many of them one had been given before, and how many of those were wrong."""

    n: int = 0
    with_given: int = 0
    wrong: int = 0

    def __add__(self, other: Labels) -> Labels:
        return Labels(self.n + other.n, self.with_given + other.with_given, self.wrong + other.wrong)

    @property
    def finding(self) -> str:
        """How often the given label was wrong, where there was one, in words."""
        if not self.with_given:
            return "none of them had been given one before"
        share = proportion_interval(self.wrong, self.with_given)
        return (
            f"{self.wrong:,} of the {self.with_given:,} that had been given one before were wrong "
            f"({share.estimate:.0%}, 95 % interval {share.low:.0%} to {share.high:.0%})"
        )


@dataclass(frozen=True)
class Past:
    """One round in numbers; round 0 made the base model and has no row of its own."""

    number: int
    round: Round | None
    gate: Gate | None
    accuracy: dict[str, Any] | None
    labels: Labels
    proposal: Proposal | None
    roll_backs: list[AliasMove] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.number) if self.number else "0 (base)"


def history(*, project: Project, before: int | None = None) -> list[Past]:
    """The rounds, newest first, and the base model's last."""
    rounds = list(rounds_of(project=project).filter(number__lt=before or 10**9)[: SHOWN + 1])
    moves = ledger(project=project).filter(kind=AliasMove.Kind.ROLL_BACK).order_by("pk")
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
            labels=labels.get(number, Labels()),
            proposal=proposals.get(number),
            roll_backs=[move for move in moves if _was_open(by_number.get(number), move)],
        )
        for number in numbers
    ]
    return [one for one in past if one.number or one.gate]


def _was_open(round_: Round | None, move: AliasMove) -> bool:
    """Whether the alias moved while the round was open."""
    if round_ is None or move.at < round_.opened_at:
        return False
    return round_.closed_at is None or move.at < round_.closed_at


def _gates(project: Project, numbers: list[int]) -> list[Gate]:
    """Each round keeps its last: the one decided on last, else the newest. Judging again undoes no decision."""
    rows = gates_of(project=project).filter(round_number__in=numbers)
    return list(rows.order_by(F("decided_at").asc(nulls_first=True), "pk"))


def _proposals(project: Project, numbers: list[int]) -> dict[int, Proposal]:
    rows = Proposal.objects.select_related("curriculum").filter(project=project, round_number__in=numbers)
    return {row.round_number: row for row in rows.filter(state=ProposalState.APPROVED).order_by("pk")}


def _labels(project: Project, numbers: list[int]) -> dict[int, Labels]:
    """By round, what people have said."""
    runs = dict(
        MiningRun.objects.filter(project=project, round_number__in=numbers).values_list("pk", "round_number")
    )
    closed = Consensus.objects.filter(
        task__mining_run_id__in=runs, task__state__in=CLOSED, label__isnull=False
    )
    had_one = Q(task__given_label__isnull=False)
    wrong = had_one & ~Q(task__given_label=F("label"))
    counted: dict[int, Labels] = {}
    rows = closed.exclude(task__reason=Task.Reason.GOLD).values_list("task__mining_run_id")
    counts = {"n": Count("pk"), "given": Count("pk", filter=had_one), "wrong": Count("pk", filter=wrong)}
    for run, *counted_here in rows.annotate(**counts):
        counted[runs[run]] = counted.get(runs[run], Labels()) + Labels(*counted_here)
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
        rows=[(v["round"], told(v["estimate"]), between(v["low"], v["high"]), v["n"]) for v in values],
        note="95 % intervals; candidates that were not promoted count too",
    )


def changes(*, past: list[Past], number: int) -> list[str]:
    """What the round before `number` changed, in sentences; also what was taken back since."""
    last, own = (next((one for one in past if one.number == n), None) for n in (number - 1, number))
    sentences = _brought(last) if last else []
    moves = [move for one in (last, own) if one for move in one.roll_backs]
    return sentences + [_roll_back(move) for move in moves]


def _brought(last: Past) -> list[str]:
    sentences = [_decision(last.gate)] if last.gate else []
    if last.proposal:
        diff = last.proposal.diff
        sentences.append(
            f"Curriculum v{last.proposal.curriculum.number} teaches {diff['rows'][1]:,} rows "
            f"({diff['added']['n']} new, {diff['relabelled']['n']} relabelled)."
        )
    if last.labels.n:
        sentences.append(f"People gave {last.labels.n:,} labels; {last.labels.finding}.")
    return sentences


def _roll_back(move: AliasMove) -> str:
    return (
        f"Production was rolled back from model {move.from_model} to {move.to_model} by {move.by.display_name}: "
        f"“{move.reason}”"
    )


def _decision(gate: Gate) -> str:
    after, check = f"Model {gate.candidate}", accuracy(gate, "overall")
    against = f" over {gate.baseline}" if gate.baseline else ""
    measured = ""
    if check:
        sure = f"95 % interval {between(check['low'], check['high'])}, n = {check['n']:,}"
        measured = f", {told(check['estimate'])} on {gate.benchmark.name} ({sure})"
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
        f"{n:,} for the {REASONS[Task.Reason(reason)].lower()}"
        for reason, n in mined.items()
        if reason != Task.Reason.GOLD
    )
    found = f" People gave {own.labels.n:,} labels; {own.labels.finding}." if own and own.labels.n else ""
    return Hints(
        expected=f"Tasks opened: {reasons or 'none'}. What did you think they would bring?",
        observed=(_decision(made.gate) if made.gate else "No model was judged.") + found,
        cause=f"{made.tasks['settled']} tasks had to be settled by a lead, of {made.asked}. What explains the result?",
        action="What should the next round do differently: other reasons, more overlap, a clearer protocol?",
    )
