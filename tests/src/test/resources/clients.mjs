// Ordinary calls of OpenAI's JavaScript library, unchanged: node clients.mjs URL LIBRARY. What fails ends it with an error.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [url, library] = process.argv.slice(2);
const { default: OpenAI, toFile, BadRequestError } = await import(pathToFileURL(`${library}/index.mjs`));

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
// Few steps, as the test is about the calls.
const few = { num_inference_steps: 6, seed: 7 };

/** Width and height of a PNG. */
const size = (base64) => {
  const file = Buffer.from(base64, "base64");
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
};

const models = [];
for await (const model of await client.models.list()) {
  models.push(model.id);
}
assert.ok(models.includes("default"));

const made = await client.images.generate({ model: "default", prompt: "a red apple", n: 2, size: "128x128", ...few });
assert.deepEqual(made.data.map((image) => size(image.b64_json)), [[128, 128], [128, 128]]);

const kinds = [];
const asked = { model: "default", prompt: "a red apple", stream: true, partial_images: 2, ...few };
for await (const event of await client.images.generate(asked)) {
  kinds.push(event.type);
  assert.ok(event.b64_json.length > 0);
}
assert.equal(kinds.pop(), "image_generation.completed");
assert.ok(kinds.length <= 2 && kinds.every((kind) => kind === "image_generation.partial_image"), kinds);

const photo = await toFile(Buffer.from(made.data[0].b64_json, "base64"), "photo.png", { type: "image/png" });
const edited = await client.images.edit({ model: "default", image: photo, prompt: "a green apple", ...few });
assert.deepEqual(size(edited.data[0].b64_json), [128, 128]);

const tool = { type: "image_generation", partial_images: 1, ...few };
const told = [];
let picture;
for await (const event of await client.responses.create({ model: "gpt-5", input: "a red apple", tools: [tool], stream: true })) {
  told.push(event.type);
  picture = event.response?.output?.[0]?.result ?? picture;
}
assert.equal(told[0], "response.created");
assert.equal(told.at(-1), "response.completed");
assert.deepEqual(size(picture), [128, 128]);

await assert.rejects(client.images.generate({ model: "default", prompt: "x", size: "99x99" }), (refused) => {
  assert.ok(refused instanceof BadRequestError);
  assert.equal(refused.param, "size");
  return true;
});
