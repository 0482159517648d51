// Limber: sends the acceleration of this watch to a Limber bridge over Bluetooth, at night.
// The settings are in limber.json: {id, key, rate, from, to}; README.md explains them.

var frames = require("limberframes");

var SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"; // Nordic UART.
var RECEIVE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e";
var SEND = "6e400003-b5a3-f393-e0a9-e50e24dcca9e";
var SAMPLES_PER_FRAME = 12; // 104 bytes; Bangle.js 2 sends up to 128 at once.
var FRAME_BYTES = frames.HEADER_BYTES + 6 * SAMPLES_PER_FRAME;
var RING_S = 120; // chosen: twice what the protocol asks for; 26 kB at 25 Hz.
var CLOCK_FRAME_S = 60;
var SEND_INTERVAL_MS = 50;
// Twice as often as the chip measures at 50 Hz, so that no sample is overwritten unread.
var POLL_INTERVAL_MS = 10;
var USUAL_POLL_INTERVAL_MS = 80;
// chosen: after that the new rate holds, and the chip's filter has settled.
var SETTLING_S = 0.5;
var RANGE_G = 3.999; // The firmware sets the chip to +-4 g; the scale of its events assumes that.

// Registers of the accelerometer KX023-1025 (Kionix, Technical Reference Manual). The firmware uses
// 12.5 Hz; faster polling alone would not give more samples.
var CONTROL_1 = 0x18;
var OUTPUT_RATE = 0x1b;
var CONTROL_1_ON = 0xac; // On, low power, data ready, +-4 g, taps: what the firmware sets.
var CONTROL_1_OFF = 0x2c; // The rate can be changed only while the chip is off.
var OUTPUT_RATES = { 12.5: 0x00, 25: 0x41, 50: 0x42 }; // 0x40: low-pass at half the rate.

var settings = Object.assign(
  { id: 1, key: "", rate: 25, from: 20, to: 10 },
  require("Storage").readJSON("limber.json", 1) || {}
);

var session; // Undefined: not measuring.
var subscribed = false;
var wanted; // What was chosen on the screen: true, false, or undefined: the hours decide.
var lastNight;

// --- Measuring

function setOutputRate(code) {
  Bangle.accelWr(CONTROL_1, CONTROL_1_OFF);
  Bangle.accelWr(OUTPUT_RATE, code);
  Bangle.accelWr(CONTROL_1, CONTROL_1_ON);
}

function beginFrame(session, time) {
  session.counts = [];
  session.frameTime = time;
}

function finishFrame(session) {
  var n = session.counts.length / 3;
  if (!n) return;
  session.ring.add(
    session.encode(frames.ACCELERATION_MG, session.sequence, session.frameTime, session.counts, session.battery)
  );
  session.sequence += n;
  session.counts = [];
}

function onAccel(acc) {
  var seen = session.clock();
  if (seen < SETTLING_S) return;
  var sample = session.timer(seen);
  if (sample.lost) {
    // The samples of one frame follow each other; missing ones have their numbers.
    finishFrame(session);
    session.sequence += sample.lost;
  }
  if (!session.counts.length) beginFrame(session, sample.time);
  session.counts.push(
    frames.toCount(acc.x, RANGE_G),
    frames.toCount(acc.y, RANGE_G),
    frames.toCount(acc.z, RANGE_G)
  );
  if (session.counts.length == 3 * SAMPLES_PER_FRAME) finishFrame(session);
}

function start() {
  var options = { id: settings.id, boot: E.hwRand(), rate: settings.rate, key: settings.key };
  session = {
    encode: frames.makeEncoder(options),
    clock: frames.makeSteadyClock(getTime, 1 / settings.rate),
    timer: frames.makeSampleTimer(settings.rate),
    ring: frames.makeRing(Math.ceil((RING_S * settings.rate) / SAMPLES_PER_FRAME), FRAME_BYTES),
    sequence: 0, // Of the first sample of the frame that is being filled.
    counts: [],
    frameTime: 0,
    battery: E.getBattery(),
    sent: 0, // Number of the next frame of the ring to send.
    clockFrameDue: 0, // s on the steady clock.
  };
  setOutputRate(OUTPUT_RATES[settings.rate]);
  Bangle.setPollInterval(POLL_INTERVAL_MS);
  Bangle.on("accel", onAccel);
  session.interval = setInterval(sendNext, SEND_INTERVAL_MS);
  NRF.wake();
}

function stop() {
  clearInterval(session.interval);
  Bangle.removeListener("accel", onAccel);
  setOutputRate(OUTPUT_RATES[12.5]);
  Bangle.setPollInterval(USUAL_POLL_INTERVAL_MS);
  Bangle.setOptions({ powerSave: true });
  session = undefined;
  subscribed = false;
  // Else the bridge would keep connecting to a watch that has nothing to send.
  NRF.sleep();
}

// --- Sending

function onSubscription(event) {
  // Bit 1: indications. They are confirmed one by one; a notification could be dropped unnoticed.
  subscribed = (event.data[0] & 2) != 0;
  if (!subscribed || !session) return;
  session.sent = session.ring.oldest();
  session.clockFrameDue = 0;
}

function sendNext() {
  if (!subscribed) return;
  var now = session.clock();
  var clockFrame = now >= session.clockFrameDue;
  session.sent = Math.max(session.sent, session.ring.oldest());
  if (!clockFrame && session.sent == session.ring.count) return;
  var next = session.sequence + session.counts.length / 3;
  var value = clockFrame
    ? session.encode(frames.CLOCK, next, now, [], session.battery)
    : session.ring.get(session.sent);
  var characteristic = {};
  characteristic[SEND] = { value: value, indicate: true };
  var service = {};
  service[SERVICE] = characteristic;
  try {
    NRF.updateServices(service);
  } catch (error) {
    return; // The last one is not confirmed yet; the next interval tries again.
  }
  if (clockFrame) session.clockFrameDue = now + CLOCK_FRAME_S;
  else session.sent++;
}

function offerService() {
  var characteristics = {};
  characteristics[SEND] = { value: "", maxLen: FRAME_BYTES, indicate: true, onWriteDesc: onSubscription };
  characteristics[RECEIVE] = { value: "", maxLen: 20, writable: true };
  var services = {};
  services[SERVICE] = characteristics;
  // Without the console of the watch: what it prints would be between the frames, and anyone in
  // range could type commands.
  NRF.setServices(services, { uart: false });
  // Services change only when nothing is connected.
  NRF.disconnect();
}

// --- Hours and screen

function isNight() {
  var hour = new Date().getHours();
  if (settings.from <= settings.to) return hour >= settings.from && hour < settings.to;
  return hour >= settings.from || hour < settings.to;
}

function statusText() {
  if (!session) return "Stopped" + (wanted === undefined ? "\nuntil " + settings.from + ":00" : "");
  if (!subscribed) return "Measuring\nno bridge";
  return "Measuring\nconnected";
}

function draw() {
  g.clear(1);
  Bangle.drawWidgets();
  g.setFontAlign(0, 0);
  g.setFont("Vector", 24).drawString("Limber " + settings.id, g.getWidth() / 2, 50);
  g.setFont("Vector", 18).drawString(statusText(), g.getWidth() / 2, 95);
  g.setFont("6x8", 2).drawString(session ? "Tap: stop" : "Tap: start", g.getWidth() / 2, 150);
}

// Starts or stops as the hours and the screen say. A choice on the screen holds until the hours
// change from day to night or back.
function update() {
  var night = isNight();
  if (night !== lastNight) wanted = undefined;
  lastNight = night;
  var measure = wanted === undefined ? night : wanted;
  if (measure && !session) start();
  if (!measure && session) stop();
  if (session) session.battery = E.getBattery();
  draw();
}

function toggle() {
  wanted = !session;
  update();
}

function problemWithSettings() {
  if (!OUTPUT_RATES[settings.rate] || settings.rate < 25) return "rate: 25 or 50";
  if (!(settings.id >= 1) || settings.id != Math.floor(settings.id)) return "id: as in limber.yaml";
  if (settings.key && settings.key.length < 16) return "key: 16 or more characters";
  return undefined;
}

NRF.on("disconnect", function () {
  subscribed = false;
});
E.on("kill", function () {
  if (session) stop();
  NRF.setServices(undefined, { uart: true });
  NRF.wake();
});
Bangle.loadWidgets();
Bangle.setUI({ mode: "custom", touch: toggle, btn: function () { load(); } });
if (problemWithSettings()) {
  E.showMessage("limber.json\n" + problemWithSettings(), "Limber");
} else {
  offerService();
  if (!isNight()) NRF.sleep();
  update();
  setInterval(update, 60000);
}
