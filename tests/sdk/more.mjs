/** Areas beyond records: files, realtime, batch, and what superusers look after. */
import assert from "node:assert/strict";
import { EventSource } from "./event_source.mjs";
import { guest, refused, root, user } from "./people.mjs";

globalThis.EventSource = EventSource;

const PIXEL = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
);

/** A collection for one check, gone afterwards. */
async function withCollection(definition, check) {
    const pb = await root();
    const open = { type: "base", listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "" };
    const made = await pb.collections.create({ ...open, ...definition });
    try {
        await check(pb);
    } finally {
        await pb.collections.delete(made.id);
    }
}

/** Milliseconds after which what does not happen never will. */
const LIMIT = 60000;

/** Resolves with the first true value. */
async function eventually(look) {
    const end = Date.now() + LIMIT;
    for (;;) {
        const found = await look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`never: ${look}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

/** Resolves with the events once there are so many of them. */
function collect(count) {
    const events = [];
    let done;
    const all = new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`only ${events.length} of ${count} events`)), LIMIT);
        done = (found) => (clearTimeout(late), resolve(found));
    });
    return { all, take: (event) => events.push(event) === count && done(events) };
}

const TITLE = { name: "title", type: "text" };

export const areas = {
    files: {
        async "upload, serve, replace, remove"() {
            const fields = [TITLE, { name: "docs", type: "file", maxSelect: 3 }, { name: "pic", type: "file", thumbs: ["10x10"] }];
            await withCollection({ name: "sdk_files", fields }, async () => {
                const pb = guest();
                const files = pb.collection("sdk_files");
                const one = await files.create({
                    title: "with files",
                    docs: [new File(["hello"], "a b.txt"), new File(["more"], "c.txt")],
                    pic: new File([PIXEL], "pixel.png", { type: "image/png" }),
                });
                assert.match(one.docs[0], /^a_b_\w{10}\.txt$/);
                assert.equal(await (await fetch(pb.files.getURL(one, one.docs[0]))).text(), "hello");
                assert.equal((await fetch(pb.files.getURL(one, one.pic, { thumb: "10x10" }))).headers.get("content-type"), "image/png");
                const form = new FormData();
                form.append("docs+", new File(["third"], "d.txt"));
                const two = await files.update(one.id, form);
                assert.equal(two.docs.length, 3);
                const three = await files.update(one.id, { "docs-": [two.docs[0]], pic: null });
                assert.deepEqual(three.docs, two.docs.slice(1));
                assert.equal(three.pic, "");
                assert.equal((await fetch(pb.files.getURL(one, one.docs[0]))).status, 404);
                await refused(files.update(one.id, { "docs+": [1, 2].map((i) => new File(["x"], `${i}.txt`)) }), 400);
            });
        },
        async "protected files"() {
            const fields = [{ name: "doc", type: "file", protected: true }];
            const rules = { viewRule: "@request.auth.id != ''" };
            await withCollection({ name: "sdk_secret", fields, ...rules }, async (pb) => {
                const one = await pb.collection("sdk_secret").create({ doc: new File(["secret"], "s.txt") });
                assert.equal((await fetch(pb.files.getURL(one, one.doc))).status, 404);
                const token = await (await user()).files.getToken();
                assert.equal(await (await fetch(pb.files.getURL(one, one.doc, { token }))).text(), "secret");
                await refused(guest().files.getToken(), 401);
            });
        },
    },

    realtime: {
        async "everything of a collection, then one record"() {
            await withCollection({ name: "sdk_live", fields: [TITLE] }, async () => {
                const pb = guest();
                const live = pb.collection("sdk_live");
                const wanted = collect(3);
                const stop = await live.subscribe("*", wanted.take);
                const one = await live.create({ title: "a" });
                await live.update(one.id, { title: "b" });
                await live.delete(one.id);
                const events = await wanted.all;
                assert.deepEqual(events.map((event) => event.action), ["create", "update", "delete"]);
                assert.deepEqual(events.map((event) => event.record.title), ["a", "b", "b"]);
                await stop();

                const other = await live.create({ title: "c" });
                const single = collect(1);
                await live.subscribe(other.id, single.take, { fields: "title" });
                await live.create({ title: "not this one" });
                await live.update(other.id, { title: "d" });
                assert.deepEqual((await single.all)[0].record, { title: "d" });
                await live.unsubscribe();
                assert.equal(pb.realtime.isConnected, false);
            });
        },
        async "rules and filters decide who hears"() {
            const rule = { listRule: "@request.auth.id != ''", viewRule: "@request.auth.id != ''" };
            await withCollection({ name: "sdk_hushed", fields: [TITLE], ...rule }, async (pb) => {
                const [stranger, alice] = [guest(), await user()];
                const [nothing, something] = [[], collect(1)];
                await stranger.collection("sdk_hushed").subscribe("*", (event) => nothing.push(event));
                await alice.collection("sdk_hushed").subscribe("*", something.take, { filter: "title = 'yes'" });
                await pb.collection("sdk_hushed").create({ title: "no" });
                await pb.collection("sdk_hushed").create({ title: "yes" });
                assert.equal((await something.all)[0].record.title, "yes");
                assert.deepEqual(nothing, []);
                await stranger.realtime.unsubscribe();
                await alice.realtime.unsubscribe();
            });
        },
    },

    batch: {
        async "all or nothing"() {
            await withCollection({ name: "sdk_batch", fields: [{ ...TITLE, required: true }] }, async (pb) => {
                await pb.settings.update({ batch: { enabled: true, maxRequests: 50, timeout: 60 } });
                const batch = pb.createBatch();
                const id = "sdkbatch0000001";
                batch.collection("sdk_batch").create({ id, title: "a" });
                batch.collection("sdk_batch").update(id, { title: "b" });
                batch.collection("sdk_batch").upsert({ id, title: "c" });
                const answers = await batch.send();
                assert.deepEqual(answers.map((one) => one.status), [200, 200, 200]);
                assert.equal(answers[2].body.title, "c");

                const bad = pb.createBatch();
                bad.collection("sdk_batch").create({ title: "d" });
                bad.collection("sdk_batch").create({ title: "" });
                const error = await refused(bad.send(), 400);
                assert.ok(error.response.data.requests["1"]);
                assert.equal((await pb.collection("sdk_batch").getFullList()).length, 1);
                await pb.settings.update({ batch: { enabled: false } });
            });
        },
    },

    house: {
        async "settings"() {
            const pb = await root();
            const before = await pb.settings.getAll();
            await pb.settings.update({ meta: { ...before.meta, appName: "SDK" } });
            assert.equal((await pb.settings.getAll()).meta.appName, "SDK");
            await refused(pb.settings.update({ meta: { appName: "" } }), 400);
            await pb.settings.update({ meta: before.meta });
            await refused((await user()).settings.getAll(), 403);
        },
        async "logs"() {
            const pb = await root();
            await refused(guest().collection("sdk_logged").getList(), 404);
            const filter = "data.url ~ 'sdk_logged'";
            const line = await eventually(async () => (await pb.logs.getList(1, 5, { filter, sort: "created" })).items[0]);
            assert.equal(line.data.status, 404);
            assert.equal((await pb.logs.getOne(line.id)).data.url, line.data.url);
            assert.ok((await pb.logs.getStats()).length > 0);
        },
        async "cron jobs"() {
            const pb = await root();
            const jobs = await pb.crons.getFullList();
            assert.ok(jobs.some((job) => job.id === "__pbLogsCleanup__"));
            assert.equal(await pb.crons.run("__pbLogsCleanup__"), true);
            await refused(pb.crons.run("nope"), 404);
        },
        async "backups"() {
            const pb = await root();
            await pb.backups.create("sdk_backup.zip");
            const found = (await pb.backups.getFullList()).find((one) => one.key === "sdk_backup.zip");
            assert.ok(found.size > 1000);
            const token = await pb.files.getToken();
            const zip = await (await fetch(pb.backups.getDownloadURL(token, found.key))).arrayBuffer();
            assert.equal(zip.byteLength, found.size);
            await refused(pb.backups.create("sdk_backup.zip"), 400);
            await pb.backups.delete(found.key);
        },
        async "impersonation"() {
            const pb = await root();
            const alice = await pb.collection("users").impersonate("user00000000001", 60);
            assert.equal(alice.authStore.record.id, "user00000000001");
            await refused(alice.collection("users").authRefresh().then(() => alice.settings.getAll()), 403);
        },
    },
};
