// Paints a mask over an image: brush, eraser, undo. The result is a PNG of the image's size, white where to paint anew.

const byId = (id) => document.getElementById(id);
const dialog = byId("painter");
const canvas = byId("maskCanvas");
const pen = canvas.getContext("2d");
/** Seen on white and on black. The mask itself is white. */
const MARK = "#e0218a";

/** What was done, in order: strokes, and masks that were there before. Undo takes the last one away. */
let done = [];
let stroke = null;

/** @returns the mask; null where nothing is marked; undefined where the dialog was left without an answer */
export async function paint(picture, former) {
  const image = byId("maskPicture");
  image.src = URL.createObjectURL(picture);
  await image.decode();
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  done = former ? [await shapeOf(former)] : [];
  draw();
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  URL.revokeObjectURL(image.src);
  if (dialog.returnValue !== "done") return undefined;
  return isMarked() ? mask() : null;
}

const isMarked = () => pen.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);

/** The white of a mask, opaque, and the rest transparent. */
async function shapeOf(mask) {
  const bitmap = await createImageBitmap(mask, { resizeWidth: canvas.width, resizeHeight: canvas.height });
  const shape = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = shape.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, shape.width, shape.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data[at + 3] = pixels.data[at];
  }
  context.putImageData(pixels, 0, 0);
  fillShape(context, MARK);
  return { shape };
}

function draw() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (const { shape, points, width, erases } of done) {
    pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
    if (shape) pen.drawImage(shape, 0, 0);
    else drawStroke(points, width);
  }
  pen.globalCompositeOperation = "source-over";
  byId("undo").disabled = byId("clearMask").disabled = done.length === 0;
}

function drawStroke(points, width) {
  pen.strokeStyle = MARK;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(...points[0]);
  points.forEach((point) => pen.lineTo(...point));
  pen.stroke();
}

/** Gives all that is drawn one colour. */
function fillShape(context, colour) {
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

function mask() {
  const whole = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = whole.getContext("2d");
  context.drawImage(canvas, 0, 0);
  fillShape(context, "#fff");
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#000";
  context.fillRect(0, 0, whole.width, whole.height);
  return new Promise((resolve) => whole.toBlob(resolve, "image/png"));
}

/** In pixels of the image. */
function pointOf(event) {
  const place = canvas.getBoundingClientRect();
  return [(event.clientX - place.left) * (canvas.width / place.width), (event.clientY - place.top) * (canvas.height / place.height)];
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  const width = (Number(byId("brush").value) / 100) * Math.max(canvas.width, canvas.height);
  stroke = { points: [pointOf(event)], width, erases: byId("eraser").checked };
  done.push(stroke);
  draw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!stroke) return;
  const from = stroke.points.at(-1);
  stroke.points.push(pointOf(event));
  pen.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
  drawStroke([from, stroke.points.at(-1)], stroke.width);
  pen.globalCompositeOperation = "source-over";
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { stroke = null; });

function undo() {
  done.pop();
  draw();
}

byId("undo").onclick = undo;
byId("clearMask").onclick = () => {
  done = [];
  draw();
};
dialog.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
});
