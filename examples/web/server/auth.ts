import { randomBytes } from "node:crypto";

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { type JwtOptions, jwt } from "better-auth/plugins";

/** What Better Auth keeps; in memory, for the demo. */
export class Tables {
  [table: string]: Record<string, unknown>[];
  user = [];
  session = [];
  account = [];
  verification = [];
  jwks = [];
}

/** People sign in by e-mail and password; `/api/auth/token` gives them a JWT that names them in `user_id`. */
export function createAuth(baseURL: string, tables = new Tables(), jwks: JwtOptions["jwks"] = {}) {
  return betterAuth({
    baseURL,
    secret: randomBytes(32).toString("base64url"),
    database: memoryAdapter(tables),
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
