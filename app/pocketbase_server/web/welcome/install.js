"use strict";

// The link that the server prints at its first start: /_/#/pbinstall/<token>
const INSTALL = /^#\/pbinstall\/([^/?]+)/;
const SUPERUSERS = new URL("../api/collections/_superusers/", document.baseURI);

const element = (id) => document.getElementById(id);

function show(id) {
  for (const part of ["about", "install", "done"]) {
    element(part).hidden = part !== id;
  }
}

function route() {
  element("api").firstElementChild.textContent = new URL("../api/", document.baseURI).href;
  show(INSTALL.test(location.hash) ? "install" : "about");
}

function describe(answer) {
  const fields = Object.entries(answer.data ?? {}).map(([name, issue]) => `${name}: ${issue.message}`);
  return [answer.message ?? "Something went wrong.", ...fields].join("\n");
}

async function create(body, token) {
  const response = await fetch(new URL("records", SUPERUSERS), {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: token },
    body: JSON.stringify(body),
  });
  if (response.ok) {
    return;
  }
  const answer = await response.json().catch(() => ({}));
  if ([401, 403].includes(response.status)) {
    throw new Error("This link is no longer valid. Restart the server to get a new one.");
  }
  throw new Error(describe(answer));
}

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const body = Object.fromEntries(new FormData(form));
  element("error").hidden = true;
  button.disabled = true;
  try {
    if (body.password !== body.passwordConfirm) {
      throw new Error("The passwords differ.");
    }
    await create(body, location.hash.match(INSTALL)[1]);
    history.replaceState(null, "", location.pathname);
    element("who").textContent = body.email;
    element("login").textContent = new URL("auth-with-password", SUPERUSERS).pathname;
    show("done");
  } catch (error) {
    element("error").textContent = error.message;
    element("error").hidden = false;
  } finally {
    button.disabled = false;
  }
}

element("install").addEventListener("submit", submit);
window.addEventListener("hashchange", route);
route();
