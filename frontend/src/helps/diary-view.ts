/** The diary: how the evening was, and how the night was. */

import { html, nothing } from "lit";
import type { TemplateResult } from "lit";

import type { Localizer } from "../localize";
import type { Diary } from "../types";
import { renderRating, renderYesNo } from "./rating";

export type DiaryAnswers = Partial<Omit<Diary, "night">>;

export interface DiaryView {
  readonly texts: Localizer;
  readonly diary: { readonly tonight: Diary; readonly last_night: Diary };
  readonly disabled: boolean;
  write(night: string, answers: DiaryAnswers): void;
}

export function renderDiary(view: DiaryView): TemplateResult {
  const { tonight, last_night: lastNight } = view.diary;
  // From noon on, the next night has begun; until then, its evening was yesterday.
  const isEvening = tonight.night !== lastNight.night;
  const parts = [renderEvening(view, isEvening), renderMorning(view)];
  return html`<section class="part" aria-label=${view.texts.text("helps.diary")}>
    <h3>${view.texts.text("helps.diary")}</h3>
    ${isEvening ? parts : parts.reverse()}
  </section>`;
}

function renderEvening({ texts, diary, disabled, write }: DiaryView, isEvening: boolean): TemplateResult {
  const { night, evening_symptoms: value } = diary.tonight;
  return renderRating({
    question: texts.text(isEvening ? "helps.ask_this_evening" : "helps.ask_last_evening"),
    lowest: texts.text("helps.no_symptoms"),
    highest: texts.text("helps.worst_symptoms"),
    value,
    disabled,
    choose: (chosen) => write(night, { evening_symptoms: chosen }),
  });
}

function renderMorning({ texts, diary, disabled, write }: DiaryView): TemplateResult {
  const { night, sleep_quality: quality, cramp, cramp_pain: pain } = diary.last_night;
  return html`${renderRating({
    question: texts.text("helps.ask_sleep", { date: texts.date(night) }),
    lowest: texts.text("helps.slept_badly"),
    highest: texts.text("helps.slept_well"),
    value: quality,
    disabled,
    choose: (chosen) => write(night, { sleep_quality: chosen }),
  })}
  ${renderYesNo({
    question: texts.text("helps.ask_cramp"),
    yes: texts.text("helps.yes"),
    no: texts.text("helps.no"),
    value: cramp,
    disabled,
    choose: (chosen) => write(night, { cramp: chosen }),
  })}
  ${cramp === true
    ? renderRating({
        question: texts.text("helps.ask_pain"),
        lowest: texts.text("helps.no_pain"),
        highest: texts.text("helps.worst_pain"),
        value: pain,
        disabled,
        choose: (chosen) => write(night, { cramp_pain: chosen }),
      })
    : nothing}`;
}
