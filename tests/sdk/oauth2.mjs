/**
 * Signs in with the SDK's all-in-one flow. Usage: node oauth2.mjs URL
 *
 * The collection `users` has one provider; the part of the browser is played here: it goes to the
 * page that the provider would send it back to.
 */
import assert from "node:assert/strict";
import PocketBase from "pocketbase";

/** As much of a browser's EventSource as the SDK needs. */
class EventSource {
    constructor(url) {
        this.listeners = {};
        this.stop = new AbortController();
        this.read(url).catch((error) => this.onerror?.(error));
    }

    addEventListener(name, listener) {
        (this.listeners[name] ??= []).push(listener);
    }

    removeEventListener(name, listener) {
        this.listeners[name] = (this.listeners[name] ?? []).filter((known) => known !== listener);
    }

    close() {
        this.stop.abort();
    }

    async read(url) {
        const response = await fetch(url, { signal: this.stop.signal });
        let text = "";
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
            text += chunk;
            const events = text.split("\n\n");
            text = events.pop();
            for (const event of events) this.tell(event);
        }
    }

    tell(event) {
        const fields = Object.fromEntries(event.split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trim()]));
        for (const listener of this.listeners[fields.event] ?? []) {
            listener({ data: fields.data, lastEventId: fields.id });
        }
    }
}
globalThis.EventSource = EventSource;

const pb = new PocketBase(process.argv[2]);
pb.autoCancellation(false);
const landed = [];

const answer = await pb.collection("users").authWithOAuth2({
    provider: "oidc",
    createData: { id: "sdk000000000001" },
    urlCallback: async (url) => {
        const asked = new URL(url).searchParams;
        const back = `${asked.get("redirect_uri")}?state=${asked.get("state")}&code=CODE`;
        for (let again = 0; again < 2; again++) {
            const response = await fetch(back, { redirect: "manual" });
            landed.push(response.headers.get("location"));
        }
    },
});

assert.equal(answer.record.id, "sdk000000000001");
assert.equal(answer.meta.isNew, true);
assert.equal(pb.authStore.record.id, answer.record.id);
assert.match(landed[0], /oauth2-redirect-success$/);
process.exit(0);
