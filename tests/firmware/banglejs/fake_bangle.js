// A Bangle.js 2 in simulated time, as far as the Limber app uses it. Written from the reference on
// espruino.com (Bangle, NRF, E, Storage, crypto) and Kionix' manual of the KX023-1025.
//
// usage: node fake_bangle.js FOLDER <SCENARIO.json >EVENTS.jsonl
//
// A scenario: {settings, hour, seconds, chip_error, kicks: [[onset, duration]], steps: [{at, do,
// ...}]}; times in s. Printed events: {at, indication: HEX} when the bridge has confirmed it,
// {at, advertising: BOOLEAN}, {at, screen: TEXT}.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");
const crypto = require("crypto");

const folder = process.argv[2];
const scenario = JSON.parse(fs.readFileSync(0, "utf8"));
const print = (event) => process.stdout.write(JSON.stringify({ at: now, ...event }) + "\n");

// --- Simulated time

let now = 0;
let clockOffset = 0; // s by which the watch's clock was set.
const queue = [];
function at(time, action) {
  const entry = { time, action, number: queue.number++ };
  queue.push(entry);
  return entry;
}
queue.number = 0;
const timers = new Map();
function every(milliseconds, action) {
  const id = queue.number + 1;
  const repeat = () => {
    timers.set(id, at(now + milliseconds / 1000, () => { repeat(); action(); }));
  };
  repeat();
  return id;
}
function runUntil(end) {
  for (;;) {
    queue.sort((a, b) => a.time - b.time || a.number - b.number);
    if (!queue.length || queue[0].time > end) break;
    const entry = queue.shift();
    if (entry.cancelled) continue;
    now = Math.max(now, entry.time);
    // A program that stands still gets its events late.
    if (now < blockedUntil && !entry.hardware) {
      at(blockedUntil, entry.action);
      continue;
    }
    entry.action();
  }
  now = end;
}
let blockedUntil = 0;

// --- The accelerometer: registers, and a sample at each tick of its own oscillator

const registers = { 0x18: 0xac, 0x1b: 0x00 };
const RATES = [12.5, 25, 50, 100];
let lastTick = -1;
const outputRate = () => RATES[registers[0x1b] & 0x0f] * (1 + (scenario.chip_error || 0));
function acceleration(time) {
  const kick = (scenario.kicks || []).find(([onset, duration]) => time >= onset && time < onset + duration);
  const noise = (seed) => 0.002 * Math.sin(time * 1000 * seed);
  return {
    x: noise(1.1),
    y: 1 + noise(1.7),
    z: noise(2.3) + (kick ? (scenario.kick_g || 0.3) * Math.sin(2 * Math.PI * 3 * (time - kick[0])) : 0),
  };
}
let pollInterval = 80;
let pending; // The newest sample, for which the program has not had its event yet.
function poll() {
  at(now + pollInterval / 1000, poll).hardware = true;
  const tick = Math.floor(now * outputRate());
  if (tick === lastTick || !(registers[0x18] & 0x80)) return; // Not ready, or off.
  lastTick = tick;
  const limited = (g) => Math.max(-4, Math.min(32767 / 8192, Math.round(g * 8192) / 8192));
  const sample = acceleration(tick / outputRate());
  const first = pending === undefined;
  pending = { x: limited(sample.x), y: limited(sample.y), z: limited(sample.z) };
  if (first)
    at(now, () => {
      const event = pending;
      pending = undefined;
      Bangle.emit("accel", event);
    });
}
at(0, poll).hardware = true;

// --- What the app sees

function emitter(object) {
  const handlers = {};
  object.on = (name, handler) => (handlers[name] = handlers[name] || []).push(handler);
  object.removeListener = (name, handler) => {
    handlers[name] = (handlers[name] || []).filter((one) => one !== handler);
  };
  object.emit = (name, value) => (handlers[name] || []).slice().forEach((handler) => handler(value));
  return object;
}

const Bangle = emitter({
  accelWr(register, value) {
    const off = !(registers[0x18] & 0x80);
    if (register !== 0x18 && !off) throw new Error("the chip takes this only while it is off");
    registers[register] = value;
  },
  setPollInterval(milliseconds) {
    if (!(milliseconds >= 10 && milliseconds <= 4000)) throw new Error("Invalid interval");
    pollInterval = milliseconds;
  },
  setOptions() {},
  loadWidgets() {},
  drawWidgets() {},
  setUI(ui) { this.ui = ui; },
});

const NRF = emitter({
  connected: false,
  sleeping: false,
  services: undefined,
  restartNeeded: false,
  subscription: 0,
  unconfirmed: false,
  find(uuid) {
    for (const service of Object.values(this.services || {})) if (service[uuid]) return service[uuid];
    throw new Error("Unable to find service with UUID " + uuid);
  },
  setServices(services) {
    this.wantedServices = services;
    if (this.connected) this.restartNeeded = true;
    else this.services = services;
  },
  updateServices(services) {
    if (this.restartNeeded) throw new Error("Can't update services until BLE restart");
    for (const service of Object.values(services))
      for (const [uuid, { value, notify, indicate }] of Object.entries(service)) {
        const declared = this.find(uuid);
        if (value.length > declared.maxLen) throw new Error("ERR 0xc (DATA_SIZE)");
        if (notify || !indicate || !declared.indicate) throw new Error("only indications are emulated");
        if (!this.connected || !(this.subscription & 2)) continue;
        if (this.unconfirmed) throw new Error("ERR 0x11 (BUSY)");
        this.unconfirmed = true;
        const hex = Buffer.from(value).toString("hex");
        const link = this.link;
        at(now + (scenario.confirm_s || 0.09), () => {
          if (!this.connected || this.link !== link) return;
          this.unconfirmed = false;
          print({ indication: hex });
        }).hardware = true;
      }
  },
  disconnect() {
    if (!this.connected) return;
    this.connected = false;
    this.subscription = 0;
    this.unconfirmed = false;
    if (this.restartNeeded) this.services = this.wantedServices;
    this.restartNeeded = false;
    this.emit("disconnect", 22);
  },
  sleep() { this.disconnect(); this.sleeping = true; print({ advertising: false }); },
  wake() { this.sleeping = false; print({ advertising: true }); },
});

const E = emitter({
  hwRand: () => crypto.randomBytes(4).readInt32LE(0),
  getBattery: () => 71,
  showMessage: (text) => print({ screen: text }),
});

let shown = "";
const g = {
  clear() { shown = ""; return g; },
  setFont: () => g,
  setFontAlign: () => g,
  drawString(text) { shown += text + "\n"; if (text.startsWith("Tap")) print({ screen: shown }); return g; },
  getWidth: () => 176,
};

class WatchDate {
  getHours() { return Math.floor((scenario.hour + (now + clockOffset) / 3600) % 24); }
}

const modules = {};
function load(name) {
  const source = fs.readFileSync(path.join(folder, name), "utf8");
  const exports = {};
  const context = vm.createContext({
    exports, require: requireModule, Bangle, NRF, E, g, Date: WatchDate,
    getTime: () => 1795900000 + now + clockOffset,
    setInterval: (action, milliseconds) => every(milliseconds, action),
    clearInterval: (id) => { timers.get(id).cancelled = true; },
    load: () => { E.emit("kill"); print({ screen: "left" }); },
  });
  vm.runInContext(source, context, { filename: name });
  return exports;
}
function requireModule(name) {
  if (name === "Storage") return { readJSON: () => scenario.settings };
  if (name === "crypto") return { SHA256: (data) => Uint8Array.from(crypto.createHash("sha256").update(data).digest()).buffer };
  if (!modules[name]) modules[name] = load(name + ".js");
  return modules[name];
}

// --- What people and the bridge do

const actions = {
  connect() {
    if (NRF.sleeping) return;
    NRF.connected = true;
    NRF.link = {};
  },
  subscribe() {
    if (!NRF.connected) return;
    NRF.subscription = 2;
    NRF.find("6e400003-b5a3-f393-e0a9-e50e24dcca9e").onWriteDesc({ data: [2, 0] });
  },
  disconnect: () => NRF.disconnect(),
  touch: () => Bangle.ui.touch(),
  button: () => Bangle.ui.btn(),
  block({ seconds }) { blockedUntil = now + seconds; },
  set_clock({ seconds }) { clockOffset += seconds; },
};
for (const step of scenario.steps || []) at(step.at, () => actions[step.do](step)).hardware = true;
at(0, () => load("app.js"));
runUntil(scenario.seconds);
