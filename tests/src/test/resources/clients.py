"""Ordinary calls of published client libraries, unchanged: clients.py URL. An assertion that fails ends it with an error."""

import base64
import io
import sys

import huggingface_hub
import openai
import webuiapi
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
assert api.util_get_model_names() == ["default"]
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
