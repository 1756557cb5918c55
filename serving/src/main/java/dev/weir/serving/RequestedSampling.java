package dev.weir.serving;

import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.sampler.FlowTable;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.SigmaSpacing;
import dev.weir.engine.sampler.Span;
import dev.weir.engine.sampler.StrengthCount;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Point;
import dev.weir.proto.v1.Refining;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Stage;
import java.util.Optional;
import java.util.OptionalInt;

/** Translates what a request says about a diffusion into the engine's terms. Stateless; any thread. */
final class RequestedSampling {

    private RequestedSampling() {}

    /** The sampler that a request names. Throws IllegalArgumentException if there is none such. */
    static SamplerSpec spec(Sampling sampling) {
        SamplerSpec named = SamplerSpec.parse(sampling.getSampler());
        return new SamplerSpec(
                named.name(),
                sampling.getSchedule().isEmpty()
                        ? named.schedule()
                        : Optional.of(SigmaSpacing.named(sampling.getSchedule())),
                sampling.hasEta() ? Optional.of(sampling.getEta()) : named.eta(),
                sampling.hasFlowTable()
                        ? Optional.of(new FlowTable(
                                sampling.getFlowTable().getShift(),
                                sampling.getFlowTable().getLevels()))
                        : Optional.empty());
    }

    /** The part of the schedule that a stage runs. */
    static Span span(Sampling sampling) {
        int steps = sampling.getSteps();
        if (sampling.hasStrength()) {
            return Span.ofStrength(steps, sampling.getStrength(), count(sampling));
        }
        if (sampling.getFirstStep() > 0 || sampling.getEndStep() > 0) {
            return Span.ofSteps(
                    steps, sampling.getFirstStep(), sampling.getEndStep() > 0 ? sampling.getEndStep() : steps);
        }
        return sampling.getStart() > 0 || sampling.getEnd() > 0
                ? Span.between(steps, sampling.getStart(), sampling.getEnd() > 0 ? sampling.getEnd() : 1)
                : Span.whole(steps);
    }

    private static StrengthCount count(Sampling sampling) {
        if (sampling.getLaysOutStrength()) {
            return StrengthCount.ALL_STEPS;
        }
        return sampling.getCountsPartialStep() ? StrengthCount.PARTIAL_STEP : StrengthCount.WHOLE_STEPS;
    }

    /** The noise that a request asks for, from its beginning. */
    static NoiseStream noise(Generation generation) {
        NoiseKind kind = generation.getNoise().isEmpty() ? NoiseKind.CPU : NoiseKind.parse(generation.getNoise());
        return kind.stream(generation.getSeed());
    }

    /** A refiner and the network before it share the steps. */
    private static GuidanceInterval guidance(Sampling sampling, Generation generation) {
        double end = generation.hasGuidanceEnd() ? generation.getGuidanceEnd() : 1;
        return new GuidanceInterval(generation.getGuidanceStart(), end, generation.getGuidanceReuse())
                .within(sampling.getStart(), sampling.getEnd() > 0 ? sampling.getEnd() : 1);
    }

    /** The original size is the picture's own size unless the request names one. A refiner may be told another one. */
    static Request request(Stage stage, Generation generation) {
        Sampling sampling = stage.getSampling();
        boolean refines = sampling.getFirstStep() > 0;
        Refining refining = generation.getRefining();
        boolean sized = refines || generation.hasOriginalSize();
        Size original = refines ? refining.getSize() : generation.getOriginalSize();
        Point crop = refines ? Point.getDefaultInstance() : generation.getCrop();
        return new Request(
                stage.getWidth(),
                stage.getHeight(),
                sampling.hasGuidanceScale() ? sampling.getGuidanceScale() : generation.getGuidanceScale(),
                sampling.hasGuidanceScale() ? 0 : generation.getGuidanceRescale(),
                sampling.hasGuidanceScale() ? GuidanceInterval.WHOLE : guidance(sampling, generation),
                sized ? original.getWidth() : stage.getWidth(),
                sized ? original.getHeight() : stage.getHeight(),
                crop.getY(),
                crop.getX(),
                generation.hasClassLabel() ? OptionalInt.of(generation.getClassLabel()) : OptionalInt.empty(),
                generation.hasNoiseLevel() ? OptionalInt.of(generation.getNoiseLevel()) : OptionalInt.empty(),
                sampling.hasStrength() ? sampling.getStrength() : 1,
                generation.hasImageGuidanceScale() ? generation.getImageGuidanceScale() : 1,
                MaskedContent.named(generation.getMaskedContent()),
                refines
                        ? new AestheticScores(refining.getAestheticScore(), refining.getNegativeAestheticScore())
                        : AestheticScores.USUAL);
    }
}
