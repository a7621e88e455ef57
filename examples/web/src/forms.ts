import { ApiProblem, Unreachable } from "todo-client";

import { find } from "./dom.ts";

/** A message beside a field, with an optional button. */
export interface Note {
  text: string;
  action?: HTMLButtonElement;
}

/** Run the action of a form and show its errors in the form. The input stays. */
export async function submit(form: HTMLFormElement, action: () => Promise<void>): Promise<void> {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  showNotes(form, "");
  try {
    await action();
  } catch (error) {
    const fields = error instanceof ApiProblem ? error.fields : new Map<string, string>();
    const notes = new Map([...fields].map(([field, text]) => [field, { text }]));
    showNotes(form, notes.size > 0 ? "" : explain(error), notes);
  } finally {
    form.ariaBusy = "false";
  }
}

/** Show a note for the whole form and notes beside fields. They replace all earlier notes. */
export function showNotes(form: HTMLFormElement, general: string, notes: ReadonlyMap<string, Note> = new Map()): void {
  const unplaced = new Map(notes);
  for (const field of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const name = field.dataset.field ?? "";
    showNote(field, unplaced.get(name));
    unplaced.delete(name);
  }
  find(".form-note", form).textContent = [general, ...[...unplaced.values()].map(({ text }) => text)].join(" ").trim();
  find(".form-note", form).scrollIntoView({ block: "nearest" });
  form.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}

function showNote(field: HTMLElement, note: Note | undefined): void {
  const control = find<HTMLInputElement>("input, select, textarea", field);
  field.querySelector(".field-note")?.remove();
  control.removeAttribute("aria-invalid");
  control.removeAttribute("aria-describedby");
  if (!note) return;
  const element = document.createElement("div");
  const text = document.createElement("span");
  text.id = `${field.closest("form")?.id}-${field.dataset.field}-note`;
  text.textContent = note.text;
  element.className = note.action ? "field-note conflict" : "field-note";
  element.append(text, ...(note.action ? [note.action] : []));
  field.append(element);
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", text.id);
  field.closest("details")?.setAttribute("open", "");
}

/** Return the message for the user about an error. */
export function explain(error: unknown): string {
  if (error instanceof Unreachable) return "The server can't be reached. Your input is kept: try again in a moment.";
  if (error instanceof ApiProblem && error.problem.status >= 500) {
    return "The server failed. Your input is kept: try again in a moment.";
  }
  return error instanceof Error ? error.message : String(error);
}
