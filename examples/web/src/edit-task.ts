import { ApiProblem, Conflict, type Task, type TodoClient } from "todo-client";

import { button, find } from "./dom.ts";
import { Draft } from "./draft.ts";
import { changedValues, merge, read, type Typed, typedOf, valuesOf, write } from "./fields.ts";
import { type Note, showNotes, submit } from "./forms.ts";

const dialog = find<HTMLDialogElement>("#edit");
const form = find<HTMLFormElement>("#edit-task");

interface Edit {
  /** The task as the user saw it when typing; undefined if it was deleted since. */
  seen: Task | undefined;
  typed: Typed;
}

/** Let the user edit tasks until the signal aborts. Returns the function that opens the dialog for a task. */
export function editTasks(
  client: TodoClient,
  userId: string,
  saved: (task: Task) => void,
  signal: AbortSignal,
): (task: Task) => void {
  const draft = new Draft<Edit>(userId, "edit");
  let seen: Task | undefined;

  const keep = () => draft.keep({ seen, typed: read(form) });
  const open = (edit: Edit) => {
    seen = edit.seen;
    write(form, edit.typed);
    showNotes(form, "");
    find("details", form).toggleAttribute("open", true);
    dialog.showModal();
  };
  const showConflict = (latest: Task) => {
    if (!seen) return;
    const { merged, clashes } = merge(read(form), seen, latest);
    seen = latest;
    write(form, merged);
    keep();
    const notes = clashes.map(({ name, theirs }): [string, Note] => {
      const take = button("Use this instead", () => {
        write(form, { [name]: theirs });
        keep();
        find(`[name=${name}]`, form).focus();
      });
      return [name, { text: `Changed elsewhere to: ${theirs || "nothing"}`, action: take }];
    });
    showNotes(
      form,
      "This task was changed elsewhere in the meantime. Check the fields and save again.",
      new Map(notes),
    );
  };
  const save = async () => {
    const typed = read(form);
    try {
      saved(await (seen ? client.patch(seen.id, changedValues(typed, seen), seen) : client.create(valuesOf(typed))));
    } catch (error) {
      if (error instanceof Conflict) return showConflict(error.latest);
      if (!(error instanceof ApiProblem && error.problem.status === 404)) throw error;
      seen = undefined;
      keep();
      return showNotes(form, "This task was deleted elsewhere in the meantime. Save again to make it a new task.");
    }
    if (!signal.aborted) dialog.close();
  };

  form.addEventListener("input", keep, { signal });
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      const unchanged = seen && Object.keys(changedValues(read(form), seen)).length === 0;
      if (unchanged) dialog.close();
      else void submit(form, save);
    },
    { signal },
  );
  find("#cancel").addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("close", () => draft.drop(), { signal });
  // The draft stays when the session ends, so that the user can continue after signing in again.
  signal.addEventListener("abort", () => dialog.close());
  if (draft.content) open(draft.content);
  return (task) => open({ seen: task, typed: typedOf(task) });
}
