import { TodoClient } from "todo-client";

import { find, notify } from "./dom.ts";
import { addFields } from "./fields.ts";
import { explain } from "./forms.ts";
import { currentUser, fetchToken, SignedOut, signOut, type User } from "./session.ts";
import { askToSignIn } from "./sign-in.ts";
import { showTasks } from "./tasks-view.ts";

for (const form of document.querySelectorAll<HTMLFormElement>("#new-task, #edit-task")) addFields(form);
void start();

async function start(because?: string): Promise<void> {
  try {
    const config = await fetch("/config.json");
    const { apiUrl } = (await config.json()) as { apiUrl: string };
    let user = await currentUser();
    while (!user) {
      await askToSignIn(because);
      user = await currentUser();
    }
    openTasks(user, apiUrl);
  } catch (error) {
    notify(explain(error), { label: "Try again", run: () => void start(because) });
  }
}

function openTasks(user: User, apiUrl: string): void {
  const session = new AbortController();
  const leave = (because?: string) => {
    if (session.signal.aborted) return;
    session.abort();
    find("#tasks-view").hidden = find("#account").hidden = true;
    find("#connection").textContent = "";
    void start(because);
  };
  const client = new TodoClient({
    url: apiUrl,
    userId: user.id,
    fetchToken: () =>
      fetchToken().catch((error: unknown) => {
        if (error instanceof SignedOut) leave("Your session has ended: please sign in again. Your input is kept.");
        throw error;
      }),
  });
  const signOutAndLeave = async () => {
    try {
      await signOut();
      sessionStorage.clear();
      leave();
    } catch (error) {
      notify(explain(error), { label: "Try again", run: () => void signOutAndLeave() });
    }
  };

  find("#email").textContent = user.email;
  find("#sign-out").addEventListener("click", () => void signOutAndLeave(), { signal: session.signal });
  find("#tasks-view").hidden = find("#account").hidden = false;
  showTasks(client, user.id, session.signal);
  find("#new-task [name=title]").focus();
}
