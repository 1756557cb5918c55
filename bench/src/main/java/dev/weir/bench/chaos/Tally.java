package dev.weir.bench.chaos;

import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.Likeness;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The results of the jobs, and the faults meanwhile. Any thread. */
final class Tally {

    private final References references;
    private final double sameFromDecibels;
    private final List<JobRun> runs = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int finished;
    private int duplicated;
    private int pictures;
    private int bytesEqual;
    private int different;
    private double leastDecibels = Double.POSITIVE_INFINITY;

    /** @param sameFromDecibels two images count as equal from this value on */
    Tally(References references, double sameFromDecibels) {
        this.references = references;
        this.sameFromDecibels = sameFromDecibels;
    }

    synchronized void struck(Fault fault) {
        faults.add(fault);
    }

    /** Records the end of a job and releases its images. Returns the problem, or empty. */
    synchronized String ended(JobRun run) {
        String problem = judge(run);
        if (!problem.isEmpty()) {
            problems.add(problem);
        }
        runs.add(run);
        run.dropPictures();
        return problem;
    }

    private String judge(JobRun run) {
        String problem = "";
        if (run.isFinished()) {
            finished++;
        } else {
            problem = run.problem();
        }
        if (run.duplicates() > 0) {
            duplicated++;
            problem = "job %s: a sample of it ended twice".formatted(run.id());
        }
        for (Likeness likeness : references.compare(run)) {
            pictures++;
            bytesEqual += likeness.bytesEqual() ? 1 : 0;
            leastDecibels = Math.min(leastDecibels, likeness.decibels());
            if (likeness.decibels() < sameFromDecibels) {
                different++;
                problem = "job %s: a picture of %s is at %.1f dB from the undisturbed one"
                        .formatted(run.id(), run.request(), likeness.decibels());
            }
        }
        return problem;
    }

    synchronized int sent() {
        return runs.size();
    }

    synchronized int lost() {
        return runs.size() - finished;
    }

    synchronized List<String> problems() {
        return List.copyOf(problems);
    }

    synchronized Recoveries recoveries() {
        return Recoveries.of(faults, runs);
    }

    /** The numbers by name. */
    synchronized Map<String, Object> json() {
        Recoveries recoveries = recoveries();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("sent", runs.size());
        json.put("finished", finished);
        json.put("lost", lost());
        json.put("duplicated", duplicated);
        json.put("different", different);
        json.put("recovery_median_s", recoveries.medianSeconds());
        json.put("recovery_p95_s", recoveries.p95Seconds());
        json.put("standstill_p95_s", recoveries.p95Standstill());
        json.put("standstill_longest_s", recoveries.longestStandstill());
        json.put("recovery_over_6_s", recoveries.longerThan(ChaosBench.LONGEST_RECOVERY_SECONDS));
        json.put(
                "recovery_longest",
                recoveries.longest().stream().map(String::valueOf).toList());
        json.put("jobs_hit", recoveries.count());
        json.put("pictures", pictures);
        json.put("pictures_bytes_equal", bytesEqual);
        json.put("least_psnr_db", leastDecibels == Double.POSITIVE_INFINITY ? "equal" : leastDecibels);
        json.put("faults", faults.size());
        Map<String, Integer> byKind = new TreeMap<>();
        faults.forEach(fault -> byKind.merge(fault.what(), 1, Integer::sum));
        json.put("faults_by_kind", byKind);
        return json;
    }
}
