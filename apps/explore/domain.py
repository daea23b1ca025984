"""Events in plain words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

NOUNS = {
    "importrun": "import",
    "exportrun": "export",
    "predictionrun": "prediction run",
    "miningrun": "mining run",
    "snapshotrun": "snapshot run",
    "curriculumrun": "curriculum run",
    "trainingrun": "training run",
    "datasetversion": "dataset version",
    "curriculumversion": "curriculum version",
    "modelversion": "model version",
    "predictionset": "prediction set",
    "apitoken": "API token",
    "aliasmove": "alias move",
}
PURPOSES = {
    "pool": "on what can be mined",
    "benchmark": "on a benchmark",
    "cross_fit": "on rows its folds had not seen",
}
SENTENCES = {
    "project.created": "created the project {slug}",
    "membership.set": "made {person} {role} here",
    "membership.removed": "took {person} out of the project",
    "protocol.added": "put protocol version {version} in force",
    "recipe.added": "added recipe version {version} ({learner})",
    "import.started": "started the import of {name}",
    "export.started": "started an export of {what} as {format}",
    "export.removed": "removed export {id}: {why}",
    "benchmark.frozen": "froze a benchmark of {rows} rows",
    "gold.added": "made {keys} gold",
    "gold.retired": "retired gold {id}",
    "dataset.created": "cut dataset {id}",
    "curriculum.created": "staged curriculum {id}",
    "proposal.open": "put proposal {id} forward",
    "proposal.approved": "approved proposal {id}",
    "proposal.sent_back": "sent proposal {id} back",
    "model.registered": "registered model v{number}",
    "predictions.kept": "kept a model's predictions {purpose}",
    "gate.judged": "judged a candidate at the gate: {verdict}",
    "gate.promoted": "promoted the candidate of gate {id}",
    "gate.rejected": "rejected the candidate of gate {id}",
    "gate.override_asked": "asked to override gate {id}: {reason}",
    "alias.promote": "moved {alias} by promotion",
    "alias.roll_back": "rolled {alias} back",
    "alias.override": "moved {alias} by override",
    "round.open": "opened round {number}",
    "round.closed": "closed a round",
    "reflection.written": "wrote the round's reflection",
    "queue.tasks_opened": "opened {tasks} tasks ({source})",
    "queue.paused": "paused queue {id}",
    "queue.resumed": "resumed queue {id}",
    "queue.tasks_reserved": "reserved tasks of queue {id} for {reserved_for}: {tasks}",
    "queue.tasks_prioritised": "gave tasks of queue {id} {priority} priority: {tasks}",
    "group.made": "made the group {name}",
    "group.changed": "changed the group {name}",
    "group.dissolved": "dissolved the group {name}",
    "assignment.leased": "leased assignment {id}",
    "assignment.submitted": "answered assignment {id}",
    "assignment.skipped": "skipped assignment {id}",
    "assignment.escalated": "escalated assignment {id}",
    "assignment.revealed": "revealed what the model says in assignment {id}",
    "assignment.excluded": "excluded assignment {id}",
    "assignment.draft": "reopened assignment {id}",
    "comment.said": "commented on {example}",
    "comment.withdrawn": "withdrew comment {id}",
    "user.invited": "invited {username}",
    "apitoken.created": "made the API token {name}",
    "apitoken.revoked": "revoked the API token {name}",
}
PEOPLE = {"membership.set": "person", "membership.removed": "person"}


def people_in(kind: str, data: Mapping[str, Any]) -> list[int]:
    """Ids of people the event's data name."""
    return [data[PEOPLE[kind]]] if kind in PEOPLE and PEOPLE[kind] in data else []


def noun_of(object_type: str) -> str:
    return NOUNS.get(object_type, object_type)


def tell(event: Any, names: Mapping[int, str]) -> str:
    """The event as the rest of a sentence that begins with who did it; unknown kinds are told by their parts."""
    noun = noun_of(event.object_type)
    sentence = SENTENCES.get(event.kind)
    if sentence is None:
        return _move(noun, event)
    facts = {name: _short(value) for name, value in event.data.items()}
    facts["purpose"] = PURPOSES.get(facts.get("purpose", ""), "")
    facts["verdict"] = facts.get("verdict", "").replace("_", " ")
    if event.kind in PEOPLE:
        person = event.data.get(PEOPLE[event.kind])
        facts[PEOPLE[event.kind]] = names.get(person, f"person {person}")
    return sentence.format_map(defaultdict(lambda: "…", facts, id=event.object_id))


def _move(noun: str, event: Any) -> str:
    verb = event.kind.partition(".")[2].replace("_", " ") or event.kind
    origin = event.data.get("origin")
    if origin is None:
        return f"{noun} {event.object_id}: {verb}"
    return f"moved {noun} {event.object_id} from {origin.replace('_', ' ')} to {verb}"


def _short(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(str(entry) for entry in value[:3])
        return shown if len(value) <= 3 else f"{shown} and {len(value) - 3} more"
    return str(value)
