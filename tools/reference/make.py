"""Makes every fixture, or those named: python make.py [KIND …], each of KINDS."""

import importlib
import sys

KINDS = ["noise", "cuda_noise", "samplers", "pndm", "schedulers", "comfy_schedules", "comfy_flows", "other_schedulers", "checkpoints", "clip", "unets", "autoencoders", "unet2d", "pixel", "token_ids", "captions", "added_tokens", "ftfy_cases", "pictures", "picture_files", "latent_sizes", "comfy_pictures", "pipeline", "published", "beside", "sdxl", "sdxl_refiner", "comfy_refiner", "images", "fills", "second_pass", "few_step", "guidance_interval", "instruct_pix2pix", "variations", "priors", "kandinsky", "karlo", "stable_cascade", "wuerstchen", "lora", "control", "t2i_adapter", "ip_adapter", "t5", "flux", "sd3", "comfy_flow_pictures", "transformer_loras", "deepfloyd", "dit", "ldm", "adm", "glide", "pvd", "pixart", "words", "comfy_conditionings", "single_files", "pickles", "upscalers", "starter"]

if __name__ == "__main__":
    for kind in sys.argv[1:] or KINDS:
        print(kind, flush=True)
        importlib.import_module(kind).main()
