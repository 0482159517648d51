// Encodes frames with the module of the app. usage: node encode.js MODULE <ROWS.json >HEX_LINES
"use strict";
const fs = require("fs");
const vm = require("vm");
const crypto = require("crypto");

const exports_ = {};
const requireModule = () => ({
  SHA256: (data) => Uint8Array.from(crypto.createHash("sha256").update(data).digest()).buffer,
});
vm.runInNewContext(fs.readFileSync(process.argv[2], "utf8"), { exports: exports_, require: requireModule });
for (const row of JSON.parse(fs.readFileSync(0, "utf8"))) {
  const encode = exports_.makeEncoder({ id: row.sensor, boot: row.boot, rate: row.rate_hz, key: row.key || "" });
  const battery = row.battery === null ? 255 : row.battery;
  const frame = encode(row.quantity, row.sequence, row.time_s, row.counts, battery);
  console.log(Buffer.from(frame).toString("hex"));
}
