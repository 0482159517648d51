/** All languages have the same texts, and the texts the same placeholders. */

import assert from "node:assert/strict";
import test from "node:test";

import { LANGUAGES } from "../src/localize";

type Texts = Record<string, Record<string, string>>;
const COUNT_FORM = /_(one|many|other)$/;

function keysOf(texts: Texts): string[] {
  return Object.entries(texts).flatMap(([section, entries]) =>
    Object.keys(entries).map((name) => `${section}.${name}`),
  );
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "").sort();
}

for (const [language, texts] of Object.entries(LANGUAGES as Record<string, Texts>)) {
  test(`${language} has the texts of English`, () => {
    assert.deepEqual(keysOf(texts).sort(), keysOf(LANGUAGES.en).sort());
  });

  test(`${language} has no empty text and the placeholders of English`, () => {
    for (const [section, entries] of Object.entries(texts)) {
      for (const [name, text] of Object.entries(entries)) {
        const english = (LANGUAGES.en as Texts)[section]?.[name] ?? "";
        assert.notEqual(text.trim(), "", `${section}.${name}`);
        // "one" may be written out.
        if (COUNT_FORM.exec(name)?.[1] === "one") continue;
        assert.deepEqual(placeholders(text), placeholders(english), `${section}.${name}`);
      }
    }
  });

  test(`${language} has every form of a text that depends on a number`, () => {
    for (const key of keysOf(texts).filter((key) => key.endsWith("_one"))) {
      assert.ok(keysOf(texts).includes(key.replace(/_one$/, "_other")), key);
    }
  });
}
