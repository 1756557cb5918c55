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

    public StageSpec(
            String name,
            Role role,
            List<String> components,
            List<Port> takes,
            List<Port> gives,
            int reduction,
            int ownSteps,
            boolean takesOver) {
        this(
                name,
                role,
                components,
                takes,
                gives,
                reduction,
                ownSteps,
                0,
                takesOver,
                StrengthCount.WHOLE_STEPS,
                PROMPT_AND_NEGATIVE,
                false,
                false);
    }

    static StageSpec encode(List<String> components) {
        return new StageSpec(
                "text-encoder", Role.ENCODE, components, List.of(), List.of(Port.COND, Port.UNCOND), 1, 0, false);
    }

    /** Makes a latent of the prompts alone. */
    static StageSpec diffuse(String network, String... schedulers) {
        return new StageSpec(
                "denoiser",
                Role.DIFFUSE,
                Stream.concat(Stream.of(network), Stream.of(schedulers)).toList(),
                List.of(Port.COND, Port.UNCOND),
                List.of(Port.LATENT),
                1,
                0,
                false);
    }

    /** Makes the embedding of a picture of the prompt. */
    static StageSpec prior(String network, String scheduler) {
        return new StageSpec(
                "prior",
                Role.DIFFUSE,
                List.of(network, scheduler),
                List.of(Port.COND),
                List.of(Port.LATENT),
                1,
                0,
                0,
                false,
                StrengthCount.WHOLE_STEPS,
                PROMPT_AND_NEGATIVE,
                true,
                false);
    }

    /**
     * Makes a larger picture of the one that the diffusing stage before it made, on its own schedule.
     *
     * @param name unique within the model
     */
    static StageSpec enlarge(String name, String... parts) {
        return new StageSpec(
                name,
                Role.DIFFUSE,
                List.of(parts),
                List.of(Port.COND, Port.UNCOND, Port.LATENT),
                List.of(Port.LATENT),
                1,
                0,
                false);
    }

    /** Does the rest of the schedule of the diffusing stage before it. */
    static StageSpec refine(String network, String scheduler) {
        return new StageSpec(
                "refiner",
                Role.DIFFUSE,
                List.of(network, scheduler),
                List.of(Port.COND, Port.UNCOND, Port.LATENT),
                List.of(Port.LATENT),
                1,
                0,
                true);
    }

    /** The same stage, which also sees the picture of a request as CLIP does. */
    StageSpec embedding() {
        List<Port> more = Stream.concat(gives.stream(), Stream.of(Port.IMAGE)).toList();
        return new StageSpec(
                        name,
                        role,
                        components,
                        takes,
                        more,
                        reduction,
                        ownSteps,
                        ownGuidance,
                        takesOver,
                        strengthCount,
                        guidedRows,
                        isPrior,
                        ofPixels)
                .taking(Port.INIT_IMAGE);
    }

    /** Sees the picture of a request as CLIP does. */
    static StageSpec embed(List<String> components) {
        return new StageSpec(
                "vision-encoder", Role.ENCODE, components, List.of(Port.INIT_IMAGE), List.of(Port.IMAGE), 1, 0, false);
    }

    /**
     * Sees the picture of a request.
     *
     * @param more files of pictures that say something about it
     */
    static StageSpec see(String autoencoder, Port... more) {
        return new StageSpec(
                "image-encoder",
                Role.ENCODE,
                List.of(autoencoder),
                Stream.concat(Stream.of(Port.INIT_IMAGE), Stream.of(more)).toList(),
                List.of(Port.IMAGE),
                1,
                0,
                false);
    }

    StageSpec taking(Port port) {
        return copy(
                Stream.concat(takes.stream(), Stream.of(port)).toList(),
                reduction,
                ownSteps,
                ownGuidance,
                strengthCount,
                guidedRows,
                ofPixels);
    }

    StageSpec counting(StrengthCount count) {
        return copy(takes, reduction, ownSteps, ownGuidance, count, guidedRows, ofPixels);
    }

    StageSpec guidedBy(int rows) {
        return copy(takes, reduction, ownSteps, ownGuidance, strengthCount, rows, ofPixels);
    }

    /** The same network as it was published to sample. */
    StageSpec sampling(int steps, float guidance) {
        return copy(takes, reduction, steps, guidance, strengthCount, guidedRows, ofPixels);
    }

    StageSpec ofRgb() {
        return copy(takes, reduction, ownSteps, ownGuidance, strengthCount, guidedRows, true);
    }

    private StageSpec copy(
            List<Port> taken, int reduced, int steps, float guidance, StrengthCount count, int rows, boolean pixels) {
        return new StageSpec(
                name,
                role,
                components,
                taken,
                gives,
                reduced,
                steps,
                guidance,
                takesOver,
                count,
                rows,
                isPrior,
                pixels);
    }

    /** Sees the picture of a request as its pixels: it has no parts. */
    static StageSpec seePixels() {
        return new StageSpec(
                "image-encoder", Role.ENCODE, List.of(), List.of(Port.INIT_IMAGE), List.of(Port.IMAGE), 1, 0, false);
    }

    StageSpec withoutText() {
        List<Port> fewer = takes.stream()
                .filter(port -> port != Port.COND && port != Port.UNCOND)
                .toList();
        return copy(fewer, reduction, ownSteps, ownGuidance, strengthCount, guidedRows, ofPixels);
    }

    static StageSpec decode(String autoencoder) {
        return new StageSpec(
                "decoder", Role.DECODE, List.of(autoencoder), List.of(Port.LATENT), List.of(), 1, 0, false);
    }

    /** Of samples that are pictures already: it has no parts. */
    static StageSpec pixels() {
        return new StageSpec("decoder", Role.DECODE, List.of(), List.of(Port.LATENT), List.of(), 1, 0, false);
    }

    StageSpec reducedBy(int factor) {
        return copy(takes, factor, ownSteps, ownGuidance, strengthCount, guidedRows, ofPixels);
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
