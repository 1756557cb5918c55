// One WebSocket for all jobs: opened when it is needed, and opened again when it breaks.

import { serverUrl } from "./server.js";

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function address() {
  const url = serverUrl("v1/stream");
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

/** A binary message: the header's length (u32, big-endian), the header as JSON, the image file. */
function frame(message) {
  const length = new DataView(message).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  return { header, image: new Blob([new Uint8Array(message, 4 + length)], { type: `image/${header.format}` }) };
}

export class Stream {
  #socket = null;
  #isOpening = false;
  #handlers;

  /**
   * @param handlers onEvent(event), onFrame(header, image), onOpen() when the first or another socket is open, onBroken() when one
   *     closed, and isNeeded(): whether a socket that closed must be replaced
   */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Sends a command, or does nothing while no socket is open. */
  send(command) {
    if (this.#socket) this.#socket.send(JSON.stringify(command));
  }

  /** Sends an image that later commands name. */
  async upload(name, image) {
    const header = new TextEncoder().encode(JSON.stringify({ upload: name }));
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, header.length);
    const message = await new Blob([length, header, image]).arrayBuffer();
    if (this.#socket) this.#socket.send(message);
  }

  get isOpen() {
    return this.#socket !== null;
  }

  /** Opens a socket and keeps trying for as long as one is needed. Does nothing where that is under way. */
  async open() {
    if (this.#isOpening) return;
    this.#isOpening = true;
    for (let wait = SHORTEST_PAUSE_MS; !this.#socket && this.#handlers.isNeeded(); wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await this.#openOnce();
      } catch {
        this.#handlers.onBroken();
        await pause(wait);
      }
    }
    this.#isOpening = false;
  }

  #openOnce() {
    return new Promise((resolve, reject) => {
      const next = new WebSocket(address());
      next.binaryType = "arraybuffer";
      next.onopen = () => {
        this.#socket = next;
        this.#handlers.onOpen();
        resolve();
      };
      next.onmessage = ({ data }) => {
        if (typeof data === "string") {
          this.#handlers.onEvent(JSON.parse(data));
        } else {
          const { header, image } = frame(data);
          this.#handlers.onFrame(header, image);
        }
      };
      next.onclose = () => {
        reject(new Error("closed"));
        if (this.#socket === next) {
          this.#socket = null;
          this.#handlers.onBroken();
          this.open();
        }
      };
    });
  }
}
