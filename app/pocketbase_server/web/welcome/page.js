// What each address below /_/#/ shows, until the dashboard does.

import { showLetter } from "./letters.js";
import { describe, element, fill, onSubmit, post, show, tell } from "./parts.js";

const SUPERUSERS = "_superusers";
const NO_LONGER = "This link is no longer valid. Restart the server to get a new one.";

const OUTCOMES = {
  "oauth2-redirect-success": ["Signed in", "You can close this window and go back to the app."],
  "oauth2-redirect-failure": ["Signing in has failed", "Close this window, go back to the app and try again."],
};

function route() {
  const [, area, page, token = ""] = location.hash.split(/[/?]/);
  if (area === "pbinstall" && page) {
    show("install");
  } else if (area === "auth" && page in OUTCOMES) {
    finish(page);
  } else if (area !== "auth" || !showLetter(page, token)) {
    element("api").firstElementChild.textContent = new URL("../api/", document.baseURI).href;
    show("about");
  }
}

function finish(page) {
  tell(...OUTCOMES[page]);
  if (page.endsWith("success")) {
    // The app that waits for this window has got what it needs.
    window.close();
  }
}

async function install(form) {
  if (form.password !== form.passwordConfirm) {
    throw new Error("The passwords differ.");
  }
  const token = location.hash.split(/[/?]/)[2];
  const answer = await post(SUPERUSERS, "records", form, token);
  if ([401, 403].includes(answer.status)) {
    throw new Error(NO_LONGER);
  }
  if (!answer.ok) {
    throw new Error(describe(answer.body));
  }
  fill("address", form.email);
  element("login").textContent = `/api/collections/${SUPERUSERS}/auth-with-password`;
  show("installed");
}

onSubmit("install", install);
window.addEventListener("hashchange", route);
route();
