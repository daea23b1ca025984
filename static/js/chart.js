// Draws every <figure class="chart">: the Vega-Lite spec stands in the figure as JSON, its colours
// come from the tokens, its expressions run in the interpreter, since our policy forbids eval.
import { expressionInterpreter } from "../vendor/vega/vega-interpreter.js";

const drawn = new Map();

function colour(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function theme() {
  const [text, soft, faint, line, accent, good, warn, bad] =
    ["text", "text-soft", "text-faint", "line", "accent-text", "good", "warn", "bad"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  const labels = { labelColor: faint, labelFont: font, labelFontSize: 11, titleColor: soft, titleFont: font, titleFontSize: 12, titleFontWeight: 500 };
  return {
    background: "transparent", font, padding: 0,
    axis: { ...labels, domainColor: line, gridColor: line, tickColor: line, titlePadding: 8, labelPadding: 4, tickSize: 4 },
    legend: { ...labels, symbolStrokeWidth: 2 }, header: { ...labels }, title: { color: text, font, fontSize: 13 },
    view: { stroke: null }, mark: { color: accent }, rule: { color: faint }, text: { color: soft, font },
    range: { category: [accent, warn, good, bad, faint], heatmap: [colour("surface"), accent], ramp: [colour("accent-soft"), accent], diverging: [bad, colour("hover"), good] },
  };
}

async function draw(figure) {
  const plot = figure.querySelector(".chart-plot");
  const spec = { width: "container", autosize: { type: "fit-x", contains: "padding" }, ...JSON.parse(figure.querySelector("script").textContent) };
  drawn.get(plot)?.finalize();
  drawn.set(plot, await globalThis.vegaEmbed(plot, spec, {
    actions: false, renderer: "svg", ast: true, expr: expressionInterpreter, defaultStyle: false, config: theme(),
    tooltip: { disableDefaultStyle: true, theme: document.documentElement.dataset.theme ?? "light" },
  }));
}

const drawAll = (within) => within.querySelectorAll("figure.chart").forEach((figure) => {
  draw(figure).catch((error) => {
    figure.querySelector(".chart-plot").textContent = `This chart cannot be drawn (${error.message}); its data are linked below.`;
  });
});

drawAll(document);
document.addEventListener("htmx:load", ({ detail }) => detail.elt !== document.body && drawAll(detail.elt.parentElement ?? detail.elt));
document.documentElement.addEventListener("themechange", () => drawAll(document));
