import { LocalTasks, type Task, type TodoClient } from "todo-client";

import { find, notify } from "./dom.ts";
import { editTasks } from "./edit-task.ts";
import { found, onFinding } from "./finding.ts";
import { explain } from "./forms.ts";
import { addTasks } from "./new-task.ts";
import { TaskList } from "./task-list.ts";

/** Show a user's tasks and keep them current until the signal aborts. */
export function showTasks(client: TodoClient, userId: string, signal: AbortSignal): void {
  const tasks = new LocalTasks();
  let drawing = false;
  // Several changes at once are drawn once.
  const draw = () => {
    if (drawing) return;
    drawing = true;
    setTimeout(() => {
      drawing = false;
      if (signal.aborted) return;
      const shown = found(tasks.all);
      list.show(shown);
      find("#count").textContent = countOf(shown.length, tasks.all.length);
    });
  };
  const take = (task: Task) => {
    tasks.take(task);
    draw();
  };
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      const again = { label: "Try again", run: () => void attempt(what, action) };
      if (!signal.aborted) notify(`${what}: ${explain(error)}`, again);
    }
    draw();
  };

  const remove = async (task: Task) => {
    await client.remove(task.id, task);
    const undo = () => void attempt("Not restored", async () => take(await client.restore(task.id)));
    notify(`Deleted: ${task.title}`, { label: "Undo", run: undo });
  };
  const list = new TaskList({
    complete: (task, complete) =>
      void attempt("Not changed", async () => take(await client.patch(task.id, { complete }))),
    edit: editTasks(client, userId, take, signal),
    remove: (task) => void attempt("Not deleted", () => remove(tasks.get(task.id) ?? task)),
  });
  addTasks(client, userId, take, signal);
  onFinding(draw, signal);
  draw();
  void keepCurrent(client, tasks, draw, signal);
}

async function keepCurrent(client: TodoClient, tasks: LocalTasks, draw: () => void, signal: AbortSignal) {
  const connection = find("#connection");
  connection.textContent = "Loading …";
  try {
    for await (const event of client.follow(signal)) {
      tasks.apply(event);
      if (event.type === "current") connection.textContent = "Live";
      if (event.type === "lost") connection.textContent = "Offline: trying to connect …";
      draw();
    }
  } catch (error) {
    connection.textContent = "Offline";
    const again = { label: "Try again", run: () => void keepCurrent(client, tasks, draw, signal) };
    notify(`Changes are not shown: ${explain(error)}`, again);
  }
}

function countOf(shown: number, all: number): string {
  if (all === 0) return "No tasks yet: add the first one above.";
  return shown === all ? `${all} ${all === 1 ? "task" : "tasks"}` : `${shown} of ${all} tasks`;
}
