import { createAuthClient } from "better-auth/client";

const auth = createAuthClient();
const TIMEOUT_MS = 10_000;

export type User = typeof auth.$Infer.Session.user;

/** No user is signed in, or the session has ended. */
export class SignedOut extends Error {}

/** The sign-in server refused a request; `code` is its error code. */
export class SignInRefused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Result<Data> = { data: Data; error: null } | { data: null; error: { code?: string; message?: string } };

export async function currentUser(): Promise<User | undefined> {
  return (await dataOf<{ user: User }>(auth.getSession()))?.user;
}

export async function signIn(email: string, password: string): Promise<void> {
  await dataOf(auth.signIn.email({ email, password }));
}

export async function signUp(name: string, email: string, password: string): Promise<void> {
  await dataOf(auth.signUp.email({ name, email, password }));
}

export async function signOut(): Promise<void> {
  await dataOf(auth.signOut());
}

/** Get a new token for the API. Throws SignedOut when the session has ended. */
export async function fetchToken(): Promise<string> {
  const response = await fetch("/api/auth/token", { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(unreachable);
  if (response.status === 401) throw new SignedOut("please sign in again");
  if (!response.ok) return unreachable(response.status);
  return ((await response.json()) as { token: string }).token;
}

async function dataOf<Data>(call: Promise<unknown>): Promise<Data | null> {
  const { data, error } = (await call.catch(unreachable)) as Result<Data>;
  if (!error) return data;
  if (!error.code) return unreachable(error);
  throw new SignInRefused(error.code, error.message ?? "");
}

function unreachable(cause: unknown): never {
  throw new Error("The sign-in server can't be reached. Your input is kept: try again in a moment.", { cause });
}
