package dev.weir.engine.pipeline;

import dev.weir.engine.sampler.StrengthCount;
import java.util.List;
import java.util.stream.Stream;

/**
 * A stage of a workflow.
 *
 * @param name unique within the model
 * @param components the folders of its parts; of a diffusing stage the network's, then its scheduler's, and then those of other networks,
 *     or the scheduler's that adds noise to what the network sees beside its sample, where that is another one
 * @param reduction by how much its picture is smaller than the request's in each direction; 1: as large
 * @param ownSteps the steps of a network that samples as it was published; 0: it samples as the request says
 * @param ownGuidance the guidance scale of such a network, in requests that are guided; 0: the request's
 * @param takesOver whether it does the rest of the schedule of the diffusing stage before it, from where the request says
 * @param strengthCount how many steps a run does that begins with a picture
 * @param guidedRows network rows of a step with guidance, where the network does not take the guidance scale itself
 * @param isPrior whether it makes an embedding, a vector, of the prompt, and samples as a request's {@code prior_steps} and {@code
 *     prior_guidance_scale} say
 * @param ofPixels whether its samples are RGB pixels, whatever later stages make
 */
public record StageSpec(
        String name,
        Role role,
        List<String> components,
        List<Port> takes,
        List<Port> gives,
        int reduction,
        int ownSteps,
        float ownGuidance,
        boolean takesOver,
        StrengthCount strengthCount,
        int guidedRows,
        boolean isPrior,
        boolean ofPixels) {

    private static final int PROMPT_AND_NEGATIVE = 2;

    /** Of a picture as large as the request's, sampled as the request says. */
    StageSpec(String name, Role role, List<String> components, List<Port> takes, List<Port> gives) {
        this(
                name,
                role,
                components,
                takes,
                gives,
                1,
                0,
                0,
                false,
                StrengthCount.WHOLE_STEPS,
                PROMPT_AND_NEGATIVE,
                false,
                false);
    }

    static StageSpec encode(List<String> components) {
        return new StageSpec("text-encoder", Role.ENCODE, components, List.of(), List.of(Port.COND, Port.UNCOND));
    }

    /** Makes a latent of the prompts alone. */
    static StageSpec diffuse(String network, String... schedulers) {
        List<String> parts =
                Stream.concat(Stream.of(network), Stream.of(schedulers)).toList();
        return new StageSpec("denoiser", Role.DIFFUSE, parts, List.of(Port.COND, Port.UNCOND), List.of(Port.LATENT));
    }

    /** Makes the embedding of a picture of the prompt. */
    static StageSpec prior(String network, String scheduler) {
        List<String> parts = List.of(network, scheduler);
        return new StageSpec("prior", Role.DIFFUSE, parts, List.of(Port.COND), List.of(Port.LATENT)).asPrior();
    }

    /**
     * Makes a larger picture of the one that the diffusing stage before it made, on its own schedule.
     *
     * @param name unique within the model
     */
    static StageSpec enlarge(String name, String... parts) {
        return new StageSpec(
                name, Role.DIFFUSE, List.of(parts), List.of(Port.COND, Port.UNCOND, Port.LATENT), List.of(Port.LATENT));
    }

    /** Does the rest of the schedule of the diffusing stage before it. */
    static StageSpec refine(String network, String scheduler) {
        return enlarge("refiner", network, scheduler).takingOver();
    }

    /** Sees the picture of a request as CLIP does. */
    static StageSpec embed(List<String> components) {
        return new StageSpec("vision-encoder", Role.ENCODE, components, List.of(Port.INIT_IMAGE), List.of(Port.IMAGE));
    }

    /**
     * Sees the picture of a request.
     *
     * @param more files of pictures that say something about it
     */
    static StageSpec see(String autoencoder, Port... more) {
        List<Port> pictures =
                Stream.concat(Stream.of(Port.INIT_IMAGE), Stream.of(more)).toList();
        return new StageSpec("image-encoder", Role.ENCODE, List.of(autoencoder), pictures, List.of(Port.IMAGE));
    }

    /** Sees the picture of a request as its pixels: it has no parts. */
    static StageSpec seePixels() {
        return new StageSpec("image-encoder", Role.ENCODE, List.of(), List.of(Port.INIT_IMAGE), List.of(Port.IMAGE));
    }

    static StageSpec decode(String autoencoder) {
        return new StageSpec("decoder", Role.DECODE, List.of(autoencoder), List.of(Port.LATENT), List.of());
    }

    /** Of samples that are pictures already: it has no parts. */
    static StageSpec pixels() {
        return new StageSpec("decoder", Role.DECODE, List.of(), List.of(Port.LATENT), List.of());
    }

    private StageSpec asPrior() {
        return copy(
                takes, gives, reduction, ownSteps, ownGuidance, takesOver, strengthCount, guidedRows, true, ofPixels);
    }

    private StageSpec takingOver() {
        return copy(takes, gives, reduction, ownSteps, ownGuidance, true, strengthCount, guidedRows, isPrior, ofPixels);
    }

    /** The same stage, which also sees the picture of a request as CLIP does. */
    StageSpec embedding() {
        return ported(with(takes, Port.INIT_IMAGE), with(gives, Port.IMAGE));
    }

    StageSpec taking(Port port) {
        return ported(with(takes, port), gives);
    }

    StageSpec withoutText() {
        List<Port> fewer = takes.stream()
                .filter(port -> port != Port.COND && port != Port.UNCOND)
                .toList();
        return ported(fewer, gives);
    }

    private StageSpec ported(List<Port> in, List<Port> out) {
        return copy(in, out, reduction, ownSteps, ownGuidance, takesOver, strengthCount, guidedRows, isPrior, ofPixels);
    }

    private static List<Port> with(List<Port> ports, Port more) {
        return Stream.concat(ports.stream(), Stream.of(more)).toList();
    }

    StageSpec counting(StrengthCount count) {
        return copy(takes, gives, reduction, ownSteps, ownGuidance, takesOver, count, guidedRows, isPrior, ofPixels);
    }

    StageSpec guidedBy(int rows) {
        return copy(takes, gives, reduction, ownSteps, ownGuidance, takesOver, strengthCount, rows, isPrior, ofPixels);
    }

    /** The same network as it was published to sample. */
    StageSpec sampling(int steps, float guidance) {
        return copy(takes, gives, reduction, steps, guidance, takesOver, strengthCount, guidedRows, isPrior, ofPixels);
    }

    StageSpec ofRgb() {
        return copy(
                takes, gives, reduction, ownSteps, ownGuidance, takesOver, strengthCount, guidedRows, isPrior, true);
    }

    StageSpec reducedBy(int factor) {
        return copy(
                takes, gives, factor, ownSteps, ownGuidance, takesOver, strengthCount, guidedRows, isPrior, ofPixels);
    }

    private StageSpec copy(
            List<Port> in,
            List<Port> out,
            int reduced,
            int steps,
            float guidance,
            boolean over,
            StrengthCount count,
            int rows,
            boolean prior,
            boolean pixels) {
        return new StageSpec(
                name, role, components, in, out, reduced, steps, guidance, over, count, rows, prior, pixels);
    }

    /** The folder of the network of a diffusing stage. */
    public String network() {
        return components.get(0);
    }

    /** The folder of the scheduler of a diffusing stage. */
    public String scheduler() {
        return components.get(1);
    }
}
