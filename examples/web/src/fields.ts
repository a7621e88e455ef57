import type { Task } from "todo-client";

import { copyOf, find } from "./dom.ts";

/** The fields of a task that a user edits, with the types of the API. */
export type TaskValues = Pick<Task, "title" | "description" | "priority" | "due" | "tags">;

/** The same fields as text in a form. */
export type Typed = Record<keyof TaskValues, string>;

const NAMES = ["title", "description", "priority", "due", "tags"] as const;

/** Add the fields of a task to a form. */
export function addFields(form: HTMLFormElement): void {
  find(".fields", form).append(copyOf("#task-fields"));
}

export function read(form: HTMLFormElement): Typed {
  return Object.fromEntries(NAMES.map((name) => [name, control(form, name).value])) as Typed;
}

export function write(form: HTMLFormElement, typed: Partial<Typed>): void {
  for (const name of NAMES) {
    const value = typed[name];
    if (value !== undefined) control(form, name).value = value;
  }
}

export function typedOf(task: TaskValues): Typed {
  return {
    title: task.title,
    description: task.description ?? "",
    priority: task.priority,
    due: task.due?.date ?? "",
    tags: task.tags.join(", "),
  };
}

/** Return the values of a form. The due time and time zone of `seen` stay, since no field shows them. */
export function valuesOf(typed: Typed, seen?: Task): TaskValues {
  const { time = null, timezone = null } = seen?.due ?? {};
  return {
    title: typed.title.trim(),
    description: typed.description || null,
    priority: typed.priority as Task["priority"],
    due: typed.due ? { date: typed.due, time, timezone } : null,
    tags: typed.tags
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
  };
}

/** Return the values that differ from those of `seen`. */
export function changedValues(typed: Typed, seen: Task): Partial<TaskValues> {
  const before = typedOf(seen);
  const values = valuesOf(typed, seen);
  return Object.fromEntries(NAMES.filter((name) => typed[name] !== before[name]).map((name) => [name, values[name]]));
}

/** A field that both sides changed to different values. */
export interface Clash {
  name: keyof TaskValues;
  theirs: string;
}

/** Merge the form with changes made elsewhere since `seen`. A clash keeps the text of the form and is returned. */
export function merge(typed: Typed, seen: Task, latest: Task): { merged: Typed; clashes: Clash[] } {
  const [before, theirs] = [typedOf(seen), typedOf(latest)];
  const merged = { ...typed };
  const clashes: Clash[] = [];
  for (const name of NAMES) {
    if (typed[name] === before[name]) merged[name] = theirs[name];
    else if (theirs[name] !== before[name] && theirs[name] !== typed[name])
      clashes.push({ name, theirs: theirs[name] });
  }
  return { merged, clashes };
}

function control(form: HTMLFormElement, name: string): HTMLInputElement {
  return find<HTMLInputElement>(`[name="${name}"]`, form);
}
