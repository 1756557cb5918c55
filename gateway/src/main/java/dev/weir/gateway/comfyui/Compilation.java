package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Flow.Kind;
import dev.weir.gateway.comfyui.Value.Chosen;
import dev.weir.gateway.comfyui.Value.Clip;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Control;
import dev.weir.gateway.comfyui.Value.ControlNet;
import dev.weir.gateway.comfyui.Value.Guider;
import dev.weir.gateway.comfyui.Value.Latent;
import dev.weir.gateway.comfyui.Value.LoraUse;
import dev.weir.gateway.comfyui.Value.Mask;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Noise;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.comfyui.Value.Sigmas;
import dev.weir.gateway.comfyui.Value.Told;
import dev.weir.gateway.comfyui.Value.Unfinished;
import dev.weir.gateway.comfyui.Value.UpscaleModel;
import dev.weir.gateway.comfyui.Value.Vae;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Follows the links of a graph that {@link Validation} has passed, and folds it into the fields of one request. What ComfyUI computes
 * and Weir does not is refused by the node and the input. Any thread.
 */
final class Compilation {

    private static final String MISFIT =
            "is not computed: the latent of a sampler can be decoded, or resized once for another sampler, and its pictures"
                    + " can be shown and saved as they are, or scaled and encoded for another sampler; masks are for encoded"
                    + " uploads";

    private final Graph graph;
    private final Offer offer;
    private final Parts parts;
    private final Map<String, List<Value>> values = new HashMap<>();

    Compilation(Graph graph, Offer offer) {
        this.graph = graph;
        this.offer = offer;
        this.parts = new Parts(offer);
    }

    /** The pictures of a sampler that an end of the graph shows or saves. Throws {@link RefusedNodeException}. */
    Scaled pictures(String output) {
        Node node = graph.node(output);
        Scaled shown = picture(node, "images");
        if (shown.file().isPresent()) {
            throw new RefusedNodeException(
                    node, "images", "is an uploaded image: only pictures of a sampler can be shown and saved");
        }
        return shown;
    }

    private <T extends Value> T value(Node node, String input, Class<T> type) {
        Link link = node.link(input).orElseThrow();
        Value value = values(graph.node(link.node())).get(link.slot());
        if (value instanceof Unfinished && type != Unfinished.class) {
            throw new RefusedNodeException(
                    node, input, "has noise left: only a KSamplerAdvanced with the model's refiner can go on with it");
        }
        if (!type.isInstance(value)) {
            throw new RefusedNodeException(node, input, MISFIT);
        }
        return type.cast(value);
    }

    private List<Value> values(Node node) {
        List<Value> known = values.get(node.id());
        if (known == null) {
            known = made(node);
            values.put(node.id(), known);
        }
        return known;
    }

    private List<Value> made(Node node) {
        return switch (node.type().name()) {
            case "CheckpointLoaderSimple" -> parts.checkpoint(node);
            case "UNETLoader" -> List.of(Model.of(parts.part(node, "unet_name"), false));
            case "CLIPLoader" -> List.of(parts.clip(node, Kind.Z_IMAGE, "clip_name"));
            case "DualCLIPLoader" -> List.of(parts.clip(node, Kind.FLUX, "clip_name1", "clip_name2"));
            case "TripleCLIPLoader" ->
                List.of(parts.clip(node, Kind.STABLE_DIFFUSION_3, "clip_name1", "clip_name2", "clip_name3"));
            case "VAELoader" -> List.of(new Vae(parts.part(node, "vae_name")));
            case "ModelSamplingFlux" -> List.of(model(node).with(Flow.fluxTable(node, parts.card(node, model(node)))));
            case "ModelSamplingSD3" -> List.of(shifted(node, Kind.STABLE_DIFFUSION_3));
            case "ModelSamplingAuraFlow" -> List.of(shifted(node, Kind.Z_IMAGE));
            case "LoraLoader" ->
                List.of(
                        model(node).with(lora(node, "strength_model")),
                        clip(node).with(lora(node, "strength_clip")));
            case "LoraLoaderModelOnly" -> List.of(model(node).with(lora(node, "strength_model")));
            case "CLIPSetLastLayer" ->
                List.of(new Clip(
                        clip(node).model(),
                        clip(node).loras(),
                        node.whole("stop_at_clip_layer"),
                        clip(node).refines()));
            case "CLIPTextEncode" -> List.of(Conditioning.of(clip(node), node.text("text"), Map.of()));
            case "CLIPTextEncodeSDXL" -> List.of(sdxl(node));
            case "CLIPTextEncodeSDXLRefiner" ->
                List.of(Conditioning.of(clip(node), node.text("text"), Map.of())
                        .with(new Told(
                                node.whole("width"),
                                node.whole("height"),
                                node.number("ascore").doubleValue())));
            case "CLIPTextEncodeFlux" ->
                List.of(Conditioning.of(clip(node), Flow.oneText(node, "t5xxl", "clip_l"), Map.of())
                        .guidedBy(node));
            case "CLIPTextEncodeSD3" -> List.of(sd3(node));
            case "FluxGuidance" -> List.of(conditioning(node, "conditioning").guidedBy(node));
            case "ConditioningCombine" ->
                List.of(Conditionings.combined(
                        node, conditioning(node, "conditioning_1"), conditioning(node, "conditioning_2")));
            case "ConditioningConcat" ->
                List.of(Conditionings.inSequence(
                        node, conditioning(node, "conditioning_to"), conditioning(node, "conditioning_from")));
            case "ConditioningAverage" ->
                List.of(Conditionings.average(
                        node, conditioning(node, "conditioning_to"), conditioning(node, "conditioning_from")));
            case "ConditioningSetTimestepRange" ->
                List.of(Conditionings.during(node, conditioning(node, "conditioning")));
            case "ConditioningZeroOut" ->
                List.of(conditioning(node, "conditioning").zero());
            case "ControlNetLoader" -> List.of(new ControlNet(Offer.stem(node.text("control_net_name"))));
            case "ControlNetApply" -> List.of(conditioning(node, "conditioning").with(control(node, true)));
            case "ControlNetApplyAdvanced" -> {
                Control control = control(node, false);
                yield List.of(
                        conditioning(node, "positive").with(control),
                        conditioning(node, "negative").with(control));
            }
            case "LoadImage" -> loaded(node);
            case "LoadImageMask" -> List.of(Uploads.mask(node, upload(node), node.text("channel")));
            case "ImageScale" -> List.of(scaled(node));
            case "ImageScaleBy" -> List.of(scaledBy(node));
            case "UpscaleModelLoader" ->
                List.of(new UpscaleModel(offer.upscaler(node.text("model_name"))
                        .orElseThrow(() ->
                                new RefusedNodeException(node, "model_name", "no node has this upscaler any more"))));
            case "ImageUpscaleWithModel" ->
                List.of(picture(node, "image")
                        .by(
                                node,
                                value(node, "upscale_model", UpscaleModel.class).file()));
            case "EmptyLatentImage", "EmptySD3LatentImage" -> {
                String size = node.whole("width") + "x" + node.whole("height");
                yield List.of(Latent.of(node, "", size, node.whole("batch_size"), Optional.empty()));
            }
            case "VAEEncode" -> List.of(encoded(node));
            case "VAEEncodeForInpaint" -> List.of(encoded(node).with(value(node, "mask", Mask.class)));
            case "SetLatentNoiseMask" -> List.of(masked(node));
            case "InpaintModelConditioning" ->
                List.of(
                        conditioning(node, "positive"),
                        conditioning(node, "negative"),
                        encoded(node).with(value(node, "mask", Mask.class)));
            case "RepeatLatentBatch" ->
                List.of(value(node, "samples", Latent.class).times(node.whole("amount")));
            case "LatentUpscale" -> List.of(LatentSizes.upscaled(node, value(node, "samples", Sampled.class)));
            case "LatentUpscaleBy" -> List.of(LatentSizes.upscaledBy(node, value(node, "samples", Sampled.class)));
            case "KSampler", "KSamplerAdvanced" -> List.of(sampled(node));
            case "RandomNoise" -> List.of(new Noise(node));
            case "BasicGuider" -> {
                Conditioning conditioning = conditioning(node, "conditioning");
                yield List.of(new Guider(node, model(node), conditioning, conditioning));
            }
            case "CFGGuider" ->
                List.of(new Guider(node, model(node), conditioning(node, "positive"), conditioning(node, "negative")));
            case "KSamplerSelect" -> List.of(new Chosen(node));
            case "BasicScheduler" -> List.of(new Sigmas(node, model(node)));
            case "SamplerCustom" -> twice(ofParts(node));
            case "SamplerCustomAdvanced" -> twice(ofMoreParts(node));
            case "VAEDecode" -> {
                Sampled samples = value(node, "samples", Sampled.class);
                Sampling.requireSame(node, "vae", vae(node), samples.model());
                yield List.of(samples);
            }
            default ->
                throw new RefusedNodeException(
                        node,
                        "",
                        "Weir does not compute the class " + node.type().name());
        };
    }

    /** Another sampler may follow a sampler at once. A refiner goes on with what one has left. */
    private Value sampled(Node node) {
        Link link = node.link("latent_image").orElseThrow();
        Value latent = values(graph.node(link.node())).get(link.slot());
        Conditioning positive = conditioning(node, "positive");
        Conditioning negative = conditioning(node, "negative");
        if (latent instanceof Unfinished unfinished) {
            return new Refinement(node, unfinished).refined(model(node), positive, negative);
        }
        return new Sampling(SamplerInputs.of(node), model(node), offer).sampled(positive, negative, begins(node));
    }

    private Latent begins(Node node) {
        Link link = node.link("latent_image").orElseThrow();
        return values(graph.node(link.node())).get(link.slot()) instanceof Sampled samples
                ? LatentSizes.same(samples)
                : value(node, "latent_image", Latent.class);
    }

    /** After the last step, what a sampler makes and what it takes for x0 are the same. */
    private static List<Value> twice(Value sampled) {
        return List.of(sampled, sampled);
    }

    private Value ofParts(Node node) {
        if (!node.text("add_noise").equals("true")) {
            throw new RefusedNodeException(node, "add_noise", "only true is computed");
        }
        Sigmas sigmas = value(node, "sigmas", Sigmas.class);
        Model model = model(node);
        Sampling.requireSame(node, "sigmas", sigmas.model().name(), model.name());
        SamplerInputs inputs = SamplerInputs.of(node, chosen(node), sigmas);
        Guider guider = new Guider(node, model, conditioning(node, "positive"), conditioning(node, "negative"));
        return guided(node, inputs, guider, sigmas);
    }

    private Value ofMoreParts(Node node) {
        Guider guider = value(node, "guider", Guider.class);
        Sigmas sigmas = value(node, "sigmas", Sigmas.class);
        Model model = guider.model();
        Sampling.requireSame(node, "sigmas", sigmas.model().name(), model.name());
        Node noise = value(node, "noise", Noise.class).node();
        SamplerInputs inputs = SamplerInputs.of(node, noise, guider, chosen(node), sigmas);
        return guided(node, inputs, guider, sigmas);
    }

    private Value guided(Node node, SamplerInputs inputs, Guider guider, Sigmas sigmas) {
        Model model = guider.model();
        Conditionings.requireSameLevels(node, guider, inputs.isGuided(), sigmas.model());
        return new Sampling(inputs, model.choosing(sigmas.model()), offer)
                .sampled(guider.positive(), guider.negative(), begins(node));
    }

    private Node chosen(Node node) {
        return value(node, "sampler", Chosen.class).node();
    }

    private Model model(Node node) {
        return value(node, "model", Model.class);
    }

    private Model shifted(Node node, Kind kind) {
        return model(node).with(Flow.table(node, parts.card(node, model(node)), kind));
    }

    private Clip clip(Node node) {
        return value(node, "clip", Clip.class);
    }

    private String vae(Node node) {
        return value(node, "vae", Vae.class).model();
    }

    private Conditioning conditioning(Node node, String input) {
        return value(node, input, Conditioning.class);
    }

    private static LoraUse lora(Node node, String weight) {
        return new LoraUse(
                node, Offer.stem(node.text("lora_name")), node.number(weight).doubleValue());
    }

    private Conditioning sdxl(Node node) {
        if (!node.text("text_g").equals(node.text("text_l"))) {
            throw new RefusedNodeException(node, "text_l", "must be the same as text_g: Weir has one prompt");
        }
        Map<String, String> sizes = Map.of(
                "original_size",
                node.whole("width") + "x" + node.whole("height"),
                "crop",
                node.whole("crop_w") + "," + node.whole("crop_h"),
                Sampling.SIZE,
                node.whole("target_width") + "x" + node.whole("target_height"));
        return Conditioning.of(clip(node), node.text("text_g"), sizes);
    }

    private Conditioning sd3(Node node) {
        String text = Flow.oneText(node, "t5xxl", "clip_l", "clip_g");
        if (text.isEmpty() && node.text("empty_padding").equals("none")) {
            throw new RefusedNodeException(
                    node, "empty_padding", "makes zeros of an empty text, which are not computed");
        }
        return Conditioning.of(clip(node), text, Map.of());
    }

    private Control control(Node node, boolean both) {
        Scaled picture = picture(node, "image");
        if (picture.samples().isPresent()) {
            throw new RefusedNodeException(node, "image", "is made by a sampler, and ControlNets see uploads only");
        }
        return new Control(
                node,
                value(node, "control_net", ControlNet.class).name(),
                picture,
                node.number("strength").doubleValue(),
                node.number("start_percent", "0").doubleValue(),
                node.number("end_percent", "1").doubleValue(),
                both);
    }

    private Uploads.Image upload(Node node) {
        return offer.upload(node.text("image"))
                .orElseThrow(() -> new RefusedNodeException(node, "image", "is not there any more; upload it again"));
    }

    /** A mask that is not used may be anything. */
    private List<Value> loaded(Node node) {
        Uploads.Image image = upload(node);
        Scaled picture = Scaled.of(image.file());
        boolean usesMask = graph.uses(new Link(node.id(), 1));
        return List.of(picture, usesMask ? Uploads.mask(node, image, "alpha") : picture);
    }

    /** An upload, or the pictures of a sampler. */
    private Scaled picture(Node node, String input) {
        Link link = node.link(input).orElseThrow();
        return values(graph.node(link.node())).get(link.slot()) instanceof Sampled samples
                ? Scaled.of(samples)
                : value(node, input, Scaled.class);
    }

    /** Of two sides that are 0 none changes; one of them follows from the other. */
    private Scaled scaled(Node node) {
        Scaled picture = picture(node, "image");
        long width = node.whole("width");
        long height = node.whole("height");
        if (width == 0 && height == 0) {
            return picture;
        }
        if (width == 0) {
            width = Math.max(1, (long) Math.rint(picture.width() * height / (double) picture.height()));
        } else if (height == 0) {
            height = Math.max(1, (long) Math.rint(picture.height() * width / (double) picture.width()));
        }
        return picture.to(node, width, height, node.text("crop").equals("center"));
    }

    /** Python rounds halves to even. */
    private Scaled scaledBy(Node node) {
        Scaled picture = picture(node, "image");
        double factor = node.number("scale_by").doubleValue();
        return picture.to(
                node, (long) Math.rint(picture.width() * factor), (long) Math.rint(picture.height() * factor), false);
    }

    private Latent encoded(Node node) {
        Scaled picture = picture(node, "pixels");
        Scaled encoded = picture.encoded();
        if (Math.min(encoded.width(), encoded.height()) < 1) {
            throw tooSmall(graph.node(node.link("pixels").orElseThrow().node()), picture);
        }
        String size = encoded.width() + "x" + encoded.height();
        int count = picture.samples().map(Sampled::count).orElse(1);
        return Latent.of(node, vae(node), size, count, Optional.of(picture));
    }

    /** About the node that made the image so small. */
    private static RefusedNodeException tooSmall(Node from, Scaled picture) {
        String side = picture.width() <= picture.height() ? "width" : "height";
        return new RefusedNodeException(
                from,
                from.has("scale_by") ? "scale_by" : from.has(side) ? side : "image",
                "makes an image of %dx%d; to be encoded, its sides need at least 8 pixels"
                        .formatted(picture.width(), picture.height()));
    }

    private Latent masked(Node node) {
        Latent latent = value(node, "samples", Latent.class);
        if (latent.image().isEmpty()) {
            throw new RefusedNodeException(node, "samples", "must be of an image that is encoded");
        }
        return latent.with(value(node, "mask", Mask.class));
    }
}
