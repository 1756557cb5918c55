package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.Denoiser;
import dev.weir.engine.DirectCodec;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.GuidanceEmbedding;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** One family of pipelines. The only class that knows its name. Stateless; any thread. */
public interface PipelineType {

    /** The names that diffusers gives its pipelines, that of text to image first. */
    List<String> classNames();

    /** Whether it runs a folder with a pipeline of one of these names; other types may have the same. */
    default boolean fits(PipelineIndex index) {
        return true;
    }

    /** What it runs, for people: {@code text-to-image models of ...}. */
    String about();

    /** The parts that generate an image, in the order of use. */
    List<Component> components();

    /** Keys of model_index.json on which the pictures of a request, or what it may ask for, depend. */
    default List<String> settings() {
        return List.of();
    }

    /** Components that its folders have and that it does not run. */
    default Set<String> unused() {
        return Set.of();
    }

    /** Its text encoders. Where there are several, see {@link #joined}. */
    List<TextPart> texts();

    /** Whether all texts have one length for its denoiser, so that prompts in ComfyUI's syntax do not grow with their texts. */
    default boolean readsOneRow() {
        return false;
    }

    /** What the denoiser takes of what its text encoders, where there are several, give for a prompt. */
    default Tensors joined(PipelineIndex index, List<Tensors> parts) {
        return JoinedTextEncoder.sideBySide(parts);
    }

    /** The text encoder that its prior reads, where it has a prior. */
    default Optional<TextPart> priorText() {
        return Optional.empty();
    }

    /** The network whose embedding of a picture of zeros stands for a negative prompt that a request does not give, where one does. */
    default Optional<VisionPart> absentPrompt() {
        return Optional.empty();
    }

    /** What adds noise to the embedding that its prior makes, where it does. */
    default Optional<VisionPart.Noise> priorNoise() {
        return Optional.empty();
    }

    /** The network with which it sees a request's picture as CLIP does, where it has one. */
    default Optional<VisionPart> vision() {
        return Optional.empty();
    }

    /** The folder of the classifier whose gradient guides its main diffusing stage, where it has one. */
    default Optional<String> classifier() {
        return components().stream()
                .filter(component -> component.use() == Component.Use.CLASSIFIER)
                .map(Component::folder)
                .findFirst();
    }

    /** Why its networks run on libtorch alone; empty: they run on both engines. */
    default Optional<String> onlyOnLibtorch() {
        return classifier()
                .map(folder -> "a classifier guides a model, and its gradient is one that only libtorch computes");
    }

    /** Throws {@link dev.weir.engine.ModelException} naming the file and key, or the parts that do not fit each other. */
    Pipeline describe(PipelineIndex index, ModelSettings settings);

    /** Whether a stage reads an absent negative prompt as the empty one where another has zeros for it. */
    default boolean readsEmptyPrompt(PipelineIndex index) {
        return false;
    }

    /** The scheduler as the pipeline uses it: of the class that model_index.json names. Some change more of what the file says. */
    default SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return file.as(indexClass);
    }

    /** A part's configuration as the pipeline uses it: some change what the file says. */
    default JsonNode configured(String component, JsonNode file) {
        return file;
    }

    /** Whether a network of a few-step model takes the guidance scale itself, and so needs no negative prompt. */
    default boolean embedsGuidance(List<NetworkInput> taken) {
        return GuidanceEmbedding.width(taken).isPresent();
    }

    /** Whether a guidance scale of 0 is none, because it counts from what the network says of the prompt. Elsewhere 1 is none. */
    default boolean guidesFromPrompt() {
        return false;
    }

    /** How many channels the samples of its prior have: a vector has as many numbers. */
    default int priorChannels(ComponentConfig network) {
        return TextPrior.width(network);
    }

    /** The shape of what its prior makes for a picture of some size: a vector, in most families. */
    default LatentShape made(int channels, int height, int width) {
        return new LatentShape(channels, 1, 1);
    }

    /** The network of a diffusing stage. Some families make it of several parts. */
    default Denoiser network(StageSpec stage, Parts parts) {
        return parts.denoiser(stage.network());
    }

    /** The steps of requests that name none. */
    default int steps(PipelineIndex index) {
        return 20;
    }

    /**
     * How pictures come of samples of so many channels without a network; empty where an autoencoder makes them.
     */
    default Optional<Pixels> pixels(int channels) {
        return Optional.empty();
    }

    /** The codec of samples that are shown without a network; empty where an autoencoder shows them. */
    default Optional<DirectCodec> codec(PipelineIndex index, int channels) {
        return pixels(channels).map(pixels -> pixels);
    }

    /** Whether its samples have one shape, whatever the size of their pictures. */
    default boolean hasOneShape() {
        return false;
    }

    /**
     * What a stage that sees a request's pictures is given of them. Reads and resizes; it needs no network and may run on any thread.
     * Throws an IllegalArgumentException about them.
     *
     * @param scale of the autoencoder
     */
    default PictureInput input(Sight sight, int scale) {
        return sight.input();
    }

    /** What that stage gives, by names on the bus. */
    default Tensors see(PictureInput input, ImageCodec codec) {
        throw new IllegalArgumentException("these models see no pictures");
    }

    /** The same of a latent that is there already, in the denoiser's scale. */
    default Tensors see(HostTensor latent) {
        return SeenPicture.see(latent);
    }

    /** The tokens of a latent for a transformer, on which the noise levels of some schedules depend; empty for other networks. */
    default OptionalInt tokens(LatentShape latent) {
        return OptionalInt.empty();
    }

    /** The tokens of a prompt's states, where all have as many; elsewhere those of a short prompt. */
    default int promptTokens() {
        return 8;
    }

    /** The run of a sample at its start. Throws an IllegalArgumentException that names what is missing or wrong. */
    Row begin(StageSpec stage, Begin begin);
}
