import { randomBytes } from "node:crypto";

import { type BetterAuthOptions, betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { type JwtOptions, jwt } from "better-auth/plugins";

/** The tables of Better Auth; in memory, for the demo. */
export class Tables {
  [table: string]: Record<string, unknown>[];
  user = [];
  session = [];
  account = [];
  verification = [];
  jwks = [];
}

/** The options of Better Auth that vary. */
export interface AuthOptions {
  database?: BetterAuthOptions["database"];
  secret?: string;
  basePath?: string;
  jwks?: NonNullable<JwtOptions["jwks"]>;
}

/** Users sign in with e-mail and password. `/api/auth/token` returns a JWT whose `user_id` is the id of the user. */
export function createAuth(
  baseURL: string,
  tables = new Tables(),
  {
    database = memoryAdapter(tables),
    secret = randomBytes(32).toString("base64url"),
    basePath = "/api/auth",
    jwks = {},
  }: AuthOptions = {},
) {
  return betterAuth({
    baseURL,
    basePath,
    secret,
    database,
    emailAndPassword: { enabled: true },
    plugins: [
      jwt({
        jwks,
        jwt: { definePayload: ({ user }) => ({ user_id: user.id, email: user.email }) },
      }),
    ],
  });
}

export type Auth = ReturnType<typeof createAuth>;
