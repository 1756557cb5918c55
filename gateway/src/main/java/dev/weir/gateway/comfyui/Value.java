package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.comfyui.Phrase.During;
import dev.weir.proto.v1.FlowTable;
import dev.weir.proto.v1.Refining;
import dev.weir.proto.v1.Upscaler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What flows along the links of a graph while it is compiled: not tensors, but how they would be made. Immutable. */
sealed interface Value
        permits Value.Model,
                Value.Clip,
                Value.Vae,
                Value.ControlNet,
                Value.UpscaleModel,
                Value.Conditioning,
                Value.Mask,
                Value.Noise,
                Value.Guider,
                Value.Chosen,
                Value.Sigmas,
                Value.Latent,
                Value.Sampled,
                Value.Unfinished,
                Scaled {

    /**
     * @param refines whether it is the refiner of the model of that name
     * @param table the noise levels of a flow that a node says
     */
    record Model(String name, List<LoraUse> loras, boolean refines, Optional<FlowTable> table) implements Value {

        static Model of(String name, boolean refines) {
            return new Model(name, List.of(), refines, Optional.empty());
        }

        Model with(LoraUse lora) {
            return new Model(name, plus(loras, lora), refines, table);
        }

        Model with(FlowTable other) {
            return new Model(name, loras, refines, Optional.of(other));
        }

        /** Sampled by noise levels of another one. */
        Model choosing(Model levels) {
            return new Model(name, loras, refines, levels.table);
        }
    }

    /**
     * @param lastLayer as {@code CLIPSetLastLayer} counts it; 0: the model's own
     * @param refines whether it is that of the model's refiner
     */
    record Clip(String model, List<LoraUse> loras, int lastLayer, boolean refines) implements Value {

        static Clip of(String model, boolean refines) {
            return new Clip(model, List.of(), 0, refines);
        }

        Clip with(LoraUse lora) {
            return new Clip(model, plus(loras, lora), lastLayer, refines);
        }
    }

    record Vae(String model) implements Value {}

    /** A file, as a node adds it to a model. */
    record LoraUse(Node node, String name, double weight) {}

    record ControlNet(String name) implements Value {}

    record UpscaleModel(Upscaler file) implements Value {}

    /** @param both whether it steers the negative prompt too */
    record Control(Node node, String net, Scaled image, double strength, double start, double end, boolean both) {}

    /**
     * @param phrases that are combined
     * @param sizes what SDXL is told besides the text, by Weir's fields
     * @param told what a refiner is told besides the text; empty: as where nobody says it
     * @param guidance the node that says the scale that a network takes itself
     */
    record Conditioning(
            Clip clip,
            List<During> phrases,
            Map<String, String> sizes,
            List<Control> controls,
            Optional<Told> told,
            Optional<Node> guidance)
            implements Value {

        static Conditioning of(Clip clip, String text, Map<String, String> sizes) {
            return new Conditioning(
                    clip,
                    List.of(During.all(new Phrase.Text(text))),
                    sizes,
                    List.of(),
                    Optional.empty(),
                    Optional.empty());
        }

        Conditioning of(List<During> others) {
            return new Conditioning(clip, List.copyOf(others), sizes, controls, told, guidance);
        }

        Conditioning with(Control control) {
            return new Conditioning(clip, phrases, sizes, plus(controls, control), told, guidance);
        }

        Conditioning with(Told more) {
            return new Conditioning(clip, phrases, sizes, controls, Optional.of(more), guidance);
        }

        Conditioning zero() {
            return of(phrases.stream()
                    .map(each -> new During(new Phrase.Zero(), each.start(), each.end()))
                    .toList());
        }

        boolean hasZeros() {
            return phrases.stream().anyMatch(During::isZero);
        }

        /** Whether it is zeros at all steps. */
        boolean isZero() {
            return phrases.size() == 1 && hasZeros() && phrases.get(0).isAll();
        }

        Conditioning guidedBy(Node node) {
            return new Conditioning(clip, phrases, sizes, controls, told, Optional.of(node));
        }
    }

    /** What a refiner is told of a picture. */
    record Told(int width, int height, double score) {}

    record Mask(ReadImage.Fine file) implements Value {}

    /** {@code RandomNoise}. */
    record Noise(Node node) implements Value {}

    /** @param negative of one that has none the positive one, and its scale is 1 */
    record Guider(Node node, Model model, Conditioning positive, Conditioning negative) implements Value {}

    /** {@code KSamplerSelect}. */
    record Chosen(Node node) implements Value {}

    /** {@code BasicScheduler}. @param model whose noise levels it chooses from */
    record Sigmas(Node node, Model model) implements Value {}

    /**
     * What a sampler begins with.
     *
     * @param from the node with its size
     * @param vae of the checkpoint that encodes the image; empty where there is no image
     * @param size of Weir's request
     * @param earlier what an earlier sampler has made
     */
    record Latent(
            Node from,
            String vae,
            String size,
            int count,
            Optional<Scaled> image,
            Optional<Mask> mask,
            Optional<Resized> earlier)
            implements Value {

        static Latent of(Node from, String vae, String size, int count, Optional<Scaled> image) {
            return new Latent(from, vae, size, count, image, Optional.empty(), Optional.empty());
        }

        Latent with(Mask noise) {
            return new Latent(from, vae, size, count, image, Optional.of(noise), earlier);
        }

        /** A count that is too large for an int is its largest value, which requests refuse. */
        Latent times(int factor) {
            int product = (int) Math.min(Integer.MAX_VALUE, (long) count * factor);
            return new Latent(from, vae, size, product, image, mask, earlier);
        }
    }

    /**
     * The latents of a sampler at another size.
     *
     * @param method as {@code upscale_method} names it; Weir's name is the same
     * @param crops whether only the middle that has the proportions of the new size is used
     */
    record Resized(Sampled of, String method, boolean crops) {}

    /**
     * What a sampler makes, and the pictures that are decoded from it.
     *
     * @param fields of Weir's request; of one that begins with the latent of an earlier sampler, for one image
     * @param places where messages about these fields belong in the graph, by field
     * @param size of the images
     * @param count of the images
     * @param begins what it begins with, where that is of an earlier sampler
     * @param image that it begins with, as it is encoded
     * @param controls the pictures of its ControlNets, as these see them
     * @param refined what a refiner does of it
     * @param phrases the prompt, where it is more than one text
     * @param negatives the same of the negative prompt
     * @param table the noise levels of a flow that a node says
     */
    record Sampled(
            Node sampler,
            String model,
            Map<String, Object> fields,
            Map<String, Place> places,
            String size,
            int count,
            Optional<Resized> begins,
            Optional<Scaled> image,
            List<Scaled> controls,
            Optional<Refined> refined,
            List<During> phrases,
            List<During> negatives,
            Optional<FlowTable> table)
            implements Value {

        /** The nodes that sample it, in their order. */
        List<Node> samplers() {
            return refined.map(more -> List.of(sampler, more.sampler())).orElse(List.of(sampler));
        }

        Node lastSampler() {
            return samplers().get(samplers().size() - 1);
        }

        Sampled by(Refined refiner) {
            return new Sampled(
                    sampler,
                    model,
                    fields,
                    places,
                    size,
                    count,
                    begins,
                    image,
                    controls,
                    Optional.of(refiner),
                    phrases,
                    negatives,
                    table);
        }

        /** What it begins with: the latents or the pictures of another sampler. */
        private Optional<Sampled> before() {
            return begins.map(Resized::of).or(() -> image.flatMap(Scaled::samples));
        }

        /** What the samplers up to this one make, in their order. */
        List<Sampled> passes() {
            return plus(before().map(Sampled::passes).orElse(List.of()), this);
        }
    }

    /** What the refiner of a model does, and the node that says so. */
    record Refined(Node sampler, Refining refining) {}

    /**
     * What a sampler has made that stops before its last step: noise is left.
     *
     * @param end the step at which it stops
     */
    record Unfinished(Sampled begun, int end, Conditioning positive, Conditioning negative) implements Value {}

    /** An input of a node. */
    record Place(String node, String input) {}

    private static <T> List<T> plus(List<T> list, T more) {
        List<T> longer = new ArrayList<>(list);
        longer.add(more);
        return List.copyOf(longer);
    }
}
