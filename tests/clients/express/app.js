// An Express app that imports users into user-import, written against the contract alone.
//
// What it sends is what such apps send: a token of three claims with `typ` and `kid` in its
// header, and `Content-type` spelled like this.

import express from "express";
import jwt from "jsonwebtoken";
import fetch from "node-fetch";

const PATH = "/_api/admin/users/import";

export function app({ url, project, kid, privateKey }) {
  const token = () => {
    const iat = Math.floor(Date.now() / 1000);
    return jwt.sign({ aud: project, iat, exp: iat + 300 }, privateKey, {
      header: { typ: "JWT", kid, alg: "RS256" },
    });
  };
  const authorization = () => ({ Authorization: `Bearer ${token()}` });
  const pass = async (answer, response) =>
    response.status(answer.status).json(await answer.json());

  const routes = express();
  routes.use(express.json());
  routes.post("/import", async (request, response) => {
    const answer = await fetch(`${url}${PATH}`, {
      method: "POST",
      headers: { ...authorization(), "Content-type": "application/json" },
      body: JSON.stringify(request.body),
    });
    await pass(answer, response);
  });
  routes.get("/import/:id", async (request, response) => {
    const answer = await fetch(`${url}${PATH}/${request.params.id}`, { headers: authorization() });
    await pass(answer, response);
  });
  return routes;
}
