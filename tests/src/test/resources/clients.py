"""Ordinary calls of published client libraries, unchanged: clients.py URL. An assertion that fails ends it with an error."""

import base64
import io
import json
import sys
import urllib.parse
import urllib.request
import uuid

import huggingface_hub
import openai
import replicate
import webuiapi
import websocket
from PIL import Image

url = sys.argv[1]


def size(file: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(base64.b64decode(file))).size


# OpenAI. Few steps, as the test is about the calls.
few = {"num_inference_steps": 6, "seed": 7}
client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
assert "default" in [model.id for model in client.models.list()]
made = client.images.generate(model="default", prompt="a red apple", n=2, size="128x128", extra_body=few)
assert [size(image.b64_json) for image in made.data] == [(128, 128)] * 2
stream = client.images.generate(model="default", prompt="a red apple", stream=True, partial_images=2, extra_body=few)
kinds = [event.type for event in stream]
assert kinds[-1] == "image_generation.completed" and len(kinds) <= 3, kinds
photo = ("photo.png", base64.b64decode(made.data[0].b64_json), "image/png")
edited = client.images.edit(model="default", image=photo, prompt="a green apple", extra_body=few)
assert size(edited.data[0].b64_json) == (128, 128)
tool = {"type": "image_generation", **few}
answer = client.responses.create(model="gpt-5", input="a red apple", tools=[tool])
assert size(answer.output[0].result) == (128, 128)
try:
    client.images.generate(model="default", prompt="x", size="99x99")
    raise AssertionError("a wrong size was accepted")
except openai.BadRequestError as refused:
    assert refused.param == "size", refused

# Automatic1111
address = url.removeprefix("http://").split(":")
api = webuiapi.WebUIApi(host=address[0], port=int(address[1]), sampler="DDIM", steps=6)
assert "default" in api.util_get_model_names()
assert "DDIM" in [sampler["name"] for sampler in api.get_samplers()]
result = api.txt2img(prompt="a red apple", seed=7, width=128, height=128, batch_size=2)
assert [image.size for image in result.images] == [(128, 128)] * 2
assert result.info["all_seeds"] == [7, 8]
changed = api.img2img(images=[result.image], prompt="a green apple", seed=7, denoising_strength=0.6, width=128, height=128)
assert changed.image.size == (128, 128)
assert "a red apple" in api.png_info(result.image).info
api.util_wait_for_ready()

# Hugging Face
inference = huggingface_hub.InferenceClient(base_url=f"{url}/models/default", api_key="none")
picture = inference.text_to_image("a red apple", seed=7, num_inference_steps=6, width=128, height=128)
assert picture.size == (128, 128)

# Replicate
there = replicate.Client(api_token="none", base_url=url)
asked = {"prompt": "a red apple", "seed": 7, "num_inference_steps": 6, "width": 128, "height": 128}
outputs = there.run("weir/default", input={**asked, "num_outputs": 2})
assert [Image.open(io.BytesIO(output.read())).size for output in outputs] == [(128, 128)] * 2
polled = there.predictions.create(version="default", input=asked)
polled.wait()
assert polled.status == "succeeded" and polled.progress.percentage == 1, polled
assert polled.id in [listed.id for listed in there.predictions.list()]
events = list(there.stream("weir/default", input={**asked, "image": f"data:image/png;base64,{made.data[0].b64_json}"}))
assert [event.event.value for event in events] == ["output", "done"]
assert Image.open(io.BytesIO(events[0].data.read())).size == (128, 128)
file = io.BytesIO(base64.b64decode(made.data[0].b64_json))
changed = there.run("weir/default:default", input={**asked, "image": file, "prompt_strength": 0.5})
assert [Image.open(io.BytesIO(output.read())).size for output in changed] == [(128, 128)]
[uploaded] = there.files.list()
assert there.files.get(uploaded.id).content_type == "image/png" and there.files.delete(uploaded.id)
assert there.files.list() == [] and there.models.get("weir/default").latest_version.id == "default"
stopped = there.models.predictions.create("weir/default", input={**asked, "num_inference_steps": 1000})
stopped.cancel()
assert stopped.status == "canceled", stopped
try:
    there.run("weir/default", input={**asked, "width": 99})
    raise AssertionError("a wrong size was accepted")
except replicate.exceptions.ReplicateError as refused:
    assert refused.status == 422 and "input.width" in refused.detail, refused

# ComfyUI: the calls of its script_examples/websockets_api_example.py, which has no library but the WebSocket's.
server, me, prompt_id = url.removeprefix("http://"), str(uuid.uuid4()), str(uuid.uuid4())
graph = {
    "3": {"class_type": "KSampler", "inputs": {
        "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        "seed": 7, "steps": 6, "cfg": 7, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "default"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "a red apple"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": ""}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
}
ws = websocket.WebSocket()
ws.connect(f"ws://{server}/ws?clientId={me}", timeout=60)
queued = json.dumps({"prompt": graph, "client_id": me, "prompt_id": prompt_id}).encode()
urllib.request.urlopen(urllib.request.Request(f"{url}/prompt", data=queued)).read()
ended = False
while not ended:
    message = ws.recv()
    if isinstance(message, str):
        told = json.loads(message)
        ended = told["type"] == "executing" and told["data"]["node"] is None and told["data"]["prompt_id"] == prompt_id
ws.close()
history = json.loads(urllib.request.urlopen(f"{url}/history/{prompt_id}").read())[prompt_id]
saved = history["outputs"]["9"]["images"][0]
query = urllib.parse.urlencode({"filename": saved["filename"], "subfolder": saved["subfolder"], "type": saved["type"]})
assert Image.open(io.BytesIO(urllib.request.urlopen(f"{url}/view?{query}").read())).size == (128, 128)
