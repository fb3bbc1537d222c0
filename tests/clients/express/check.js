// Imports the contract's two records through the app and compares what comes back with the
// contract's answers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import fetch from "node-fetch";
import { app } from "./app.js";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HASH = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

const setting = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const url = setting("USER_IMPORT_URL");
const server = app({
  url,
  project: setting("USER_IMPORT_PROJECT"),
  kid: setting("USER_IMPORT_KID"),
  privateKey: readFileSync(setting("USER_IMPORT_KEY_FILE")),
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const own = `http://127.0.0.1:${server.address().port}/import`;

async function send(body) {
  const headers = { "Content-type": "application/json" };
  const answer = await fetch(own, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function status(id) {
  const answer = await fetch(`${own}/${id}`);
  assert.equal(answer.status, 200);
  return answer.json();
}

const accepted = await send({
  identifier: "email",
  upsert: false,
  records: [
    { email: "user1@example.com", password: { type: "bcrypt", password_hash: HASH } },
    { email: "user2@example.com", email_verified: false },
  ],
});
assert.equal(accepted.status, 200);
assert.deepEqual(Object.keys(accepted.body), ["id", "created_at", "status"]);
assert.match(accepted.body.id, /^task_[0-9A-HJKMNP-TV-Z]{32}$/);
assert.match(accepted.body.created_at, TIME);
assert.equal(accepted.body.status, "pending");

let task = await status(accepted.body.id);
for (const deadline = Date.now() + 60_000; task.status === "pending"; ) {
  assert.ok(Date.now() < deadline, "the task does not end within a minute");
  assert.ok(!("details" in task), "a pending task has no details");
  await pause(50);
  task = await status(accepted.body.id);
}
const { completed_at: completedAt, details, ...rest } = task;
assert.match(completedAt, TIME);
assert.deepEqual(rest, {
  id: accepted.body.id,
  created_at: accepted.body.created_at,
  status: "completed",
  summary: { total: 2, inserted: 2, updated: 0, skipped: 0, failed: 0 },
});
for (const detail of details) {
  assert.match(detail.user_id, UUID);
  delete detail.user_id;
}
assert.deepEqual(details, [
  {
    index: 0,
    record: {
      email: "user1@example.com",
      password: { type: "bcrypt", password_hash: "REDACTED" },
    },
    outcome: "inserted",
  },
  {
    index: 1,
    record: { email: "user2@example.com", email_verified: false },
    outcome: "inserted",
    warnings: [{ message: "email_verified = false has no effect in insert." }],
  },
]);

const refused = await send({ identifier: "foobar", records: [{}] });
assert.equal(refused.status, 400);
assert.deepEqual(refused.body, {
  error: {
    name: "Invalid",
    reason: "ValidationFailed",
    message: "invalid request body",
    code: 400,
    info: {
      causes: [
        {
          location: "/identifier",
          kind: "enum",
          details: {
            expected: ["preferred_username", "email", "phone_number", "external_id"],
            actual: "foobar",
          },
        },
      ],
    },
  },
});
server.close();
console.log("express client: 2 passed, 0 failed");
