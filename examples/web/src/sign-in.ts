import { find } from "./dom.ts";
import { showNotes, submit } from "./forms.ts";
import { SignInRefused, signIn, signUp } from "./session.ts";

const view = find("#sign-in-view");
const form = find<HTMLFormElement>("#sign-in");
let isNew = false;

/** Show the sign-in form. Resolves when a user has signed in or up. */
export function askToSignIn(because = ""): Promise<void> {
  view.hidden = false;
  form.reset();
  setMode(false);
  showNotes(form, because);
  const done = new AbortController();
  return new Promise((resolve) => {
    const { signal } = done;
    find("#other-way").addEventListener("click", () => setMode(!isNew), { signal });
    form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        void submit(form, async () => {
          await send().catch(showRefusal);
          if (form.querySelector("[aria-invalid]")) return;
          done.abort();
          form.reset();
          view.hidden = true;
          resolve();
        });
      },
      { signal },
    );
  });
}

function setMode(asNew: boolean): void {
  isNew = asNew;
  find("[data-field=name]", form).hidden = !asNew;
  find("[name=password]", form).setAttribute("autocomplete", asNew ? "new-password" : "current-password");
  find("#sign-in-heading").textContent = find("button.primary", form).textContent = asNew ? "Sign up" : "Sign in";
  find("#other-way").textContent = asNew ? "I have an account" : "I have no account";
  showNotes(form, "");
}

function send(): Promise<void> {
  const [name = "", email = "", password = ""] = ["name", "email", "password"].map(
    (field) => find<HTMLInputElement>(`[name=${field}]`, form).value,
  );
  return isNew ? signUp(name.trim() || email, email, password) : signIn(email, password);
}

function showRefusal(error: unknown): void {
  if (!(error instanceof SignInRefused)) throw error;
  const field = error.code.startsWith("PASSWORD") ? "password" : "email";
  showNotes(form, "", new Map([[field, { text: error.message }]]));
}
