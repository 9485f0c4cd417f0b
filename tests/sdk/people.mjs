/** Who talks to the server, and what a refusal looks like. */
import assert from "node:assert/strict";
import PocketBase, { ClientResponseError } from "pocketbase";

const url = process.argv[2];
export const password = "1234567890";

export function guest() {
    const pb = new PocketBase(url);
    pb.autoCancellation(false);
    return pb;
}

export async function user(name = "alice") {
    const pb = guest();
    await pb.collection("users").authWithPassword(`${name}@example.com`, password);
    return pb;
}

export async function root() {
    const pb = guest();
    await pb.collection("_superusers").authWithPassword("root@example.com", password);
    return pb;
}

/** Expects a ClientResponseError with this status; returns it. */
export async function refused(promise, status) {
    try {
        await promise;
    } catch (error) {
        assert.ok(error instanceof ClientResponseError, `not a ClientResponseError: ${error}`);
        assert.equal(error.status, status);
        return error;
    }
    assert.fail(`was not refused with ${status}`);
}
