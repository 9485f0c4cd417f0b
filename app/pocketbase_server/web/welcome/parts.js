// What the forms of this page have in common.

const API = new URL("../api/", document.baseURI);

export const element = (id) => document.getElementById(id);

/** Shows one part of the page and hides all others. */
export function show(id) {
  for (const part of document.querySelectorAll("main > section, main > form")) {
    part.hidden = part.id !== id;
  }
  const shown = element(id);
  document.title = shown.querySelector("h1").textContent;
  shown.querySelector("input:not([hidden])")?.focus();
}

/** Says how it ended. */
export function tell(title, text) {
  const [heading, paragraph] = element("outcome").children;
  heading.textContent = title;
  paragraph.textContent = text;
  show("outcome");
}

/** Puts a text wherever the page has a place of that name. */
export function fill(name, text) {
  for (const place of document.getElementsByClassName(name)) {
    place[place instanceof HTMLInputElement ? "value" : "textContent"] = text;
  }
}

/** Sends a form to an action of a collection. */
export async function post(collection, action, body, token = "") {
  const response = await fetch(new URL(`collections/${encodeURIComponent(collection)}/${action}`, API), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: token }) },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, body: answer };
}

/** Says what an answer complains about. */
export function describe(answer) {
  const fields = Object.entries(answer.data ?? {}).map(([name, issue]) => `${name}: ${issue.message}`);
  return [answer.message ?? "Something went wrong.", ...fields].join("\n");
}

/** Runs `act` with what is typed into a form; what it throws is shown there. */
export function onSubmit(id, act) {
  element(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const error = form.querySelector(".error");
    const buttons = form.querySelectorAll("button");
    error.hidden = true;
    buttons.forEach((button) => (button.disabled = true));
    try {
      await act(Object.fromEntries(new FormData(form)));
      // A link that has done its work does not stay in the history.
      history.replaceState(null, "", location.pathname);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  });
}
