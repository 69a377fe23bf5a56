"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const config = { ...JSON.parse(document.getElementById("config").textContent), responsive: true };
const dark = window.matchMedia("(prefers-color-scheme: dark)");
/* Width of a sheet of paper in pixels, without its margins. */
const PRINTED_WIDTH_PX = 660;
const drawn = new Set();
let printing = false;

function chosenTheme() {
  if (printing) return "light";
  return document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
}

function draw(place) {
  const { data, layout } = figures[place.id][chosenTheme()];
  const size = printing ? { width: PRINTED_WIDTH_PX, autosize: false } : { autosize: true };
  Plotly.react(place, data, { ...layout, ...size }, config);
  drawn.add(place);
}

/* A chart in a folded section is drawn when the section is opened, because then its width is known. */
function drawVisible() {
  for (const place of document.querySelectorAll(".chart")) {
    if (!drawn.has(place) && !place.closest("details:not([open])")) draw(place);
  }
}

function drawAgain() {
  for (const place of drawn) draw(place);
}

function save(button) {
  const text = document.getElementById(button.dataset.record).textContent;
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: button.dataset.name });
  link.click();
  URL.revokeObjectURL(address);
}

for (const input of document.querySelectorAll('input[name="theme"]')) {
  input.addEventListener("change", () => {
    if (input.value) document.documentElement.dataset.theme = input.value;
    else delete document.documentElement.dataset.theme;
    drawAgain();
  });
}
dark.addEventListener("change", drawAgain);
document.addEventListener("toggle", drawVisible, true);
for (const button of document.querySelectorAll(".save")) button.addEventListener("click", () => save(button));
/* Paper shows everything but the rules that passed. */
const folded = new Set();
window.addEventListener("beforeprint", () => {
  printing = true;
  for (const section of document.querySelectorAll("details:not([open], .passed)")) {
    folded.add(section);
    section.open = true;
  }
  drawVisible();
  drawAgain();
});
window.addEventListener("afterprint", () => {
  printing = false;
  for (const section of folded) section.open = false;
  folded.clear();
  drawAgain();
});
drawVisible();
document.documentElement.dataset.drawn = "yes";
