/** As much of a browser's EventSource as the SDK uses; node has none. */
export class EventSource {
    #abort = new AbortController();
    #listeners = new Map();

    constructor(url) {
        this.#read(url).catch((error) => {
            if (!this.#abort.signal.aborted) {
                this.onerror?.(error);
            }
        });
    }

    addEventListener(type, listener) {
        this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }

    removeEventListener(type, listener) {
        this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((one) => one !== listener));
    }

    close() {
        this.#abort.abort();
    }

    async #read(url) {
        const response = await fetch(url, { signal: this.#abort.signal, headers: { Accept: "text/event-stream" } });
        let text = "";
        for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
            text += piece;
            const events = text.split("\n\n");
            text = events.pop();
            events.forEach((event) => this.#tell(event));
        }
        throw new Error("the stream ended");
    }

    #tell(text) {
        const event = { type: "message", data: "", lastEventId: "" };
        for (const line of text.split("\n")) {
            const [name, ...rest] = line.split(":");
            const value = rest.join(":").replace(/^ /, "");
            if (name === "event") event.type = value;
            if (name === "data") event.data += value;
            if (name === "id") event.lastEventId = value;
        }
        (this.#listeners.get(event.type) ?? []).forEach((listener) => listener(event));
    }
}
