"""Assembles the model folder that ships: fp16 safetensors in diffusers' layout."""

import argparse
import json
import shutil
from pathlib import Path

from diffusers import DDIMScheduler, UNet2DConditionModel

import train_unet
import train_upsampler
from checkpoint import Ema, load

HERE = Path(__file__).parent
UPSAMPLER_NOISE_LEVEL = 50


def write_stage(checkpoint, config, folder):
    """A UNet's averaged weights and its schedule, as diffusers keeps them."""
    unet = UNet2DConditionModel(**config)
    ema = Ema(unet, 0)
    load(checkpoint, ema=ema)
    ema.copy_to(unet)
    unet.half().save_pretrained(folder / "unet")
    DDIMScheduler(
        beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", timestep_spacing="trailing", clip_sample=False,
    ).save_pretrained(folder / "scheduler")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--text", type=Path, required=True, help="a model folder with text_encoder/ and tokenizer/")
    p.add_argument("--out", type=Path, default=HERE.parent / "default")
    a = p.parse_args()
    for part in ("text_encoder", "tokenizer"):
        if (a.text / part).resolve() != (a.out / part).resolve():
            shutil.copytree(a.text / part, a.out / part, dirs_exist_ok=True, copy_function=shutil.copyfile)
    shutil.copytree(a.work / "vae", a.out / "vae", dirs_exist_ok=True)
    config = json.loads((a.out / "vae" / "config.json").read_text())
    config.pop("_name_or_path", None)  # a path of the machine that trained it
    (a.out / "vae" / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_stage(a.work / "unet.pt", train_unet.CONFIG, a.out)
    if (a.work / "upsampler.pt").exists():
        write_stage(a.work / "upsampler.pt", train_upsampler.CONFIG, a.out / "upsampler")
        settings = {"defaults": {"upsampler_steps": 8, "upsampler_noise_level": UPSAMPLER_NOISE_LEVEL}}
        (a.out / "weir.json").write_text(json.dumps(settings, indent=2) + "\n")
    index = {
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.2",
        "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "BertModel"],
        "tokenizer": ["transformers", "BertTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"], "safety_checker": [None, None], "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }
    (a.out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    size = sum(f.stat().st_size for f in a.out.rglob("*") if f.is_file())
    print(f"{a.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
