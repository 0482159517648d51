// Limber frames (docs/protocol.md, section 1): encoding, signature, sample times, and a ring.
// Stored on the watch as the module "limberframes". It uses only what Espruino has.

var HEADER_BYTES = 32;
var SIGNATURE_OFFSET = 24;
var SIGNATURE_BYTES = 8;
var VERSION = 1;
var ACCELERATION_MG = 0;
var CLOCK = 255;
var BLOCK_BYTES = 64; // Of SHA-256.
var UNREADABLE = 32767; // Count that says that the sensor was at the end of its range.
// A sample that comes later than this many sample intervals after the one before has lost some.
var LATE_INTERVALS = 1.75;
// chosen: follow the chip's own rate, some percent from the nominal one, within some seconds, and
// average the jitter of polling. The second is about the square of half the first.
var TIME_GAIN = 0.1;
var INTERVAL_GAIN = 0.0025;
// chosen: a step of the watch's clock above this is a clock that was set; the watchdog allows no
// program to stand still for so long.
var MAX_CLOCK_STEP_S = 5;

function sha256(bytes) {
  return new Uint8Array(require("crypto").SHA256(bytes));
}

function toBytes(text) {
  var bytes = new Uint8Array(text.length);
  for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// HMAC-SHA-256 (RFC 2104). Returns a function of a message, as the key stays the same.
function makeHmac(key) {
  var bytes = toBytes(key);
  if (bytes.length > BLOCK_BYTES) bytes = sha256(bytes);
  var inner = new Uint8Array(BLOCK_BYTES);
  var outer = new Uint8Array(BLOCK_BYTES + 32);
  for (var i = 0; i < BLOCK_BYTES; i++) {
    var byte = i < bytes.length ? bytes[i] : 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  return function (message) {
    var first = new Uint8Array(BLOCK_BYTES + message.length);
    first.set(inner, 0);
    first.set(message, BLOCK_BYTES);
    outer.set(sha256(first), BLOCK_BYTES);
    return sha256(outer);
  };
}

// Returns a function that encodes frames of one sensor since one start.
// options: id, boot, rate (Hz), key (ASCII text; empty: the frames are not signed).
exports.makeEncoder = function (options) {
  var hmac = options.key ? makeHmac(options.key) : undefined;

  function sign(frame) {
    var size = frame.length - SIGNATURE_BYTES;
    var signed = new Uint8Array(size);
    signed.set(new Uint8Array(frame.buffer, 0, SIGNATURE_OFFSET), 0);
    if (frame.length > HEADER_BYTES)
      signed.set(new Uint8Array(frame.buffer, HEADER_BYTES, frame.length - HEADER_BYTES), SIGNATURE_OFFSET);
    frame.set(new Uint8Array(hmac(signed).buffer, 0, SIGNATURE_BYTES), SIGNATURE_OFFSET);
  }

  // counts: x, y, z of each sample in mg. time: s on the watch's steady clock.
  return function (quantity, sequence, time, counts, battery) {
    var frame = new Uint8Array(HEADER_BYTES + 2 * counts.length);
    var view = new DataView(frame.buffer);
    frame[0] = 0x4c; // "L"
    frame[1] = 0x42; // "B"
    frame[2] = VERSION;
    frame[3] = quantity;
    view.setUint32(4, options.id, true);
    view.setUint32(8, options.boot, true);
    view.setUint32(12, sequence, true);
    // In us modulo 2^32; bitwise operators would cut it before that.
    view.setUint32(16, Math.round(time * 1000000) % 4294967296, true);
    view.setUint16(20, Math.round(options.rate * 10), true);
    frame[22] = counts.length / 3;
    frame[23] = battery;
    for (var i = 0; i < counts.length; i++) view.setInt16(HEADER_BYTES + 2 * i, counts[i], true);
    if (hmac) sign(frame);
    return frame;
  };
};

// Returns a clock in s that starts at 0 and never goes back. now: returns the watch's time in s,
// which jumps when it is set. usual: s to assume for such a step.
exports.makeSteadyClock = function (now, usual) {
  var last = now();
  var elapsed = 0;
  return function () {
    var time = now();
    var step = time - last;
    last = time;
    elapsed += step < 0 || step > MAX_CLOCK_STEP_S ? usual : step;
    return elapsed;
  };
};

// Places samples in time: polling delays each by a different time, and some can be missed.
// Returns a function of the time (s) at which a sample was seen; it returns {time, lost}: when the
// sample was taken, and how many were missed before it.
exports.makeSampleTimer = function (rate) {
  var interval = 1 / rate;
  var expected;
  return function (seen) {
    if (expected === undefined) expected = seen;
    var lost = 0;
    if (seen - expected > (LATE_INTERVALS - 1) * interval) {
      lost = Math.round((seen - expected) / interval);
      expected += lost * interval;
    }
    var error = seen - expected;
    var time = expected + error * TIME_GAIN;
    interval += error * INTERVAL_GAIN;
    expected = time + interval;
    return { time: time, lost: lost };
  };
};

// Keeps the last frames, oldest first, in one block of memory.
exports.makeRing = function (slots, slotBytes) {
  var data = new Uint8Array(slots * slotBytes);
  var lengths = new Uint8Array(slots);
  return {
    count: 0, // Frames added so far; the number of the next one.
    oldest: function () {
      return Math.max(0, this.count - slots);
    },
    add: function (frame) {
      var slot = this.count % slots;
      data.set(frame, slot * slotBytes);
      lengths[slot] = frame.length;
      this.count++;
    },
    get: function (number) {
      var slot = number % slots;
      return new Uint8Array(data.buffer, slot * slotBytes, lengths[slot]);
    },
  };
};

// Returns an acceleration in g as a count in mg. limit: end of the sensor's range in g.
exports.toCount = function (g, limit) {
  return Math.abs(g) >= limit ? UNREADABLE : Math.round(g * 1000);
};

exports.ACCELERATION_MG = ACCELERATION_MG;
exports.CLOCK = CLOCK;
exports.HEADER_BYTES = HEADER_BYTES;
