import assert from "node:assert/strict";
import test from "node:test";

import { explainError, fetchNight, fetchNights, watchTonight } from "../src/api";
import type { ApiError } from "../src/api";
import type { HomeAssistant, TonightData } from "../src/types";

type Push = (message: unknown) => void;

class FakeConnection {
  pushes: Push[] = [];
  ended = 0;
  refusal: unknown;
  readonly ready = new Set<() => void>();

  addEventListener(_event: "ready", listener: () => void): void {
    this.ready.add(listener);
  }

  removeEventListener(_event: "ready", listener: () => void): void {
    this.ready.delete(listener);
  }

  async subscribeMessage<T>(callback: (message: T) => void): Promise<() => Promise<void>> {
    if (this.refusal !== undefined) throw this.refusal;
    this.pushes.push(callback as Push);
    return async () => {
      this.ended++;
    };
  }
}

function listener(): { data: TonightData[]; errors: ApiError[]; onData(d: TonightData): void; onError(e: ApiError): void } {
  const data: TonightData[] = [];
  const errors: ApiError[] = [];
  return { data, errors, onData: (one) => data.push(one), onError: (one) => errors.push(one) };
}

const TONIGHT = { online: true } as TonightData;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("cards of the same sleeper share one subscription, which ends with the last card", async () => {
  const connection = new FakeConnection();
  const [first, second] = [listener(), listener()];
  const endFirst = watchTonight(connection, "anna", first);
  await settled();
  connection.pushes[0]?.(TONIGHT);
  const endSecond = watchTonight(connection, "anna", second);
  await settled();
  assert.equal(connection.pushes.length, 1);
  assert.deepEqual([first.data, second.data], [[TONIGHT], [TONIGHT]]);
  endFirst();
  assert.equal(connection.ended, 0);
  endSecond();
  await settled();
  assert.equal(connection.ended, 1);
});

test("a subscription that is refused is tried again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const connection = new FakeConnection();
  connection.refusal = { code: "not_found", message: "no such sleeper" };
  const waiting = listener();
  const end = watchTonight(connection, "anna", waiting);
  await settled();
  assert.deepEqual(waiting.errors, [{ code: "not_found", message: "no such sleeper" }]);
  connection.refusal = undefined;
  context.mock.timers.tick(5_000);
  await settled();
  connection.pushes[0]?.(TONIGHT);
  assert.deepEqual(waiting.data, [TONIGHT]);
  end();
});

test("a reload of the integration is survived", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const connection = new FakeConnection();
  const waiting = listener();
  const end = watchTonight(connection, "anna", waiting);
  await settled();
  connection.pushes[0]?.({ ended: true });
  assert.equal(waiting.errors[0]?.code, "not_found");
  context.mock.timers.tick(5_000);
  await settled();
  connection.pushes[1]?.(TONIGHT);
  assert.deepEqual(waiting.data, [TONIGHT]);
  end();
});

test("a restart of Home Assistant is survived, although the connection is back first", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const connection = new FakeConnection();
  const waiting = listener();
  const end = watchTonight(connection, "anna", waiting);
  await settled();
  connection.refusal = { code: "unknown_command", message: "Unknown command." };
  for (const reconnect of connection.ready) reconnect();
  await settled();
  assert.equal(waiting.errors[0]?.code, "unknown_command");
  connection.refusal = undefined;
  context.mock.timers.tick(5_000);
  await settled();
  connection.pushes[0]?.({ online: false });
  assert.deepEqual(waiting.data, []);
  connection.pushes[1]?.(TONIGHT);
  assert.deepEqual(waiting.data, [TONIGHT]);
  end();
  await settled();
  assert.deepEqual([connection.ended, connection.ready.size], [1, 0]);
});

test("an error of a connection that was lost is understood", async () => {
  const lost = { type: "result", success: false, error: { code: 3, message: "Connection lost" } };
  const hass = homeWith(async () => {
    throw lost;
  });
  const wanted = { code: "3", message: "Connection lost" };
  await assert.rejects(fetchNight(hass, { device: "anna", revision: "1" }), wanted);
});

test("what was shown before the card went is not sent after it", async () => {
  const connection = new FakeConnection();
  const gone = listener();
  watchTonight(connection, "anna", gone)();
  await settled();
  connection.pushes[0]?.(TONIGHT);
  assert.deepEqual(gone.data, []);
  assert.equal(connection.ended, 1);
});

function homeWith(call: () => Promise<unknown>): HomeAssistant {
  const connection = new FakeConnection();
  return {
    connection,
    locale: { language: "en", number_format: "language", time_format: "language" },
    callWS: call,
  } as unknown as HomeAssistant;
}

test("a night is fetched once for each revision", async () => {
  let calls = 0;
  const hass = homeWith(async () => ++calls);
  const request = { device: "anna", night: "2026-11-28", revision: "1" };
  await fetchNight(hass, request);
  await fetchNight(hass, request);
  assert.equal(calls, 1);
  await fetchNight(hass, { ...request, revision: "2" });
  assert.equal(calls, 2);
});

test("what failed is fetched again", async () => {
  let calls = 0;
  const hass = homeWith(async () => {
    calls++;
    throw { code: "unavailable", message: "offline" };
  });
  const request = { device: "anna", revision: "1" };
  await assert.rejects(fetchNight(hass, request), { code: "unavailable", message: "offline" });
  await settled();
  await assert.rejects(fetchNight(hass, request));
  assert.equal(calls, 2);
});

test("tonight is fetched each time, and leaves finished nights in memory", async () => {
  let calls = 0;
  const hass = homeWith(async () => ++calls);
  const finished = { device: "anna", night: "2026-11-28", revision: "1" };
  await fetchNight(hass, finished);
  for (let change = 0; change < 20; change++) {
    await fetchNight(hass, { device: "anna", live: true, revision: String(change) });
  }
  assert.equal(calls, 21);
  await fetchNight(hass, finished);
  assert.equal(calls, 21);
});

const REFUSAL = {
  code: "refused",
  message: "The bridge cannot read its journal: “disk error”",
  translation_domain: "limber",
  translation_key: "refused_journal_unreadable",
  translation_placeholders: { detail: "disk error" },
};

/** A home that answers nothing but has translations. */
function homeWithTexts(texts: Readonly<Record<string, string>>): HomeAssistant {
  const hass = homeWith(async () => {
    throw REFUSAL;
  });
  const loadBackendTranslation: HomeAssistant["loadBackendTranslation"] = async (category, domain) => {
    assert.deepEqual([category, domain], ["exceptions", "limber"]);
    return (key, values = {}) => (texts[key] ?? "").replace("{detail}", values["detail"] ?? "");
  };
  return { ...hass, loadBackendTranslation };
}

test("a refusal is in the language of the reader", async () => {
  const key = "component.limber.exceptions.refused_journal_unreadable.message";
  const hass = homeWithTexts({ [key]: "Nicht lesbar: „{detail}“" });
  const wanted = { code: "refused", message: "Nicht lesbar: „disk error“" };
  for (const fetched of [
    fetchNight(hass, { device: "anna", revision: "1" }),
    fetchNight(hass, { device: "anna", revision: "1", live: true }),
    fetchNights(hass, "anna", 30, "1"),
  ]) {
    await assert.rejects(fetched, wanted);
  }
});

test("a refusal without a translation, or without Home Assistant, stays as it is", async () => {
  const { message } = REFUSAL;
  assert.equal((await explainError(homeWithTexts({}), REFUSAL)).message, message);
  const lost = { ...homeWithTexts({}), loadBackendTranslation: () => Promise.reject(new Error("lost")) };
  assert.equal((await explainError(lost, REFUSAL)).message, message);
  assert.deepEqual(await explainError(lost, new Error("lost")), { code: "unknown", message: "lost" });
});
