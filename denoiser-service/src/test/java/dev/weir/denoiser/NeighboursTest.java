package dev.weir.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.SteppingStage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The default model's latents, drawn among random others and drawn alone. Says whether they are equal to the last bit. */
final class NeighboursTest {

    private static final Logger LOG = LoggerFactory.getLogger(NeighboursTest.class);
    private static final ModelFolder MODEL = ModelFolder.open(Path.of("../models/default"));
    private static final List<String> PROMPTS =
            List.of("a red apple", "a blue house under a tree at night", "", "a cat");
    private static final List<String> SAMPLERS =
            List.of("ddim", "euler", "euler_ancestral", "dpmpp_2m", "ddpm", "pndm");
    private static final int SAMPLES = 14;

    private final Latents latents = new Latents();

    @ParameterizedTest
    @CsvSource({"TORCH, FP32, 60", "TORCH, BF16, 40", "ONNX, FP32, Infinity"})
    void aPictureDoesNotDependOnItsNeighbours(Engine engine, Precision precision, double leastDecibels) {
        Random random = new Random(42);
        List<Work> works = works(random);
        Stage stage = DenoiserStage.create(
                List.of(MODEL), new ComputeTarget("cpu", precision, engine), new SteppingStage.Limits(SAMPLES, 8));
        stage.open();
        try {
            Map<SampleKey, float[]> mixed = mixed(stage, works, random);
            assertThat(mixed).hasSizeBetween(SAMPLES / 2, SAMPLES);
            int identical = 0;
            double worst = Double.POSITIVE_INFINITY;
            for (Work work : works) {
                if (mixed.containsKey(work.key())) {
                    double decibels = psnr(alone(stage, work), mixed.get(work.key()));
                    identical += decibels == Double.POSITIVE_INFINITY ? 1 : 0;
                    worst = Math.min(worst, decibels);
                }
            }
            LOG.warn(
                    "{} {}: {} of {} latents are bit-identical to those drawn alone; the worst is at {} dB",
                    engine,
                    precision,
                    identical,
                    mixed.size(),
                    worst);
            assertThat(worst).isGreaterThanOrEqualTo(leastDecibels);
        } finally {
            stage.close();
        }
    }

    /** All of them through one loop, coming in at random times, some leaving before they are done. */
    private Map<SampleKey, float[]> mixed(Stage stage, List<Work> works, Random random) {
        latents.bySample.clear();
        List<Work> toCome = new ArrayList<>(works);
        do {
            while (!toCome.isEmpty() && random.nextInt(3) == 0) {
                stage.admit(toCome.remove(0), latents);
            }
            if (random.nextInt(12) == 0) {
                stage.drop(works.get(random.nextInt(works.size())).key());
            }
        } while (stage.turn(latents) > 0 || !toCome.isEmpty());
        return new HashMap<>(latents.bySample);
    }

    private float[] alone(Stage stage, Work work) {
        latents.bySample.clear();
        stage.admit(work, latents);
        while (stage.turn(latents) > 0) {}
        return latents.bySample.get(work.key());
    }

    /** Peak signal-to-noise ratio over the reference's range; infinite where they are equal to the last bit. */
    private static double psnr(float[] reference, float[] other) {
        double error = 0;
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < reference.length; i++) {
            error += Math.pow(reference[i] - other[i], 2) / reference.length;
            least = Math.min(least, reference[i]);
            most = Math.max(most, reference[i]);
        }
        return error == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(Math.pow(most - least, 2) / error);
    }

    private static List<Work> works(Random random) {
        List<Work> works = new ArrayList<>();
        try (TextEncoder encoder = MODEL.textEncoder(new ComputeTarget("cpu", Precision.FP32))) {
            List<Tensors> states = encoder.states(PROMPTS);
            for (int i = 0; i < SAMPLES; i++) {
                works.add(work(i, states, random));
            }
        }
        return works;
    }

    private static Work work(int number, List<Tensors> states, Random random) {
        int size = MODEL.card().nativeSize();
        int steps = 3 + random.nextInt(8);
        String sampler = SAMPLERS.get(random.nextInt(SAMPLERS.size()));
        Task task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("job " + number))
                .setModel(MODEL.card().id())
                .setUser("user " + random.nextInt(3))
                .setGeneration(Generation.newBuilder()
                        .setSeed(random.nextInt(1000))
                        .setGuidanceScale(random.nextBoolean() ? 5 : 1)
                        .setGuidanceStart(random.nextInt(2) / 4.0)
                        .setGuidanceEnd((1 + random.nextInt(3)) / 3.0)
                        .setGuidanceReuse(random.nextBoolean())
                        .setWidth(size)
                        .setHeight(size))
                .addRoute(dev.weir.proto.v1.Stage.newBuilder()
                        .setName("denoiser")
                        .setRole(StageRole.DIFFUSE)
                        .addTakes("cond")
                        .addTakes("uncond")
                        .setForwards(steps)
                        .setSampling(Sampling.newBuilder().setSampler(sampler).setSteps(steps))
                        .setWidth(size)
                        .setHeight(size))
                .build();
        Tensors prompt = states.get(random.nextInt(PROMPTS.size()));
        List<Tensor> branches = new ArrayList<>(Branches.toTensors(Branches.COND, prompt));
        branches.addAll(Branches.toTensors(Branches.UNCOND, states.get(PROMPTS.indexOf(""))));
        return new Work(task, branches);
    }
}
