"""The whole loop through the HTTP API: three experts who err, two leads, an admin. Nobody sees the database.

The data set's truth is the oracle. Experts name it but for `ERRS` of their answers, drawn by seed, person and
example, so that the order of answering changes nothing; then they name another digit, drawn uniformly.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from apps.config.demo import digits
from apps.config.demo import project as demo
from apps.config.demo.caller import Caller, Stalled

EXPERTS, LEADS, ADMIN = ("erin", "emil", "ella"), ("lena", "luis"), "ada"
PEOPLE = {**dict.fromkeys(EXPERTS, "expert"), **dict.fromkeys(LEADS, "lead"), ADMIN: "admin"}
ERRS = 0.05
HOME = f"projects/{demo.SLUG}/"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What the round brought. `labels` are the experts' answers, gold included; accuracies are on the benchmark."""

    labels: int
    label_errors_planted: int
    label_errors_found: int
    accuracy_before: float
    accuracy_after: float
    gate: str
    promoted: bool
    rounds: int
    dataset: str
    model: str


def simulate(*, url: str, tokens: dict[str, str], seed: int, say: Say) -> Outcome:
    """Everything from an empty database to the opening of round 2."""
    people = {name: Caller(name, url=url, token=token) for name, token in tokens.items()}
    try:
        return _Loop(people, digits.load(seed=seed), seed, say).run()
    finally:
        for caller in people.values():
            caller.close()


class _Loop:
    """The turns of one round; each method is one phase, done by whoever does it in life."""

    def __init__(self, people: dict[str, Caller], data: digits.Digits, seed: int, say: Say) -> None:
        self.people, self.data, self.seed, self.say = people, data, seed, say
        self.lead, self.second = (people[name] for name in LEADS)

    def run(self) -> Outcome:
        self.found_project()
        self.bring_in_data()
        before = self.teach(note=demo.BASE_NOTE)
        promoted = self.decide(before)
        if not promoted:
            raise Stalled(f"The base model did not pass its gate: {before['checks']}")
        self.mine()
        labels = self.answer()
        self.adjudicate()
        after = self.teach(note="What the experts and the lead found in round 1.")
        promoted = self.decide(after)
        rounds = self.reflect(after, promoted)
        return self.outcome(labels, before, after, promoted, rounds)

    def found_project(self) -> None:
        self.say(f"ada makes the project “{demo.NAME}” and invites three experts and two leads")
        about = {"slug": demo.SLUG, "name": demo.NAME, "description": demo.DESCRIPTION, "goals": demo.GOALS}
        admin = self.people[ADMIN]
        admin.post("projects/", {**about, "limits": demo.LIMITS})
        for name, role in PEOPLE.items():
            if name != ADMIN:
                admin.post(f"{HOME}members/", {"username": name, "role": role})
        self.lead.post(f"{HOME}protocols/", demo.PROTOCOL)
        self.lead.post(f"{HOME}recipes/", demo.RECIPE)

    def bring_in_data(self) -> None:
        self.say(f"lena imports {len(self.data.rows)} digits, {len(self.data.planted)} with a wrong label")
        content = b"".join(json.dumps(row).encode() + b"\n" for row in self.data.rows)
        path = f"{HOME}imports/?name=digits.ndjson"
        run = self.lead.upload(path, content, kind="application/x-ndjson")
        done = self.lead.finished(f"imports/{run['id']}/")
        if done["rows_created"] != len(self.data.rows):
            raise Stalled(f"The import took {done['rows_created']} rows: {done}")
        self.lead.post(f"{HOME}benchmarks/", {"name": "digits-597", "plan": demo.PLAN})
        pool = [row["key"] for row in self.data.rows if row["split"] == "pool"]
        keys = pool[:: digits.POOL // demo.GOLD][: demo.GOLD]
        self.lead.post(f"{HOME}gold/", {"labels": {key: self.data.truth[key] for key in keys}})

    def teach(self, *, note: str) -> dict[str, Any]:
        """Dataset, proposal by one lead, approval by the other, training, and what the gate says."""
        self.say("lena cuts a dataset version and puts a curriculum forward")
        run = self.lead.post(f"{HOME}dataset-versions/")
        self.dataset = self.lead.finished(f"snapshot-runs/{run['id']}/")["dataset"]
        run = self.lead.post(f"{HOME}proposals/", {"dataset": self.dataset, "note": note})
        number = self.lead.finished(f"curriculum-runs/{run['id']}/")["proposal"]
        proposal = self.second.get(f"proposals/{number}/")
        digest = proposal["curriculum"]["digest"]
        self.say(f"luis approves {proposal['curriculum']['rows']} rows, which queues training")
        self.second.post(f"proposals/{number}/approve/", {"digest": digest, "note": "Read and agreed."})
        run = self.second.until(lambda: self._training_of(number), what="the start of training")
        trained = self.second.finished(f"training-runs/{run['id']}/")
        self.model = self.second.get(f"models/{trained['model_id']}/")["digest"]
        gate = self.second.get(f"{HOME}gates/")["results"][0]
        self.say(
            f"model v{gate['candidate']}: accuracy {accuracy(gate):.3f}; the gate says {gate['verdict']}"
        )
        return dict(gate)

    def _training_of(self, proposal: int) -> dict[str, Any] | None:
        runs = self.second.get(f"{HOME}training-runs/")["results"]
        return next((run for run in runs if run["proposal"] == proposal), None)

    def decide(self, gate: dict[str, Any]) -> bool:
        """Promote what passed, and reject the rest with the gate's own words."""
        if gate["verdict"] != "pass":
            failed = [f"{c['name']}: {c['why']}" for c in gate["checks"] if c["verdict"] != "pass"]
            self.say(f"luis rejects it ({'; '.join(failed)})")
            self.second.post(f"gates/{gate['id']}/reject/", {"reason": "; ".join(failed)})
            return False
        self.say("luis promotes it; it predicts everything that can be mined")
        self.second.post(f"gates/{gate['id']}/promote/", {"note": "The gate passed."})
        run = self.second.get(f"{HOME}prediction-runs/")["results"][0]
        self.second.finished(f"prediction-runs/{run['id']}/")
        return True

    def mine(self) -> None:
        self.lead.post(f"{HOME}rounds/")
        run = self.lead.post(f"{HOME}mining-runs/", {"policy": demo.POLICY, "seed": self.seed})
        opened = self.lead.finished(f"mining-runs/{run['id']}/")["opened"]
        told = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in opened.items())
        self.say(f"round 1: mining opened {sum(opened.values())} tasks: {told}")

    def answer(self) -> int:
        """The experts take turns until nothing is left for any of them; how many answers they gave."""
        hands = {name: self.people[name].post(f"{HOME}assignments/next/") for name in EXPERTS}
        given = 0
        while any(hand["assignment"] for hand in hands.values()):
            for name, hand in hands.items():
                if hand["assignment"]:
                    hands[name] = self._submit(self.people[name], hand["assignment"])
                    given += 1
                else:  # somebody else may have let go of a task meanwhile
                    hands[name] = self.people[name].post(f"{HOME}assignments/next/")
        self.say(f"the experts gave {given} answers")
        return given

    def _submit(self, expert: Caller, assignment: dict[str, Any]) -> dict[str, Any]:
        task = assignment["task"]
        chance = Random(f"{self.seed} {expert.name} {task['key']}")
        label, errs = self.data.truth[task["key"]], chance.random() < ERRS
        if errs:
            label = str((int(label) + chance.randint(1, 9)) % 10)
        body: dict[str, Any] = {"answers": {"digit": label, "legibility": chance.randint(3, 5)}}
        body["active_ms"] = chance.randint(1_500, 6_000)
        if task["confidence_asked"]:
            body["confidence"] = chance.choice((2, 3) if errs else (3, 4))
        key = f"{expert.name}-{assignment['id']}"
        path = f"assignments/{assignment['id']}/annotations/?next=true"
        return dict(expert.post(path, body, Idempotency_Key=key))

    def adjudicate(self) -> None:
        disputed = list(self.lead.every(f"{HOME}tasks/", state="conflict", order="oldest"))
        for task in disputed:
            answers = {"digit": self.data.truth[task["key"]]}
            self.lead.post(f"tasks/{task['id']}/adjudicate/", {"answers": answers, "cause": "slip"})
        left = self.lead.get(f"{HOME}tasks/", state="open")["results"]
        if left:
            raise Stalled(f"{len(left)} tasks were left without their answers.")
        self.say(f"lena settles {len(disputed)} conflicts")

    def reflect(self, gate: dict[str, Any], promoted: bool) -> int:
        """Close round 1; how many rounds are closed once round 2 is open."""
        number = self.lead.get(f"{HOME}rounds/")["results"][0]["id"]
        lesson = {
            "expected": "Wrong labels corrected and hesitations judged should raise accuracy.",
            "observed": f"Accuracy {accuracy(gate):.3f}; the gate said {gate['verdict']}.",
            "cause": "The corrected labels were among those the model learns most from.",
            "action": "Go on with the model promoted." if promoted else "Mine more before the next try.",
        }
        self.lead.post(f"rounds/{number}/reflection/", lesson)
        rounds = self.lead.get(f"{HOME}rounds/")["results"]
        self.say(f"lena writes the reflection; round {rounds[0]['number']} opens")
        if rounds[0]["state"] != "open":
            raise Stalled("The next round did not open.")
        return sum(row["state"] == "closed" for row in rounds)

    def outcome(
        self,
        labels: int,
        before: dict[str, Any],
        after: dict[str, Any],
        promoted: bool,
        rounds: int,
    ) -> Outcome:
        rows = map(json.loads, self.lead.lines(f"{HOME}dataset-versions/{self.dataset}/rows/?format=jsonl"))
        truth, planted = self.data.truth, self.data.planted
        found = sum(row["key"] in planted and row["label"] == truth[row["key"]] for row in rows)
        return Outcome(
            labels=labels,
            label_errors_planted=len(planted),
            label_errors_found=found,
            accuracy_before=accuracy(before),
            accuracy_after=accuracy(after),
            gate=after["verdict"],
            promoted=promoted,
            rounds=rounds,
            dataset=self.dataset,
            model=self.model,
        )


def accuracy(gate: dict[str, Any]) -> float:
    """The candidate's accuracy on the whole benchmark."""
    floors = (check for check in gate["checks"] if check["kind"] == "floor")
    return round(float(next(check["estimate"] for check in floors if check["name"] == "overall")), 4)
