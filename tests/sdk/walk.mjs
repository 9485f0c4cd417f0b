/**
 * Walks a server with the official SDK. Usage: node walk.mjs URL AREA
 *
 * The server holds the template of the tests. Prints one line per check and ends with code 1 when
 * one failed.
 */
import assert from "node:assert/strict";
import { areas as more } from "./more.mjs";
import { guest, password, refused, root, user } from "./people.mjs";

const area = process.argv[3];

const areas = {
    health: {
        async "a guest learns that the server is well"() {
            const answer = await guest().health.check();
            assert.equal(answer.code, 200);
            assert.equal(typeof answer.message, "string");
        },
        async "a superuser learns more"() {
            const answer = await (await root()).health.check();
            assert.equal(typeof answer.data.canBackup, "boolean");
        },
    },

    collections: {
        async "list, page and filter"() {
            const pb = await root();
            const page = await pb.collections.getList(1, 3, { sort: "name" });
            assert.equal(page.items.length, 3);
            assert.ok(page.totalItems > 10);
            const views = await pb.collections.getFullList({ filter: "type = 'view'" });
            assert.deepEqual(views.map((one) => one.name), ["stats"]);
            assert.equal((await pb.collections.getFirstListItem("name = 'posts'")).name, "posts");
        },
        async "create, change, rename, empty and delete"() {
            const pb = await root();
            const made = await pb.collections.create({
                name: "sdk",
                type: "base",
                listRule: "",
                fields: [
                    { name: "title", type: "text", required: true },
                    { name: "count", type: "number" },
                    { name: "pick", type: "select", values: ["a", "b"], maxSelect: 1 },
                ],
                indexes: ["CREATE UNIQUE INDEX `idx_sdk_title` ON `sdk` (`title`)"],
            });
            assert.equal(made.type, "base");
            assert.deepEqual(made.fields.map((f) => f.name), ["id", "title", "count", "pick"]);
            await pb.collection("sdk").create({ title: "one", pick: "a" });
            const double = await refused(pb.collection("sdk").create({ title: "one" }), 400);
            assert.equal(double.response.data.title.code, "validation_not_unique");
            const fields = made.fields.map((f) => (f.name === "pick" ? { ...f, maxSelect: 2 } : f));
            const changed = await pb.collections.update("sdk", { name: "sdk2", fields, indexes: [] });
            assert.equal(changed.name, "sdk2");
            assert.deepEqual((await pb.collection("sdk2").getFirstListItem("")).pick, ["a"]);
            await pb.collections.truncate("sdk2");
            assert.equal((await pb.collection("sdk2").getList()).totalItems, 0);
            assert.equal(await pb.collections.delete("sdk2"), true);
            await refused(pb.collections.getOne("sdk2"), 404);
        },
        async "import and scaffolds"() {
            const pb = await root();
            const scaffolds = await pb.collections.getScaffolds();
            assert.deepEqual(Object.keys(scaffolds).sort(), ["auth", "base", "view"]);
            const one = { ...scaffolds.base, name: "imported" };
            assert.equal(await pb.collections.import([one]), true);
            assert.equal((await pb.collections.getOne("imported")).name, "imported");
            await pb.collections.delete("imported");
        },
        async "guests and users are refused"() {
            await refused(guest().collections.getFullList(), 401);
            await refused((await user()).collections.getFullList(), 403);
            const error = await refused((await root()).collections.create({ name: "posts" }), 400);
            assert.ok(error.response.data.name.code);
        },
    },

    records: {
        async "list in pages and in full"() {
            const posts = guest().collection("posts");
            const page = await posts.getList(2, 10, { sort: "id" });
            assert.equal(page.page, 2);
            assert.equal(page.items.length, 10);
            assert.equal(page.totalItems, 25);
            assert.equal(page.totalPages, 3);
            assert.equal((await posts.getFullList({ batch: 7 })).length, 25);
            const untold = await posts.getList(1, 5, { skipTotal: true });
            assert.equal(untold.totalItems, -1);
        },
        async "filter with parameters"() {
            const pb = guest();
            const filter = pb.filter("title ~ {:text} && created <= {:now} && n > {:n}", {
                text: "it's \"hard\"",
                now: new Date(Date.now() + 1000),
                n: -100,
            });
            assert.equal((await pb.collection("posts").getFullList({ filter })).length, 0);
            const some = await pb.collection("posts").getFullList({
                filter: pb.filter("author.name = {:name} && opts:length >= {:n}", { name: "Alice", n: 0 }),
                sort: "-n,id",
            });
            assert.ok(some.length > 0);
            assert.ok(some.every((one) => one.author === "user00000000001"));
            assert.deepEqual(some.map((one) => one.n), some.map((one) => one.n).sort((a, b) => b - a));
        },
        async "view, expand and fields"() {
            const posts = guest().collection("posts");
            const one = await posts.getOne("post00000000001", {
                expand: "author.organization,editors,comments_via_post.user",
            });
            assert.equal(one.collectionName, "posts");
            assert.equal(one.expand.author.expand.organization.name, "test");
            assert.ok(Array.isArray(one.expand.comments_via_post));
            const short = await posts.getOne("post00000000001", { fields: "id,title:excerpt(3,true)" });
            assert.deepEqual(Object.keys(short).sort(), ["id", "title"]);
            await refused(posts.getOne("missing"), 404);
            await refused(posts.getFirstListItem("id = 'missing'"), 404);
        },
        async "create, change with modifiers and delete"() {
            const kinds = guest().collection("kinds");
            const made = await kinds.create({
                text: "ünïcode 😀",
                number: 1.5,
                bool: true,
                date: new Date(Date.UTC(2024, 1, 3, 4, 5, 6, 7)),
                select_many: ["a"],
                json: { a: [1, null, { b: "c" }] },
                geo: { lon: 12.5, lat: -7 },
                rel_many: ["tag000000000001"],
            });
            assert.equal(made.id.length, 15);
            assert.equal(made.text, "ünïcode 😀");
            assert.equal(made.date, "2024-02-03 04:05:06.007Z");
            assert.deepEqual(made.json, { a: [1, null, { b: "c" }] });
            const next = await kinds.update(made.id, {
                "number+": 2,
                "select_many+": "b",
                "+rel_many": "tag000000000002",
                "select_many-": "a",
            });
            assert.equal(next.number, 3.5);
            assert.deepEqual(next.select_many, ["b"]);
            assert.deepEqual(next.rel_many, ["tag000000000002", "tag000000000001"]);
            assert.equal(await kinds.delete(made.id), true);
            await refused(kinds.getOne(made.id), 404);
            await refused(kinds.delete(made.id), 404);
        },
        async "multipart bodies"() {
            const form = new FormData();
            form.append("text", "from a form");
            form.append("number", "7");
            form.append("select_many", "a");
            form.append("select_many", "c");
            form.append("json", JSON.stringify({ k: 1 }));
            const made = await guest().collection("kinds").create(form);
            assert.equal(made.number, 7);
            assert.deepEqual(made.select_many, ["a", "c"]);
            assert.deepEqual(made.json, { k: 1 });
            await guest().collection("kinds").delete(made.id);
        },
        async "rules decide"() {
            await refused(guest().collection("rule_locked").getList(), 403);
            assert.equal((await guest().collection("rule_auth").getList()).totalItems, 0);
            assert.equal((await (await user()).collection("rule_auth").getList()).totalItems, 5);
            const mine = await (await user("bob")).collection("rule_owner").getFullList();
            assert.deepEqual(mine.map((one) => one.id), ["rule00000000002"]);
            await refused(guest().collection("rule_owner").update("rule00000000001", { title: "x" }), 404);
            await refused(guest().collection("rule_auth").create({ title: "x" }), 400);
        },
        async "errors name the fields"() {
            const error = await refused(guest().collection("must").create({ email: "bad" }), 400);
            assert.equal(error.response.data.text.code, "validation_required");
            assert.equal(error.response.data.email.code, "validation_is_email");
            assert.equal(error.response.message, "Failed to create record.");
            await refused(guest().collection("posts").getList(1, 5, { filter: "nope = 1" }), 400);
            await refused(guest().collection("nope").getList(), 404);
        },
        async "many at once"() {
            const kinds = guest().collection("kinds");
            const made = await Promise.all(
                Array.from({ length: 30 }, (_, i) => kinds.create({ text: `at once ${i}`, number: i })),
            );
            assert.equal(new Set(made.map((one) => one.id)).size, 30);
            await Promise.all(made.map((one) => kinds.delete(one.id)));
        },
    },

    auth: {
        async "methods"() {
            const methods = await guest().collection("users").listAuthMethods();
            assert.deepEqual(methods.password.identityFields.sort(), ["email", "username"]);
            assert.equal(methods.otp.enabled, false);
        },
        async "login, refresh and logout"() {
            const pb = await user();
            assert.ok(pb.authStore.isValid);
            assert.equal(pb.authStore.record.email, "alice@example.com");
            assert.equal(pb.authStore.isSuperuser, false);
            const before = pb.authStore.token;
            const again = await pb.collection("users").authRefresh({ expand: "organization" });
            assert.equal(again.record.expand.organization.name, "test");
            assert.equal(pb.authStore.token, again.token);
            assert.equal(before.split(".").length, 3);
            pb.authStore.clear();
            await refused(pb.collection("users").authRefresh(), 401);
        },
        async "another identity, wrong passwords"() {
            const pb = guest();
            await pb.collection("users").authWithPassword("ALICE", password);
            assert.equal(pb.authStore.record.username, "alice");
            const error = await refused(guest().collection("users").authWithPassword("alice", "wrong"), 400);
            assert.equal(error.response.message, "Failed to authenticate.");
            await refused(guest().collection("users").authWithPassword("nobody", "wrong"), 400);
            await refused(guest().collection("staff").authWithPassword("grace@example.com", password), 403);
        },
        async "superusers"() {
            const pb = await root();
            assert.equal(pb.authStore.isSuperuser, true);
            await pb.collection("_superusers").authRefresh();
            assert.equal((await pb.collection("rule_locked").getList()).totalItems, 5);
        },
        async "accounts"() {
            const users = guest().collection("users");
            const email = "walker@example.com";
            const made = await users.create({ email, password: "abcdefgh", passwordConfirm: "abcdefgh" });
            assert.equal(made.email, undefined);
            const pb = guest();
            await pb.collection("users").authWithPassword(email, "abcdefgh");
            assert.equal(pb.authStore.record.email, email);
            await refused(pb.collection("users").update(made.id, { password: "x".repeat(9), passwordConfirm: "x".repeat(9) }), 400);
            await pb.collection("users").update(made.id, {
                oldPassword: "abcdefgh",
                password: "hgfedcba",
                passwordConfirm: "hgfedcba",
            });
            await refused(pb.collection("users").authRefresh(), 401);
            await pb.collection("users").authWithPassword(email, "hgfedcba");
            await pb.collection("users").delete(made.id);
            await refused(pb.collection("users").authWithPassword(email, "hgfedcba"), 400);
        },
        async "hidden e-mail addresses"() {
            const bob = await (await user()).collection("users").getOne("user00000000002");
            assert.equal(bob.email, undefined);
            const me = await (await user("bob")).collection("users").getOne("user00000000002");
            assert.equal(me.email, "bob@example.com");
        },
    },
};

let failed = 0;
for (const [name, check] of Object.entries({ ...areas, ...more }[area])) {
    try {
        await check();
        console.log(`ok   ${name}`);
    } catch (error) {
        failed++;
        console.log(`FAIL ${name}: ${error.stack ?? error}`);
        if (error.response) {
            console.log(`     ${error.status} ${error.url} ${JSON.stringify(error.response)}`);
        }
    }
}
process.exit(failed ? 1 : 0);
