package dev.weir.engine.pipeline;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.ComposedGuidance;
import dev.weir.engine.diffusion.GuidanceEmbedding;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.prompt.Composition;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.PercentRange;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What a sample begins with at a diffusing stage.
 *
 * @param sample shape of the latent that the stage makes
 * @param augmentation the schedule by which noise is added to what the network sees beside the sample
 * @param noise the sample's own
 * @param taken what the stage's network takes
 * @param beside the channels that it sees beside the sample's own
 * @param given by earlier stages, by their names on the bus
 * @param earlier the diffusing stages before this one that draw of the same stream: those of a model with a prior
 * @param embeddingNoise that the embedding of a prior gets; empty where it gets none
 * @param words which of the texts that were encoded counts at which step
 */
public record Begin(
        ModelCard card,
        LatentShape sample,
        Sampler sampler,
        SchedulerConfig augmentation,
        NoiseStream noise,
        List<NetworkInput> taken,
        int beside,
        Request request,
        Tensors given,
        List<Earlier> earlier,
        Optional<EmbeddingNoise> embeddingNoise,
        Words words) {

    private static final String ONE_TEXT =
            "this model takes one text for all steps: no AND, [from:to:when], [a|b], combined prompts";

    /**
     * A diffusing stage before this one, which has drawn its noise of the sample's stream.
     *
     * @param sampler of its run
     * @param size how many numbers its sample has
     */
    public record Earlier(Sampler sampler, int size) {

        /** Draws what it has drawn. How many numbers does not depend on its outputs, which may have a variance too. */
        private void passOver(int count, NoiseSource stream) {
            SamplerState state = RowStart.fromNoise(sampler, new LatentShape(count, 1, 1), stream)
                    .state();
            float[] nothing = new float[2 * count];
            while (state.step() < sampler.steps()) {
                state = sampler.advance(state, nothing, stream).next();
            }
        }
    }

    /** Draws what all stages before this one have drawn. */
    void passOverEarlier() {
        earlier.forEach(stage -> stage.passOver(stage.size(), noise));
    }

    /**
     * Draws what the prior before this stage has drawn.
     *
     * @param count of the numbers that it made
     */
    void passOverPrior(int count) {
        earlier.get(earlier.size() - 1).passOver(count, noise);
    }

    /** Of a stage that comes after no prior, with one text for each prompt. */
    public Begin(
            ModelCard card,
            LatentShape sample,
            Sampler sampler,
            SchedulerConfig augmentation,
            NoiseStream noise,
            List<NetworkInput> taken,
            int beside,
            Request request,
            Tensors given) {
        this(
                card,
                sample,
                sampler,
                augmentation,
                noise,
                taken,
                beside,
                request,
                given,
                List.of(),
                Optional.empty(),
                Words.PLAIN);
    }

    /** Guidance between the prompts, as far as the network takes what was encoded of them. */
    Guider guider() {
        return guider(Tensors.NONE, Tensors.NONE);
    }

    /**
     * The same with more inputs of each branch.
     *
     * @param cond beside the prompt's
     * @param uncond beside the negative prompt's
     */
    Guider guider(Tensors cond, Tensors uncond) {
        if (!words.isPlain()) {
            return composed(cond, uncond);
        }
        Tensors prompt = branch(Port.COND).with(cond);
        OptionalInt embedding =
                prompt.has(Tensors.TIMESTEP_COND) ? OptionalInt.empty() : GuidanceEmbedding.width(taken);
        if (embedding.isPresent()) {
            return Guider.embedded(prompt, request.guidanceScale(), embedding.getAsInt());
        }
        return ClassifierFreeGuidance.isGuided(request.guidanceScale())
                ? inInterval(
                        new ClassifierFreeGuidance(
                                prompt,
                                branch(Port.UNCOND).with(uncond),
                                request.guidanceScale(),
                                request.guidanceRescale()),
                        Guider.none(prompt))
                : Guider.none(prompt);
    }

    /** The guidance in the steps for which the request asks for it. */
    Guider inInterval(Guider guided, Guider plain) {
        return guided.in(request.guidance(), plain, sampler.steps());
    }

    private Guider composed(Tensors cond, Tensors uncond) {
        OptionalInt embedding = GuidanceEmbedding.width(taken);
        boolean guided = embedding.isEmpty() && ClassifierFreeGuidance.isGuided(request.guidanceScale());
        Tensors more = embedding.isEmpty()
                ? cond
                : cond.with(Tensors.TIMESTEP_COND, GuidanceEmbedding.of(request.guidanceScale(), embedding.getAsInt()));
        List<ComposedGuidance.Part> prompts = parts(Port.COND, words.prompt(), more);
        requireOneAtEachStep("prompt", prompts);
        Guider plain = new ComposedGuidance(prompts, words.prompt().isFilled(), List.of(), 1, 0);
        if (!guided) {
            return plain;
        }
        List<ComposedGuidance.Part> negatives = parts(Port.UNCOND, words.negative(), uncond);
        requireOneAtEachStep("negative prompt", negatives);
        return inInterval(
                new ComposedGuidance(
                        prompts,
                        words.prompt().isFilled(),
                        negatives,
                        request.guidanceScale(),
                        request.guidanceRescale()),
                plain);
    }

    private List<ComposedGuidance.Part> parts(Port port, Composition composition, Tensors more) {
        List<Tensors> texts = texts(port, composition);
        List<Tensors> told = texts.stream().map(text -> text.with(more)).toList();
        return composition.parts().stream()
                .map(part -> new ComposedGuidance.Part(
                        part.isZero() ? zeros(texts.get(part.textAt(0)), more) : step -> told.get(part.textAt(step)),
                        (float) part.weight(),
                        counting(part.range())))
                .toList();
    }

    private static IntFunction<Tensors> zeros(Tensors text, Tensors more) {
        Tensors zeros = text.zeros().with(more);
        return step -> zeros;
    }

    /** At which steps a part counts. */
    private IntPredicate counting(PercentRange range) {
        BitSet steps = new BitSet();
        for (int step = 0; step < sampler.steps(); step++) {
            steps.set(step, range.contains(sampler, step, augmentation));
        }
        return steps::get;
    }

    /** Where none counts, ComfyUI takes black for what the network says. */
    private void requireOneAtEachStep(String what, List<ComposedGuidance.Part> parts) {
        for (int step = 0; step < sampler.steps(); step++) {
            int now = step;
            if (parts.stream().noneMatch(part -> part.counts().test(now))) {
                throw new IllegalArgumentException("no %s counts at network call %d of %d: their ranges leave it out"
                        .formatted(what, step + 1, sampler.steps()));
            }
        }
    }

    /** What the network takes for each text of a prompt. The names of the first one's tensors have no number. */
    private List<Tensors> texts(Port port, Composition composition) {
        Tensors encoded = encoded(port);
        return IntStream.range(0, composition.texts().size())
                .mapToObj(text -> (text == 0 ? encoded : encoded.in(text + "/")).only(taken))
                .toList();
    }

    /** Throws an IllegalArgumentException where the prompts are more than one text each. */
    void requirePlainWords() {
        if (!words.isPlain()) {
            throw new IllegalArgumentException(ONE_TEXT + " or zeros");
        }
    }

    /** What the network takes for a prompt that is one text, or zeros in its place. Throws an IllegalArgumentException where it is more. */
    Tensors single(Port port) {
        Composition prompt = port == Port.COND ? words.prompt() : words.negative();
        if (!prompt.isSingle()) {
            throw new IllegalArgumentException(ONE_TEXT);
        }
        return prompt.isPlain() ? branch(port) : branch(port).zeros();
    }

    /** The same of other tensors. */
    Begin of(Tensors tensors) {
        return new Begin(
                card,
                sample,
                sampler,
                augmentation,
                noise,
                taken,
                beside,
                request,
                tensors,
                earlier,
                embeddingNoise,
                words);
    }

    /** What an encoder gave for a port, under the names that it gave. */
    Tensors encoded(Port port) {
        return given.in(port.name() + "/");
    }

    /** The same without what the network does not take. */
    Tensors branch(Port port) {
        return encoded(port).only(taken);
    }
}
