// The live signal of a sensor and the guided check. Everything that is shown comes from the bridge.

const SHOWN_S = 20;
const RECONNECT_MS = [500, 1000, 2000, 5000];
const PULLS = 5;
const MINUS = "\u2212";

const root = document.getElementById("place");
const texts = JSON.parse(root.dataset.texts);
const cues = root.dataset.cues.split(" ").map(Number);
const hold = Number(root.dataset.hold);
const scale = Number(root.dataset.scale);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const language = root.dataset.language;
const decimals = Number(root.dataset.decimals);

const part = (role) => root.querySelector(`[data-role="${role}"]`);
const number = (value, digits) =>
  value
    .toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace("-", MINUS);
const withUnit = (level) => `${number(level * scale, decimals)} ${root.dataset.unit}`;
const percent = (value) => (value === null ? texts.unknown : `${number(value, 0)} %`);
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// Screen readers announce an element when its text changes: it is set only where it differs.
function say(element, text) {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function show(element, visible) {
  element.hidden = !visible;
}

// --- The chart ---

const signal = { times: [], levels: [], thresholds: [] };
let found = [];
let openSince = null;
let chart = null;
let drawnAt = 0;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const BAND_COLOURS = {
  movement: "--both",
  position_change: "--position",
  twitch: "--warn",
  rhythmic_train: "--warn",
};

function drawBands(plot) {
  const { left, top, width, height } = plot.bbox;
  const context = plot.ctx;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  const bands = openSince === null ? found : [...found, { kind: "open", begin: openSince, end: null }];
  for (const band of bands) {
    const begin = plot.valToPos(band.begin / 1000, "x", true);
    const end = band.end === null ? left + width : plot.valToPos(band.end / 1000, "x", true);
    context.globalAlpha = band.kind === "open" ? 0.15 : 0.3;
    context.fillStyle = colour(BAND_COLOURS[band.kind] ?? "--accent");
    context.fillRect(begin, top, Math.max(2, end - begin), height);
  }
  context.restore();
}

function makeChart() {
  const box = part("chart");
  chart?.destroy();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, font: "14px system-ui, sans-serif" };
  const options = {
    width: box.clientWidth,
    height: 240,
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false, range: (_, low, high) => [high - SHOWN_S, high] },
      y: { range: (_, low, high) => [0, Math.max(high * 1.1, 4 * scaledThreshold(), 1e-9)] },
    },
    axes: [
      {
        ...axis,
        splits: (plot) => [20, 15, 10, 5, 0].map((ago) => plot.scales.x.max - ago),
        values: () => [20, 15, 10, 5, 0].map((ago) => (ago === 0 ? "0 s" : `${MINUS}${ago} s`)),
      },
      {
        ...axis,
        values: (plot, ticks) => ticks.map((tick) => tick.toLocaleString(language)),
        size: 64,
        label: root.dataset.unit,
        labelSize: 20,
        labelFont: axis.font,
      },
    ],
    series: [
      {},
      { stroke: colour("--accent"), width: 2, points: { show: false } },
      { stroke: colour("--bad"), width: 2, dash: [6, 4], points: { show: false } },
    ],
    hooks: { drawClear: [drawBands] },
  };
  chart = new uPlot(options, [[], [], []], box);
  draw(true);
}

function scaledThreshold() {
  return (signal.thresholds.at(-1) ?? 0) * scale;
}

function draw(force) {
  // A person who wants little motion sees one picture a second.
  if (chart === null || (!force && calm.matches && performance.now() - drawnAt < 1000)) return;
  drawnAt = performance.now();
  const scaled = (values) => values.map((value) => (value === null ? null : value * scale));
  chart.setData([signal.times, scaled(signal.levels), scaled(signal.thresholds)]);
}

function addSignal(message) {
  const last = signal.times.at(-1);
  const first = message.times[0] / 1000;
  if (last !== undefined && first < last) {
    // The clock of the sensor was set back.
    clearSignal();
  } else if (last !== undefined && first - last > 1) {
    // Nothing is drawn over a gap.
    signal.times.push(last + 0.001);
    signal.levels.push(null);
    signal.thresholds.push(null);
  }
  signal.times.push(...message.times.map((time) => time / 1000));
  signal.levels.push(...message.levels);
  signal.thresholds.push(...message.times.map(() => message.threshold));
  const oldest = signal.times.at(-1) - SHOWN_S - 1;
  const gone = signal.times.findIndex((time) => time >= oldest);
  for (const values of Object.values(signal)) values.splice(0, gone);
  found = found.filter((one) => one.end / 1000 >= oldest);
}

function clearSignal() {
  for (const values of Object.values(signal)) values.length = 0;
  found = [];
}

// --- Gravity ---

let firstRest = null;

function angleBetween(one, other) {
  const dot = one.reduce((sum, value, axis) => sum + value * other[axis], 0);
  const lengths = Math.hypot(...one) * Math.hypot(...other);
  return lengths === 0 ? 0 : (Math.acos(Math.max(-1, Math.min(1, dot / lengths))) * 180) / Math.PI;
}

function showGravity(message) {
  const foot = part("foot");
  if (foot === null || message.gravity === null) return;
  firstRest ??= message.rest;
  const turned = angleBetween(firstRest, message.gravity);
  foot.setAttribute("transform", `rotate(${turned.toFixed(1)} 80 62)`);
  const axes = ["x", "y", "z"].map((axis, index) => `${axis} ${number(message.gravity[index], 2)}`);
  say(part("gravity"), `${axes.join(", ")} g`);
  say(part("turned"), `${number(turned, 0)}°`);
}

// --- Link ---

function showLink(link) {
  const state = link.paused ? "link_paused" : link.connected ? "link_connected" : "link_silent";
  const line = part("link");
  say(line, texts[state]);
  line.className = link.connected && !link.paused ? "state-good" : "state-bad";
  say(part("quality"), percent(link.quality));
  say(part("lost"), number(link.lost, 0));
  say(part("rate"), link.rate === null ? texts.unknown : `${number(link.rate, 1)} Hz`);
  say(part("battery"), percent(link.battery));
  const notice = part("notice");
  show(notice, link.paused || !link.connected);
  if (!notice.hidden) say(notice, texts[state]);
}

// --- The guided check ---

let checking = false;

function sentenceOf(check) {
  if (check.verdict !== null) {
    const head = check.verdict === "good" ? texts.result_good : texts.result_bad;
    return `${head} ${texts.verdicts[check.verdict]}`;
  }
  if (check.step !== "pull") return texts[`step_${check.step}`];
  const pulling = cues.some((cue) => check.elapsed >= cue && check.elapsed < cue + hold);
  return pulling ? texts.step_pull_now : texts.step_pull_relax;
}

function showCheck(check) {
  const goes = check !== null && check.verdict === null;
  const ended = check !== null && check.verdict !== null;
  const focused = document.activeElement;
  show(part("intro"), check === null);
  show(part("progress"), goes);
  show(part("stop"), goes);
  show(part("start"), !goes);
  show(part("kept"), ended);
  say(part("start"), ended ? texts.again : texts.start);
  // The button that was pressed has gone: keyboards continue at the other one.
  if (goes && focused === part("start")) part("stop").focus();
  if (!goes && focused === part("stop")) part("start").focus();
  const sentence = part("sentence");
  say(sentence, check === null ? "" : sentenceOf(check));
  sentence.classList.toggle("state-good", ended && check.verdict === "good");
  sentence.classList.toggle("state-bad", ended && check.verdict !== "good");
  if (goes && !checking) firstRest = null;
  checking = goes;
  part("progress").value = goes ? Math.min(1, check.elapsed / check.duration) : 0;
  showPulls(check);
}

function showPulls(check) {
  const pulls = check?.pulls ?? [];
  const visible = check !== null && (check.step === "pull" || pulls.length > 0);
  show(part("pulls"), visible);
  show(part("strengths"), pulls.length > 0);
  if (!visible) return;
  say(part("pulls"), filled(texts.pulls_seen, { count: pulls.length, wanted: PULLS }));
  const list = part("strengths");
  if (list.childElementCount === pulls.length) return;
  list.replaceChildren(
    ...pulls.map((pull) => {
      const item = document.createElement("li");
      item.textContent = withUnit(pull);
      return item;
    }),
  );
}

// --- What arrives ---

function receive(message) {
  if (message.times.length > 0) {
    addSignal(message);
    say(part("level"), withUnit(message.levels.at(-1)));
  }
  say(part("threshold"), message.threshold === null ? "–" : withUnit(message.threshold));
  found.push(...message.found);
  openSince = message.open;
  const last = message.found.at(-1);
  if (openSince !== null) say(part("found"), texts.moving);
  else if (last !== undefined) say(part("found"), texts[`found_${last.kind}`]);
  showGravity(message);
  showLink(message.link);
  showCheck(message.check);
  draw(false);
}

let attempts = 0;
let socket = null;

function connect() {
  const address = new URL(root.dataset.socket, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  socket.onopen = () => {
    attempts = 0;
    part("start").disabled = false;
  };
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    part("start").disabled = true;
    const notice = part("notice");
    show(notice, true);
    say(notice, texts.reconnecting);
    showCheck(null);
    setTimeout(reconnect, RECONNECT_MS[Math.min(attempts, RECONNECT_MS.length - 1)]);
    attempts += 1;
  };
}

// A WebSocket does not say that the visitor must sign in again, but a page redirects to the form.
async function reconnect() {
  const options = { method: "HEAD", redirect: "manual" };
  const answer = await fetch(root.dataset.admission, options).catch(() => null);
  if (answer?.type === "opaqueredirect") location.reload();
  else connect();
}

function command(name) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ do: name }));
}

part("start").addEventListener("click", () => command("start"));
part("stop").addEventListener("click", () => command("stop"));
dark.addEventListener("change", makeChart);
new ResizeObserver(() => {
  const width = part("chart").clientWidth;
  if (chart !== null && width !== chart.width) chart.setSize({ width, height: 240 });
}).observe(part("chart"));
makeChart();
connect();
