"""Packs what a machine without a network needs to train into one small file, or unpacks it there.

    python travel.py --work work --text ../default --out travel.tar.xz      # here
    tar xf travel.tar.xz -C work                                            # there: --work work --text work/text

Pictures travel at 128 x 128 (the upsampler needs 256: pack fewer sets with --size 256); the text encoder's embedding rows
that no caption uses are zeroed, which xz turns into nothing.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from transformers import AutoTokenizer

from pictures import Pictures

HERE = Path(__file__).parent
EMBEDDINGS = "embeddings.word_embeddings.weight"


def used_tokens(tokenizer, manifest):
    """Every token of a name, a keyword, or anything that captions.py and nouns.txt spell out."""
    spelt = [(HERE / name).read_text() for name in ("captions.py", "nouns.txt", "prompts.txt")]
    spelt += [" ".join([m["words"], *m["keywords"]]) for m in manifest]
    ids = {i for text in spelt for line in text.splitlines() for i in tokenizer(line)["input_ids"]}
    return torch.tensor(sorted(ids))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--text", type=Path, required=True, help="a model folder with text_encoder/ and tokenizer/")
    p.add_argument("--sets", nargs="*", default=["noto", "twemoji", "fluent-emoji-flat"])
    p.add_argument("--size", type=int, default=128)
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    pictures = Pictures(a.work)
    rows = [i for i, m in enumerate(pictures.manifest) if m["set"] in a.sets]
    manifest = [pictures.manifest[i] for i in rows]
    packed = np.stack([(pictures.layer(i, a.size) * 255).round().byte().permute(1, 2, 0).numpy() for i in rows])
    weights = load_file(a.text / "text_encoder" / "model.safetensors")
    kept = used_tokens(AutoTokenizer.from_pretrained(a.text / "tokenizer"), manifest)
    trimmed = torch.zeros_like(weights[EMBEDDINGS])
    trimmed[kept] = weights[EMBEDDINGS][kept]
    weights[EMBEDDINGS] = trimmed
    with tarfile.open(a.out, "w:xz", preset=2) as tar:
        def add(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

        array = io.BytesIO()
        np.save(array, packed)
        add("pictures.npy", array.getvalue())
        add("manifest.json", json.dumps(manifest).encode())
        add("text/text_encoder/model.safetensors", save(weights, metadata={"format": "pt"}))
        for part in ("text_encoder/config.json", "tokenizer/tokenizer.json", "tokenizer/tokenizer_config.json"):
            add(f"text/{part}", (a.text / part).read_bytes())
        for file in (a.work / "vae").iterdir():
            add(f"vae/{file.name}", file.read_bytes())
    print(f"{len(rows)} pictures, {len(kept)} tokens: {a.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
