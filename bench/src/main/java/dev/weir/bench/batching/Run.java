package dev.weir.bench.batching;

import dev.weir.bench.batching.Trace.Arrival;
import dev.weir.runtime.stage.Forward;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * The result of one mode for one trace. Seconds since a request's arrival.
 *
 * @param throughput requests per second, from the first arrival to the last image
 * @param p95FirstStepInSteps the same in forward passes: the rest of the running one, then whole ones
 * @param mostRows of a forward pass
 * @param fullRowsPerSecond network rows per second over the forward passes that were full or one row short, including
 *     everything that the loop does besides; only valid if no requests were waited for
 * @param shareOfForwards of the time; likewise
 */
record Run(
        double throughput,
        double meanLatency,
        double p95Latency,
        double p95FirstStep,
        double p95FirstStepInSteps,
        double p95FirstPreview,
        double meanBatch,
        double meanStep,
        int mostRows,
        double fullRowsPerSecond,
        double shareOfForwards,
        double framesPerRequest) {

    /** Runs the stage's loop on this thread until the whole trace is done. */
    static Run of(Stage stage, Trace trace, boolean waitsForTheSlowest) {
        long begin = System.nanoTime();
        Recorder recorder = new Recorder(() -> (System.nanoTime() - begin) / 1e9);
        int next = 0;
        List<Arrival> arrivals = trace.arrivals();
        while (recorder.finished.size() < arrivals.size()) {
            double now = (System.nanoTime() - begin) / 1e9;
            while (next < arrivals.size() && arrivals.get(next).seconds() <= now) {
                stage.admit(arrivals.get(next++).work(), recorder);
            }
            if (stage.turn(recorder) == 0) {
                LockSupport.parkNanos((long) (1e9 * (arrivals.get(next).seconds() - now)));
            }
        }
        double end = (System.nanoTime() - begin) / 1e9;
        return of(recorder, arrivals, waitsForTheSlowest ? givenOut(recorder) : recorder.finished, end);
    }

    private static Run of(Recorder recorder, List<Arrival> arrivals, Map<SampleKey, Double> finished, double end) {
        int rows = recorder.forwards.stream().mapToInt(Forward::rows).sum();
        double busy = recorder.forwards.stream().mapToDouble(Forward::seconds).sum();
        int mostRows = recorder.forwards.stream().mapToInt(Forward::rows).max().orElseThrow();
        double[] latencies = since(arrivals, finished);
        return new Run(
                arrivals.size() / (end - arrivals.get(0).seconds()),
                Arrays.stream(latencies).average().orElseThrow(),
                p95(latencies),
                p95(since(arrivals, recorder.firstSteps)),
                p95(inSteps(arrivals, recorder)),
                p95(sinceWhereAny(arrivals, recorder.firstPreviews)),
                (double) rows / recorder.forwards.size(),
                busy / recorder.forwards.size(),
                mostRows,
                fullRowsPerSecond(recorder, mostRows),
                busy / end,
                recorder.frames.get() / (double) arrivals.size());
    }

    private static double fullRowsPerSecond(Recorder recorder, int mostRows) {
        int rows = 0;
        double seconds = 0;
        for (int i = 1; i < recorder.forwards.size(); i++) {
            if (recorder.forwards.get(i).rows() >= mostRows - 1) {
                rows += recorder.forwards.get(i).rows();
                seconds += recorder.forwardEnds.get(i) - recorder.forwardEnds.get(i - 1);
            }
        }
        return rows / seconds;
    }

    /** All of a batch when its last is done. */
    private static Map<SampleKey, Double> givenOut(Recorder recorder) {
        Map<Integer, Double> ends = new HashMap<>();
        recorder.finished.forEach((key, at) -> ends.merge(recorder.batches.get(key), at, Math::max));
        Map<SampleKey, Double> givenOut = new HashMap<>();
        recorder.finished.keySet().forEach(key -> givenOut.put(key, ends.get(recorder.batches.get(key))));
        return givenOut;
    }

    private static double[] inSteps(List<Arrival> arrivals, Recorder recorder) {
        return arrivals.stream()
                .mapToDouble(arrival -> {
                    double until = recorder.firstSteps.get(arrival.work().key());
                    double steps = 0;
                    for (int i = 0; i < recorder.forwards.size(); i++) {
                        double seconds = recorder.forwards.get(i).seconds();
                        double end = recorder.forwardEnds.get(i);
                        double overlap = Math.min(end, until) - Math.max(end - seconds, arrival.seconds());
                        steps += Math.max(0, overlap) / seconds;
                    }
                    return steps;
                })
                .sorted()
                .toArray();
    }

    private static double[] since(List<Arrival> arrivals, Map<SampleKey, Double> moments) {
        return arrivals.stream()
                .mapToDouble(arrival -> moments.get(arrival.work().key()) - arrival.seconds())
                .sorted()
                .toArray();
    }

    /** Frames are dropped first, so a request may have had none. */
    private static double[] sinceWhereAny(List<Arrival> arrivals, Map<SampleKey, Double> moments) {
        return since(
                arrivals.stream()
                        .filter(arrival -> moments.containsKey(arrival.work().key()))
                        .toList(),
                moments);
    }

    /** By the nearest rank; NaN if there is none. */
    private static double p95(double[] sorted) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) Math.ceil(0.95 * sorted.length) - 1];
    }

    /** By their names in JSON. */
    Map<String, Double> numbers() {
        Map<String, Double> json = new LinkedHashMap<>();
        json.put("throughput", throughput);
        json.put("mean_latency_s", meanLatency);
        json.put("p95_latency_s", p95Latency);
        json.put("p95_first_step_s", p95FirstStep);
        json.put("p95_first_step_steps", p95FirstStepInSteps);
        json.put("p95_first_preview_s", p95FirstPreview);
        json.put("mean_batch_rows", meanBatch);
        json.put("mean_step_s", meanStep);
        return json;
    }
}
