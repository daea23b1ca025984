// What a mining run would cost people: tasks × answers per task, and the time that takes at the pace seen so far.
const REASONS = ["audit", "label_error", "margin"];

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function span(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function tell(form) {
  const number = (name) => Math.max(0, Number.parseInt(form.elements[name].value, 10) || 0);
  const tasks = REASONS.reduce((sum, name) => sum + number(name), 0);
  const answers = tasks * number("overlap");
  const pace = Number.parseFloat(form.dataset.seconds);
  const time = pace ? `, about ${span(answers * pace)} of people’s time at ${pace.toFixed(1)} s each (median of the last answers)` : "";
  form.querySelector("[data-cost]").textContent = `At most ${plural(tasks, "task")} × ${number("overlap")} = ${plural(answers, "answer")}${time}. Gold comes on top.`;
}

for (const form of document.querySelectorAll("[data-mining-cost]")) {
  form.addEventListener("input", () => tell(form));
  tell(form);
}
