import type { Task, TodoClient } from "todo-client";

import { find } from "./dom.ts";
import { Draft } from "./draft.ts";
import { read, type Typed, valuesOf, write } from "./fields.ts";
import { submit } from "./forms.ts";

const form = find<HTMLFormElement>("#new-task");

/** Let the user add tasks until the signal aborts. */
export function addTasks(client: TodoClient, userId: string, added: (task: Task) => void, signal: AbortSignal): void {
  // The key belongs to the input: sending the same input again creates no second task.
  const draft = new Draft<{ typed: Typed; key: string }>(userId, "new");
  const keep = () => {
    const content = { typed: read(form), key: crypto.randomUUID() };
    draft.keep(content);
    return content;
  };

  form.reset();
  write(form, draft.content?.typed ?? {});
  form.addEventListener("input", keep, { signal });
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      void submit(form, async () => {
        const { typed, key } = draft.content ?? keep();
        added(await client.create(valuesOf(typed), key));
        if (signal.aborted || JSON.stringify(read(form)) !== JSON.stringify(typed)) return;
        draft.drop();
        form.reset();
        find("[name=title]", form).focus();
      });
    },
    { signal },
  );
}
