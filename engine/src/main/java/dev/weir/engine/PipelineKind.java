package dev.weir.engine;

import java.util.Arrays;
import java.util.regex.Pattern;

/** What pipelines of other classes are, by the names that diffusers, optimum and others give them. First match counts. */
enum PipelineKind {
    ONNX("(Onnx|ORT).*", "an ONNX export"),
    OPENVINO("OV.*", "an OpenVINO export"),
    FLAX("Flax.*", "a Flax export"),
    CONTROLNET(".*ControlNet.*", "a pipeline with a ControlNet"),
    ADAPTER(".*Adapter.*", "a pipeline with a T2I-Adapter"),
    SDXL_INPAINTING("StableDiffusionXL.*Inpaint.*", "an SDXL inpainting model"),
    SDXL_IMAGE_TO_IMAGE("StableDiffusionXLImg2Img.*", "an image-to-image pipeline of SDXL, such as its refiner"),
    SDXL("StableDiffusionXL.*", "an SDXL pipeline that does something else than text to image"),
    STABLE_DIFFUSION_3(
            "StableDiffusion3.*",
            "a pipeline of Stable Diffusion 3 that does something else than text to image, image to image and inpainting"),
    FLUX(
            "Flux.*",
            "a pipeline of FLUX that does something else than Flux.1's text to image, image to image and inpainting"),
    Z_IMAGE(
            "ZImage.*",
            "a pipeline of Z-Image that does something else than text to image, image to image and inpainting"),
    VIDEO(
            "(StableVideoDiffusion|TextToVideo|VideoToVideo|AnimateDiff|CogVideo|Wan|LTX|Mochi|HunyuanVideo|Hunyuan.*Video|"
                    + "Latte|Allegro|SkyReels|EasyAnimate|I2VGen|PIA|Cosmos|ConsisID).*",
            "a video model"),
    AUDIO("(AudioLDM|MusicLDM|StableAudio|DanceDiffusion|AudioDiffusion|SpectrogramDiffusion).*", "an audio model"),
    TRANSFORMER(
            "(PixArt|Sana|HunyuanDiT|AuraFlow|Chroma|Lumina|CogView|HiDream|OmniGen|QwenImage|DiT|Kolors).*",
            "a transformer-based model"),
    INPAINTING(".*Inpaint.*", "an inpainting model"),
    UPSCALER(".*(Upscale|SuperResolution).*", "an upscaler"),
    VARIATION(".*ImageVariation.*", "an image variation model of another family"),
    IMAGE_TO_IMAGE(".*Img2Img.*|CycleDiffusionPipeline", "an image-to-image pipeline"),
    PANORAMA("StableDiffusionPanorama.*", "a panorama pipeline (MultiDiffusion)"),
    KANDINSKY_PRIOR(
            "KandinskyV22Prior.*",
            "the prior of Kandinsky 2.2 alone, which belongs into the folder \"prior\" of its decoder's folder"),
    KANDINSKY("Kandinsky.*", "a Kandinsky model that does something else than text to image with Kandinsky 2.2"),
    DEEPFLOYD("IF.*", "a DeepFloyd IF model"),
    CASCADE_PRIOR(
            "StableCascadePrior.*",
            "the prior of Stable Cascade alone, which belongs into the folder \"prior\" of its decoder's folder"),
    WUERSTCHEN_PRIOR(
            "WuerstchenPrior.*",
            "the prior of Wuerstchen alone, which belongs into the folder \"prior\" of its decoder's folder");

    private final Pattern className;
    private final String what;

    PipelineKind(String className, String what) {
        this.className = Pattern.compile(className);
        this.what = what;
    }

    /** What a class is that no type runs. */
    static Refusal refusal(String className) {
        return Arrays.stream(values())
                .filter(kind -> kind.className.matcher(className).matches())
                .findFirst()
                .map(kind -> kind.refused(className))
                .orElseGet(() -> Refusal.notRun("a model for the pipeline " + className));
    }

    private Refusal refused(String asked) {
        return switch (this) {
            case ONNX, OPENVINO, FLAX -> Refusal.unreadable(what);
            default -> Refusal.notRun("%s (%s)".formatted(what, asked));
        };
    }
}
