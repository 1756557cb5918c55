"""A server of the default model's pictures with FastAPI and diffusers, for `weir bench server`: the script that one writes without a serving system.

    server.py MODEL THREADS [--batch]

Without --batch, a lock lets one request at a time use the pipeline. With --batch, requests that wait are drawn together, up to eight
with the same number of steps and of tokens. Answers are those of OpenAI's Images API. Listens on a free port, and prints "ready URL".
Needs what requirements.txt lists.
"""

import base64
import io
import queue
import socket
import sys
import threading
from concurrent.futures import Future

import torch
import uvicorn
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import BertModel, BertTokenizerFast

MODEL, THREADS = sys.argv[1], int(sys.argv[2])
BATCHING = "--batch" in sys.argv[3:]
MOST = 8
GUIDANCE = 4.0

torch.set_num_threads(THREADS)
# By its parts, because the default model has its text encoder's fast tokenizer only, which the pipeline does not load.
pipeline = StableDiffusionPipeline(
    vae=AutoencoderKL.from_pretrained(MODEL, subfolder="vae", torch_dtype=torch.float32),
    text_encoder=BertModel.from_pretrained(MODEL, subfolder="text_encoder", torch_dtype=torch.float32),
    tokenizer=BertTokenizerFast.from_pretrained(MODEL, subfolder="tokenizer"),
    unet=UNet2DConditionModel.from_pretrained(MODEL, subfolder="unet", torch_dtype=torch.float32),
    scheduler=DDIMScheduler.from_pretrained(MODEL, subfolder="scheduler"),
    safety_checker=None,
    feature_extractor=None,
    requires_safety_checker=False,
)
pipeline.set_progress_bar_config(disable=True)
side = pipeline.unet.config.sample_size * pipeline.vae_scale_factor


class Ask(BaseModel):
    prompt: str
    seed: int = 0
    num_inference_steps: int = 20


def ids(text):
    return pipeline.tokenizer(text, return_tensors="pt").input_ids


@torch.inference_mode()
def states(texts):
    """The states of all tokens, without padding: the default model was trained so."""
    return pipeline.text_encoder(torch.cat([ids(text) for text in texts]))[0]


@torch.inference_mode()
def draw(asks):
    prompts = states([ask.prompt for ask in asks])
    tokens = prompts.shape[1]
    # The pipeline wants both in one length. Attention over the two tokens of the empty prompt does not change if both are repeated.
    empty = states([""]).repeat(len(asks), tokens // 2 + 1, 1)[:, :tokens]
    pictures = pipeline(
        prompt_embeds=prompts,
        negative_prompt_embeds=empty,
        num_inference_steps=asks[0].num_inference_steps,
        guidance_scale=GUIDANCE,
        height=side,
        width=side,
        generator=[torch.Generator().manual_seed(ask.seed) for ask in asks],
    ).images
    return [encoded(picture) for picture in pictures]


def encoded(picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


lock = threading.Lock()
waiting = queue.Queue()


def kind(ask):
    return ask.num_inference_steps, ids(ask.prompt).shape[1]


def batches():
    """Draws the oldest request, together with those of its kind that wait too."""
    held = []
    while True:
        held = held or [waiting.get()]
        while not waiting.empty():
            held.append(waiting.get())
        batch = held[:1]
        try:
            first = kind(held[0][0])
            batch = [one for one in held if kind(one[0]) == first][:MOST]
            for (_, answer), picture in zip(batch, draw([ask for ask, _ in batch])):
                answer.set_result(picture)
        except Exception as e:
            for _, answer in batch:
                answer.set_exception(e)
        held = [one for one in held if one not in batch]


app = FastAPI()


# FastAPI runs it on a thread of its pool, because it is not async.
@app.post("/v1/images/generations")
def generate(ask: Ask):
    if BATCHING:
        answer = Future()
        waiting.put((ask, answer))
        picture = answer.result()
    else:
        with lock:
            picture = draw([ask])[0]
    return {"data": [{"b64_json": picture}]}


draw([Ask(prompt="warm up", num_inference_steps=2)])
if BATCHING:
    threading.Thread(target=batches, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
print(f"ready http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
