/** The visual editors of the cards: forms that Home Assistant renders. */

import { pageLocalizer } from "./localize";
import type { Localizer } from "./localize";

/** A field of `ha-form`. */
export interface Field {
  readonly name: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly selector: Readonly<Record<string, unknown>>;
}

export interface ConfigForm {
  readonly schema: readonly Field[];
  computeLabel(field: { readonly name: string }): string;
  computeHelper(field: { readonly name: string }): string | undefined;
}

const COMMON: readonly Field[] = [
  {
    name: "device",
    required: true,
    selector: { device: { filter: [{ integration: "limber", model: "Sleeper" }] } },
  },
  { name: "title", selector: { text: {} } },
];

/**
 * The form of a card: the sleeper, the heading, and its own options.
 *
 * The label of an option is the text `editor.<name>`, an explanation below it `editor.<name>_help`.
 */
export function configForm(fields: readonly Field[] = []): ConfigForm {
  return {
    schema: [...COMMON, ...fields],
    computeLabel: ({ name }) => pageLocalizer().code("editor", name),
    computeHelper: ({ name }) => {
      const texts = pageLocalizer();
      return texts.has("editor", `${name}_help`) ? texts.code("editor", `${name}_help`) : undefined;
    },
  };
}

/**
 * A list to choose one value from, or several; the label of a value is the text
 * `editor.<name>_<value>`, unless there is a function for it.
 */
export function choice(
  name: string,
  values: readonly string[],
  multiple = false,
  labelOf: (texts: Localizer, value: string) => string = (texts, value) =>
    texts.code("editor", `${name}_${value}`),
): Field {
  return {
    name,
    selector: {
      select: {
        multiple,
        mode: multiple ? "list" : "dropdown",
        options: values.map((value) => ({
          value,
          // Read when the form is opened.
          get label() {
            return labelOf(pageLocalizer(), value);
          },
        })),
      },
    },
  };
}

/** A switch. */
export function toggle(name: string): Field {
  return { name, selector: { boolean: {} } };
}
