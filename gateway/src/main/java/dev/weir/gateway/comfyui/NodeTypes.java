package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.RequestReader;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The classes of nodes that are compiled; ComfyUI's {@code nodes.py}. Stateless. */
final class NodeTypes {

    private static final BigInteger MOST_SEED =
            BigInteger.ONE.shiftLeft(Long.SIZE).subtract(BigInteger.ONE);
    static final int MOST_SIDE = 16_384;
    private static final int MOST_STEPS = 10_000;
    static final double LEAST_CFG = 1;
    static final double MOST_CFG = 100;
    private static final String CONDITIONING = "CONDITIONING";

    private static final String MASK = "MASK";
    private static final String IMAGE = "IMAGE";
    private static final String UPSCALE_MODEL = "UPSCALE_MODEL";
    private static final String LATENT = "LATENT";
    private static final String PIXELS = "pixels";
    private static final String[] LATENT_METHODS = {"nearest-exact", "bilinear", "area", "bicubic", "bislerp"};

    private static final String[] IMAGE_METHODS = {"nearest-exact", "bilinear", "area", "bicubic", "lanczos"};

    static final Map<String, NodeType> ALL = index(
            FlowNodeTypes.all(MOST_SEED, MOST_STEPS),
            List.of(
                    NodeType.of("CheckpointLoaderSimple", "loaders")
                            .choice("ckpt_name", Offer::checkpoints)
                            .gives("MODEL", "CLIP", "VAE"),
                    NodeType.of("CLIPTextEncode", "conditioning")
                            .text("text", "")
                            .link("clip")
                            .gives(CONDITIONING),
                    NodeType.of("CLIPTextEncodeSDXL", "advanced/conditioning")
                            .link("clip")
                            .whole("width", 1024, 0, MOST_SIDE)
                            .whole("height", 1024, 0, MOST_SIDE)
                            .whole("crop_w", 0, 0, MOST_SIDE)
                            .whole("crop_h", 0, 0, MOST_SIDE)
                            .whole("target_width", 1024, 0, MOST_SIDE)
                            .whole("target_height", 1024, 0, MOST_SIDE)
                            .text("text_g", "")
                            .text("text_l", "")
                            .gives(CONDITIONING),
                    NodeType.of("CLIPTextEncodeSDXLRefiner", "advanced/conditioning")
                            .real("ascore", 6, 0, 1000)
                            .whole("width", 1024, 0, MOST_SIDE)
                            .whole("height", 1024, 0, MOST_SIDE)
                            .text("text", "")
                            .link("clip")
                            .gives(CONDITIONING),
                    NodeType.of("CLIPSetLastLayer", "conditioning")
                            .link("clip")
                            .whole("stop_at_clip_layer", -1, -24, -1)
                            .gives("CLIP"),
                    NodeType.of("ConditioningCombine", "conditioning")
                            .links(CONDITIONING, "conditioning_1", "conditioning_2")
                            .gives(CONDITIONING),
                    NodeType.of("ConditioningConcat", "conditioning")
                            .links(CONDITIONING, "conditioning_to", "conditioning_from")
                            .gives(CONDITIONING),
                    NodeType.of("ConditioningAverage", "conditioning")
                            .links(CONDITIONING, "conditioning_to", "conditioning_from")
                            .real("conditioning_to_strength", 1, 0, 1)
                            .gives(CONDITIONING),
                    NodeType.of("ConditioningSetTimestepRange", "advanced/conditioning")
                            .link("conditioning")
                            .real("start", 0, 0, 1)
                            .real("end", 1, 0, 1)
                            .gives(CONDITIONING),
                    NodeType.of("ConditioningZeroOut", "advanced/conditioning")
                            .link("conditioning")
                            .gives(CONDITIONING),
                    NodeType.of("LoraLoader", "loaders")
                            .link("model")
                            .link("clip")
                            .choice("lora_name", Offer::loras)
                            .real("strength_model", 1, -100, 100)
                            .real("strength_clip", 1, -100, 100)
                            .gives("MODEL", "CLIP"),
                    NodeType.of("LoraLoaderModelOnly", "loaders")
                            .link("model")
                            .choice("lora_name", Offer::loras)
                            .real("strength_model", 1, -100, 100)
                            .gives("MODEL"),
                    NodeType.of("ControlNetLoader", "loaders")
                            .choice("control_net_name", Offer::controlNets)
                            .gives("CONTROL_NET"),
                    NodeType.of("ControlNetApply", "conditioning/controlnet")
                            .link("conditioning")
                            .link("control_net")
                            .link("image")
                            .real("strength", 1, 0, 10)
                            .gives(CONDITIONING),
                    NodeType.of("ControlNetApplyAdvanced", "conditioning/controlnet")
                            .links(CONDITIONING, "positive", "negative")
                            .link("control_net")
                            .link("image")
                            .real("strength", 1, 0, 10)
                            .real("start_percent", 0, 0, 1)
                            .real("end_percent", 1, 0, 1)
                            .optional("vae", "VAE")
                            .gives(CONDITIONING, CONDITIONING),
                    NodeType.of("LoadImage", "image")
                            .choice("image", Offer::images)
                            .gives(IMAGE, MASK),
                    NodeType.of("LoadImageMask", "mask")
                            .choice("image", Offer::images)
                            .choice("channel", "alpha", "red", "green", "blue")
                            .gives(MASK),
                    NodeType.of("ImageScale", "image/upscaling")
                            .link("image")
                            .choice("upscale_method", IMAGE_METHODS)
                            .whole("width", 512, 0, MOST_SIDE)
                            .whole("height", 512, 0, MOST_SIDE)
                            .choice("crop", "disabled", "center")
                            .gives(IMAGE),
                    NodeType.of("ImageScaleBy", "image/upscaling")
                            .link("image")
                            .choice("upscale_method", IMAGE_METHODS)
                            .real("scale_by", 1, 0.01, 8)
                            .gives(IMAGE),
                    NodeType.of("UpscaleModelLoader", "loaders")
                            .choice("model_name", Offer::upscalers)
                            .gives(UPSCALE_MODEL),
                    NodeType.of("ImageUpscaleWithModel", "image/upscaling")
                            .links(UPSCALE_MODEL, "upscale_model")
                            .link("image")
                            .gives(IMAGE),
                    empty(NodeType.of("EmptyLatentImage", "latent"), 512),
                    empty(NodeType.of("EmptySD3LatentImage", "latent/sd3"), 1024),
                    NodeType.of("VAEEncode", "latent")
                            .links(IMAGE, PIXELS)
                            .link("vae")
                            .gives(LATENT),
                    NodeType.of("VAEEncodeForInpaint", "latent/inpaint")
                            .links(IMAGE, PIXELS)
                            .link("vae")
                            .link("mask")
                            .whole("grow_mask_by", 6, 0, 64)
                            .gives(LATENT),
                    NodeType.of("SetLatentNoiseMask", "latent/inpaint")
                            .links(LATENT, "samples")
                            .link("mask")
                            .gives(LATENT),
                    NodeType.of("InpaintModelConditioning", "conditioning/inpaint")
                            .links(CONDITIONING, "positive", "negative")
                            .link("vae")
                            .links(IMAGE, PIXELS)
                            .link("mask")
                            .optional("noise_mask", "BOOLEAN")
                            .gives(CONDITIONING, CONDITIONING, LATENT),
                    NodeType.of("RepeatLatentBatch", "latent/batch")
                            .links(LATENT, "samples")
                            .whole("amount", 1, 1, RequestReader.MAX_IMAGES)
                            .gives(LATENT),
                    NodeType.of("LatentUpscale", "latent")
                            .links(LATENT, "samples")
                            .choice("upscale_method", LATENT_METHODS)
                            .whole("width", 512, 0, MOST_SIDE)
                            .whole("height", 512, 0, MOST_SIDE)
                            .choice("crop", "disabled", "center")
                            .gives(LATENT),
                    NodeType.of("LatentUpscaleBy", "latent")
                            .links(LATENT, "samples")
                            .choice("upscale_method", LATENT_METHODS)
                            .real("scale_by", 1.5, 0.01, 8)
                            .gives(LATENT),
                    sampler(NodeType.of("KSampler", "sampling").link("model"), "seed")
                            .real("denoise", 1, 0, 1),
                    sampler(
                                    NodeType.of("KSamplerAdvanced", "sampling")
                                            .link("model")
                                            .choice("add_noise", "enable", "disable"),
                                    "noise_seed")
                            .whole("start_at_step", 0, 0, MOST_STEPS)
                            .whole("end_at_step", MOST_STEPS, 0, MOST_STEPS)
                            .choice("return_with_leftover_noise", "disable", "enable"),
                    NodeType.of("VAEDecode", "latent")
                            .links(LATENT, "samples")
                            .link("vae")
                            .gives(IMAGE),
                    NodeType.of("SaveImage", "image")
                            .links(IMAGE, "images")
                            .text("filename_prefix", "ComfyUI")
                            .ends(),
                    NodeType.of("PreviewImage", "image").links(IMAGE, "images").ends(),
                    NodeType.of("SaveImageWebsocket", "api/image")
                            .links(IMAGE, "images")
                            .ends()));

    private NodeTypes() {}

    private static NodeType empty(NodeType type, int side) {
        return type.whole("width", side, 16, MOST_SIDE)
                .whole("height", side, 16, MOST_SIDE)
                .whole("batch_size", 1, 1, RequestReader.MAX_IMAGES)
                .gives(LATENT);
    }

    private static NodeType sampler(NodeType type, String seed) {
        return type.whole(seed, 0, 0, MOST_SEED)
                .whole("steps", 20, 1, MOST_STEPS)
                .real("cfg", 8, LEAST_CFG, MOST_CFG)
                .choice("sampler_name", Offer::samplers)
                .choice("scheduler", Offer::schedulers)
                .links(CONDITIONING, "positive", "negative")
                .links(LATENT, "latent_image")
                .gives(LATENT);
    }

    static Optional<NodeType> find(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    private static Map<String, NodeType> index(List<NodeType> others, List<NodeType> types) {
        Map<String, NodeType> byName = new LinkedHashMap<>();
        types.forEach(type -> byName.put(type.name(), type));
        others.forEach(type -> byName.put(type.name(), type));
        return byName;
    }
}
