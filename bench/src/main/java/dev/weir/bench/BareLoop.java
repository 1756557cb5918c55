package dev.weir.bench;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.ArrayList;
import java.util.List;

/** The networks of a model, one after the other in one thread, with nothing between them. */
final class BareLoop implements AutoCloseable {

    private final TextEncoder encoder;
    private final Denoiser denoiser;
    private final ImageCodec codec;
    private final SchedulerConfig schedule;
    private final ModelCard card;
    private final int steps;

    BareLoop(ModelFolder folder, ComputeTarget target, int steps) {
        this.encoder = folder.textEncoder(target);
        this.denoiser = folder.denoiser(target);
        this.codec = folder.imageCodec(target);
        this.schedule = folder.scheduler();
        this.card = folder.card();
        this.steps = steps;
    }

    /** Generates an image of each seed's prompt in one batch, from prompts to pixels. */
    void draw(List<Integer> seeds) {
        draw(seeds, GuidanceInterval.WHOLE);
    }

    /** @param interval the part of the steps with guidance */
    void draw(List<Integer> seeds, GuidanceInterval interval) {
        int side = card.nativeSize() / card.scale();
        LatentShape shape = new LatentShape(card.latentChannels(), side, side);
        List<String> prompts = new ArrayList<>(List.of(""));
        seeds.forEach(seed -> prompts.add(ConcurrentClients.prompt(seed)));
        List<Tensors> states = encoder.states(prompts);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < seeds.size(); i++) {
            Sampler sampler = Samplers.create(schedule, card.defaults().sampler(), steps);
            TorchGenerator noise = new TorchGenerator(seeds.get(i));
            Guider guidance = new ClassifierFreeGuidance(
                            states.get(i + 1), states.get(0), card.defaults().guidanceScale(), 0)
                    .in(interval, Guider.none(states.get(i + 1)), steps);
            rows.add(new Row(sampler, RowStart.fromNoise(sampler, shape, noise), noise, guidance));
        }
        for (int step = 0; step < steps; step++) {
            StepBatch.advance(denoiser, shape, rows);
        }
        codec.decode(shape, rows.stream().map(row -> row.state().sample()).toList());
    }

    @Override
    public void close() {
        encoder.close();
        denoiser.close();
        codec.close();
    }
}
