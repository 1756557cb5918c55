// What people read, in plain words.

const IN_OTHER_WORDS = {
  no_model: "No model is ready yet. The server may still be loading it.",
  no_node: "No node that serves this model is running at the moment.",
  node_lost: "The node that made this image was lost, and trying again on others failed too.",
  silence: "The node that made this image stopped answering.",
  too_many_jobs: "The server has as many images in progress as it allows.",
  too_many_images: "You have as many images in progress as the server allows. Wait for one to finish.",
  wait_too_long: "The image would not be done in time now. Try later, or with fewer steps, a smaller size or fewer images.",
  job_too_long: "This would take longer than the server allows. Try fewer steps, a smaller size or fewer images.",
  deadline_exceeded: "The image was not done within the server's time limit.",
  out_of_memory: "The node ran out of memory. Try a smaller size.",
  not_finite: "The model produced invalid numbers, so there is no image. Other settings may work.",
  draining: "The server is stopping.",
  shutting_down: "The server stopped.",
  ledger_unavailable: "The server cannot take jobs at the moment.",
};

export function problem(error, retryAfterSeconds) {
  const words = IN_OTHER_WORDS[error.code] ?? sentence(error.message ?? "The server refused the request.");
  return retryAfterSeconds > 0 ? `${words} Try again in ${seconds(retryAfterSeconds)}.` : words;
}

export function sentence(text) {
  const trimmed = text.trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".");
}

export function seconds(count) {
  const whole = Math.max(1, Math.ceil(count));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

export function waiting(ahead) {
  return ahead > 0 ? `Waiting: ${ahead} ${ahead === 1 ? "image" : "images"} ahead` : "Waiting: next in line";
}

export function images(count) {
  return count === 1 ? "1 image" : `${count} images`;
}

/** A name of the API for people: text_to_image is Text to image. */
export function title(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** On one line where there is room; a line break comes after a dot, never within a value. */
export function details({ seed, num_inference_steps: steps, guidance_scale: guidance, sampler, schedule, strength }) {
  return [
    seed !== undefined && `seed\u00a0${seed}`,
    steps !== undefined && `${steps}\u00a0steps`,
    guidance !== undefined && `guidance\u00a0${guidance}`,
    strength !== undefined && `strength\u00a0${strength}`,
    [sampler, schedule].filter(Boolean).join("\u00a0"),
  ].filter(Boolean).join("\u00a0· ");
}
