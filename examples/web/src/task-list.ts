import type { Task } from "todo-client";

import { copyOf, find } from "./dom.ts";

const PRIORITY_MARKS = { high: "High priority", medium: "", low: "Low priority" };

/** What a user can do with a task in the list. */
export interface TaskActions {
  complete(task: Task, complete: boolean): void;
  edit(task: Task): void;
  remove(task: Task): void;
}

/** The visible list. A task keeps its element, and so the focus, while other tasks are added and removed. */
export class TaskList {
  readonly #list = find<HTMLUListElement>("#tasks");
  readonly #actions: TaskActions;
  readonly #rows = new Map<number, Row>();

  constructor(actions: TaskActions) {
    this.#actions = actions;
    this.#list.replaceChildren();
  }

  show(tasks: Task[]): void {
    this.#dropAllBut(new Set(tasks.map(({ id }) => id)));
    let place: Element | null = this.#list.firstElementChild;
    for (const task of tasks) {
      const row = this.#rows.get(task.id) ?? new Row(this.#actions);
      this.#rows.set(task.id, row);
      row.show(task);
      if (row.element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row.element, place);
    }
  }

  #dropAllBut(ids: Set<number>): void {
    for (const [id, { element }] of this.#rows) {
      if (ids.has(id)) continue;
      if (element.contains(document.activeElement)) {
        const next = element.nextElementSibling ?? element.previousElementSibling;
        (next?.querySelector<HTMLElement>("input") ?? find<HTMLElement>("#list-heading")).focus();
      }
      element.remove();
      this.#rows.delete(id);
    }
  }
}

class Row {
  readonly element = find<HTMLLIElement>("li", copyOf("#task"));
  readonly #checkbox = find<HTMLInputElement>("input", this.element);
  #task!: Task;

  constructor(actions: TaskActions) {
    this.#checkbox.addEventListener("change", () => actions.complete(this.#task, this.#checkbox.checked));
    find(".edit", this.element).addEventListener("click", () => actions.edit(this.#task));
    find(".delete", this.element).addEventListener("click", () => actions.remove(this.#task));
  }

  show(task: Task): void {
    this.#task = task;
    this.#checkbox.checked = task.complete;
    this.#checkbox.setAttribute("aria-label", `Done: ${task.title}`);
    this.element.classList.toggle("done", task.complete);
    find(".title", this.element).textContent = task.title;
    find(".description", this.element).textContent = task.description;
    find(".marks", this.element).replaceChildren(...marksOf(task));
    find(".edit", this.element).setAttribute("aria-label", `Edit: ${task.title}`);
    find(".delete", this.element).setAttribute("aria-label", `Delete: ${task.title}`);
  }
}

function marksOf(task: Task): HTMLLIElement[] {
  const marks: HTMLLIElement[] = [];
  const add = (text: string, urgent = false) => {
    const mark = document.createElement("li");
    mark.textContent = text;
    mark.classList.toggle("urgent", urgent && !task.complete);
    marks.push(mark);
  };
  if (PRIORITY_MARKS[task.priority]) add(PRIORITY_MARKS[task.priority], task.priority === "high");
  if (task.due) add(`Due ${task.due.date}${task.due.time ? ` ${task.due.time}` : ""}`, task.due.date < today());
  for (const tag of task.tags) add(`#${tag}`);
  return marks;
}

/** Return today's date in the user's time zone. */
function today(): string {
  return new Date().toLocaleDateString("sv");
}
