package dev.weir.bench.batching;

import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Cards;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Requests and their arrival times: a Poisson process, the same for each seed. Steps are drawn evenly from {8, 20, 30,
 * 50}, and half of the requests are guided. Of every two consecutive requests one is guided, and every four have all
 * step counts, so that short traces have the same mix.
 */
record Trace(List<Arrival> arrivals) {

    /** The mean number of network rows of a request: 27 steps of one or two rows. */
    static final double MEAN_ROWS = 27 * 1.5;

    private static final int[] STEPS = {8, 20, 30, 50};
    private static final int PREVIEW_STEPS = 4;

    record Arrival(double seconds, Work work) {}

    /** The same trace with a frame after each of so many steps; 0: none. */
    Trace withPreviews(int everySteps) {
        return new Trace(arrivals.stream()
                .map(arrival -> {
                    Task task = arrival.work().task().toBuilder()
                            .setPreview(Preview.newBuilder().setEverySteps(everySteps))
                            .build();
                    return new Arrival(
                            arrival.seconds(), new Work(task, arrival.work().tensors()));
                })
                .toList());
    }

    /**
     * @param perSecond requests per second; infinite for all at once
     * @param states of some prompts, the empty one first
     */
    static Trace of(ModelFolder folder, List<Tensors> states, int requests, double perSecond, long seed) {
        Random random = new Random(seed);
        List<int[]> kinds = new ArrayList<>();
        List<Arrival> arrivals = new ArrayList<>();
        double now = 0;
        for (int i = 0; i < requests; i++) {
            if (kinds.isEmpty()) {
                for (int steps : STEPS) {
                    kinds.add(new int[] {steps, 1});
                    kinds.add(new int[] {steps, 5});
                }
            }
            int[] kind = kinds.remove(random.nextInt(kinds.size()));
            now += -Math.log(1 - random.nextDouble()) / perSecond;
            Tensors prompt = states.get(1 + random.nextInt(states.size() - 1));
            arrivals.add(new Arrival(now, work(folder, i, kind[0], kind[1], prompt, states.get(0))));
        }
        return new Trace(List.copyOf(arrivals));
    }

    private static Work work(ModelFolder folder, int number, int steps, float guidance, Tensors prompt, Tensors empty) {
        ModelCard card = folder.card();
        Generation generation = Generation.newBuilder()
                .setSeed(number)
                .setSteps(steps)
                .setSampler("ddim")
                .setGuidanceScale(guidance)
                .setWidth(card.nativeSize())
                .setHeight(card.nativeSize())
                .build();
        var published = Cards.toProto(folder);
        Task task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("request " + number))
                .setModel(card.id())
                .setUser("user " + number % 5)
                .setGeneration(generation)
                .setPreview(Preview.newBuilder().setEverySteps(PREVIEW_STEPS))
                .addAllRoute(Route.stages(published, published.getWorkflows(0), generation))
                .setPosition(1)
                .build();
        List<Tensor> branches = new ArrayList<>(Branches.toTensors(Branches.COND, prompt));
        branches.addAll(Branches.toTensors(Branches.UNCOND, empty));
        return new Work(task, branches);
    }
}
