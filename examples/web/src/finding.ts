import type { Task } from "todo-client";

import { find } from "./dom.ts";

const form = find<HTMLFormElement>("#finding");
const RANK = { high: 0, medium: 1, low: 2 };
const LAST = "\uffff";

const orders: Record<string, (a: Task, b: Task) => number> = {
  newest: (a, b) => b.id - a.id,
  due: (a, b) => compare(a.due?.date ?? LAST, b.due?.date ?? LAST),
  priority: (a, b) => RANK[a.priority] - RANK[b.priority],
  title: (a, b) => a.title.localeCompare(b.title),
};

/** Return the tasks that match the filters, in the selected order. */
export function found(tasks: Task[]): Task[] {
  offerTags(tasks);
  const wanted = Object.fromEntries(new FormData(form)) as Record<string, string>;
  const text = folded(wanted.text ?? "");
  return tasks
    .filter(
      (task) =>
        (wanted.state === "all" || task.complete === (wanted.state === "done")) &&
        (!wanted.priority || task.priority === wanted.priority) &&
        (!wanted.tag || task.tags.some((tag) => folded(tag) === wanted.tag)) &&
        (folded(task.title).includes(text) || folded(task.description ?? "").includes(text)),
    )
    .sort((a, b) => orders[wanted.order ?? "newest"]?.(a, b) || b.id - a.id);
}

/** Call `changed` whenever the filters change, until the signal aborts. */
export function onFinding(changed: () => void, signal: AbortSignal): void {
  form.reset();
  form.addEventListener("input", changed, { signal });
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
}

function offerTags(tasks: Task[]): void {
  const select = find<HTMLSelectElement>("[name=tag]", form);
  const tags = new Map(tasks.flatMap((task) => task.tags).map((tag) => [folded(tag), tag]));
  const offered = [...tags].sort((a, b) => compare(a[0], b[0]));
  if (
    offered.map(([key]) => key).join() ===
    [...select.options]
      .slice(1)
      .map(({ value }) => value)
      .join()
  )
    return;
  const chosen = select.value;
  select.replaceChildren(new Option("Any", ""), ...offered.map(([key, tag]) => new Option(tag, key)));
  select.value = tags.has(chosen) ? chosen : "";
}

/** Fold case, including "ß" to "ss". */
function folded(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
