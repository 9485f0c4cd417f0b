// The forms that letters lead to: /_/#/auth/confirm-…/<token>

import { describe, element, fill, onSubmit, post, show, tell } from "./parts.js";

const NO_LONGER = "This link is no longer valid: it was used, is too old, or was not copied in full.";

/** What the token in the link says; nothing, when it is none. */
let claims = {};
let token = "";

const FORMS = {
  "confirm-verification": () => tell("Address confirmed", `${claims.email} is yours. You can close this page.`),
  "confirm-password-reset": () => tell("Password changed", "Sign in with it from now on. You can close this page."),
  "confirm-email-change": () =>
    tell("Address changed", `Sign in with ${claims.newEmail} from now on. You can close this page.`),
};

/** Shows the form that a link is for; says whether there is one. */
export function showLetter(page, given) {
  if (!Object.hasOwn(FORMS, page)) {
    return false;
  }
  token = given;
  claims = read(given);
  fill("host", location.host);
  fill("address", claims.email ?? "");
  fill("new-address", claims.newEmail ?? "");
  if (claims.collectionId) {
    show(page);
  } else {
    tell("This link does not work", NO_LONGER);
  }
  return true;
}

/** Reads what a token says; only the server can tell whether it is true. */
function read(given) {
  try {
    const part = given.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

async function confirm(page, form) {
  if ("passwordConfirm" in form && form.password !== form.passwordConfirm) {
    throw new Error("The passwords differ.");
  }
  const answer = await post(claims.collectionId, page, { ...form, token });
  if (answer.body.data?.token || answer.status === 404) {
    throw new Error(NO_LONGER);
  }
  if (!answer.ok) {
    throw new Error(describe(answer.body));
  }
  FORMS[page]();
}

async function askForReset() {
  const answer = await post(claims.collectionId, "request-password-reset", { email: claims.email });
  if (!answer.ok) {
    throw new Error(describe(answer.body));
  }
  tell("A letter is on its way", `It goes to ${claims.email}. You can close this page.`);
}

for (const page of Object.keys(FORMS)) {
  onSubmit(page, (form) => confirm(page, form));
}
onSubmit("request-password-reset", askForReset);
element("stranger").addEventListener("click", () => show("request-password-reset"));
