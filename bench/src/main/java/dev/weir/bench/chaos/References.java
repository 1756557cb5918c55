package dev.weir.bench.chaos;

import dev.weir.bench.cluster.JobClient;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.Likeness;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Requests, and the images that an undisturbed cluster made of them. Immutable; any thread. */
final class References {

    private static final List<String> PROMPTS =
            List.of("a red apple", "a blue house", "a rocket", "a yellow sunflower", "a green tree", "a fox");
    private static final List<String> SAMPLERS = List.of("ddim", "euler", "euler_ancestral", "dpmpp_2m");
    private static final List<Integer> STEPS = List.of(8, 16, 30);
    private static final int COUNT = 24;

    private final Map<JobRequest, Map<Integer, byte[]>> pictures;

    private References(Map<JobRequest, Map<Integer, byte[]>> pictures) {
        this.pictures = pictures;
    }

    /** One after the other, so that none shares a batch. */
    static References draw(JobClient client) throws InterruptedException {
        Map<JobRequest, Map<Integer, byte[]>> pictures = new LinkedHashMap<>();
        for (int i = 0; i < COUNT; i++) {
            JobRequest request = new JobRequest(
                    PROMPTS.get(i % PROMPTS.size()),
                    100 + 10L * i,
                    STEPS.get(i % STEPS.size()),
                    SAMPLERS.get(i % SAMPLERS.size()),
                    i % 2 == 0 ? 1 : 5,
                    i % 8 == 7 ? 2 : 1);
            JobRun run = client.run(request);
            if (!run.isFinished()) {
                throw new IllegalStateException("no picture before the storm began: " + run.problem());
            }
            pictures.put(request, Map.copyOf(run.pictures()));
        }
        return new References(pictures);
    }

    List<JobRequest> requests() {
        return new ArrayList<>(pictures.keySet());
    }

    /** How similar each image of a finished run is to the undisturbed one. */
    List<Likeness> compare(JobRun run) {
        Map<Integer, byte[]> undisturbed = pictures.get(run.request());
        return run.pictures().entrySet().stream()
                .map(picture -> Likeness.of(picture.getValue(), undisturbed.get(picture.getKey())))
                .toList();
    }
}
