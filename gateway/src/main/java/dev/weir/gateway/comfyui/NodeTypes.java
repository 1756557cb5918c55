package dev.weir.gateway.comfyui;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The classes of nodes that are compiled; ComfyUI's {@code nodes.py}. Stateless. */
final class NodeTypes {

    private static final BigInteger MOST_SEED =
            BigInteger.ONE.shiftLeft(Long.SIZE).subtract(BigInteger.ONE);
    private static final int MOST_SIDE = 16_384;
    private static final int MOST_STEPS = 10_000;
    private static final int MOST_BATCH = 4096;
    private static final String CONDITIONING = "CONDITIONING";

    static final Map<String, NodeType> ALL = index(List.of(
            NodeType.of("CheckpointLoaderSimple", "loaders")
                    .choice("ckpt_name", Offer::checkpoints)
                    .gives("MODEL", "CLIP", "VAE"),
            NodeType.of("CLIPTextEncode", "conditioning")
                    .text("text", "")
                    .link("clip")
                    .gives(CONDITIONING),
            NodeType.of("EmptyLatentImage", "latent")
                    .whole("width", 512, 16, MOST_SIDE)
                    .whole("height", 512, 16, MOST_SIDE)
                    .whole("batch_size", 1, 1, MOST_BATCH)
                    .gives("LATENT"),
            NodeType.of("KSampler", "sampling")
                    .link("model")
                    .whole("seed", 0, 0, MOST_SEED)
                    .whole("steps", 20, 1, MOST_STEPS)
                    .real("cfg", 8, 0, 100)
                    .choice("sampler_name", Offer::samplers)
                    .choice("scheduler", Offer::schedulers)
                    .links(CONDITIONING, "positive", "negative")
                    .links("LATENT", "latent_image")
                    .real("denoise", 1, 0, 1)
                    .gives("LATENT"),
            NodeType.of("VAEDecode", "latent")
                    .links("LATENT", "samples")
                    .link("vae")
                    .gives("IMAGE"),
            NodeType.of("SaveImage", "image")
                    .links("IMAGE", "images")
                    .text("filename_prefix", "ComfyUI")
                    .ends(),
            NodeType.of("PreviewImage", "image").links("IMAGE", "images").ends(),
            NodeType.of("SaveImageWebsocket", "api/image")
                    .links("IMAGE", "images")
                    .ends(),
            // Clients ask at their start which files these have. There are none: a checkpoint has all its parts.
            NodeType.of("VAELoader", "loaders").choice("vae_name", Offer::none).gives("VAE"),
            NodeType.of("UNETLoader", "advanced/loaders")
                    .choice("unet_name", Offer::none)
                    .choice("weight_dtype", "default")
                    .gives("MODEL"),
            NodeType.of("CLIPLoader", "advanced/loaders")
                    .choice("clip_name", Offer::none)
                    .choice("type", "stable_diffusion")
                    .gives("CLIP"),
            NodeType.of("DualCLIPLoader", "advanced/loaders")
                    .choice("clip_name1", Offer::none)
                    .choice("clip_name2", Offer::none)
                    .choice("type", "sdxl")
                    .gives("CLIP")));

    private NodeTypes() {}

    static Optional<NodeType> find(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    private static Map<String, NodeType> index(List<NodeType> types) {
        Map<String, NodeType> byName = new LinkedHashMap<>();
        types.forEach(type -> byName.put(type.name(), type));
        return byName;
    }
}
