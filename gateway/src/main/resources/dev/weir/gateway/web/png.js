// The text chunks of PNG files: reads them, and writes a file without them. Does not decode pixels.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const TEXTS = ["tEXt", "iTXt", "zTXt", "eXIf"];

/** The chunks with their type, their first byte in the file, and their bytes; null for a file that is no PNG. */
function chunks(bytes) {
  if (!SIGNATURE.every((byte, at) => bytes[at] === byte)) return null;
  const view = new DataView(bytes.buffer);
  const found = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    found.push({ type, whole: bytes.subarray(at, at + 12 + length), data: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return found;
}

/** The texts by keyword. */
export async function texts(file) {
  const found = {};
  for (const { type, data } of chunks(new Uint8Array(await file.arrayBuffer())) ?? []) {
    const end = data.indexOf(0);
    if (end < 0) continue;
    const keyword = new TextDecoder("latin1").decode(data.subarray(0, end));
    if (type === "tEXt") found[keyword] = new TextDecoder("latin1").decode(data.subarray(end + 1));
    if (type === "iTXt") found[keyword] = await international(data, end);
  }
  return found;
}

/** After the keyword: whether the text is compressed, the method, the language, the translated keyword, the text. */
async function international(data, end) {
  const language = data.indexOf(0, end + 3);
  const text = data.subarray(data.indexOf(0, language + 1) + 1);
  if (!data[end + 1]) return new TextDecoder().decode(text);
  const whole = new Blob([text]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(whole).text();
}

/** The same picture without its texts; another format as it is. */
export async function withoutTexts(file) {
  const found = chunks(new Uint8Array(await file.arrayBuffer()));
  if (!found) return file;
  const kept = found.filter(({ type }) => !TEXTS.includes(type)).map(({ whole }) => whole);
  return new Blob([new Uint8Array(SIGNATURE), ...kept], { type: file.type });
}
