package dev.weir.bench.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One client's view of one job. Owned by the client's thread until the job has ended. */
public final class JobRun {

    /** What the client observed. */
    public enum Kind {
        /** A gateway accepted the job. */
        ACCEPTED,
        /** A sample waits, or continues on another node. */
        MOVED,
        /** A sample progressed: it started, or made a step. */
        WORK,
        /** A sample's last event. */
        FINAL,
        /** A gateway began to tell the job's events. For the histories of slow jobs only. */
        OPENED,
        /** The client switched to another gateway, because its own was silent or gone. */
        TURNED
    }

    /** @param nanos by {@link System#nanoTime} */
    public record Sight(long nanos, Kind kind, int attempt) {}

    private final JobRequest request;
    private final List<Sight> sights = new ArrayList<>();
    private final Map<Integer, Integer> finals = new HashMap<>();
    private final Map<Integer, byte[]> pictures = new TreeMap<>();
    private String id = "";
    private String problem = "";
    private String lastEventId = "";

    JobRun(JobRequest request) {
        this.request = request;
    }

    void see(Kind kind, int attempt) {
        sights.add(new Sight(System.nanoTime(), kind, attempt));
    }

    void acceptedAs(String newId) {
        if (!id.isEmpty() && !id.equals(newId)) {
            throw new IllegalStateException("the job %s became another, %s".formatted(id, newId));
        }
        id = newId;
        see(Kind.ACCEPTED, 0);
    }

    /** @param eventId empty if the event had none */
    void readUpTo(String eventId) {
        lastEventId = eventId.isEmpty() ? lastEventId : eventId;
    }

    /** Of the last completely read event; empty before the first. */
    String lastEventId() {
        return lastEventId;
    }

    void ended(int sample, int attempt) {
        finals.merge(sample, 1, Integer::sum);
        see(Kind.FINAL, attempt);
    }

    boolean isOver() {
        return finals.size() == request.images();
    }

    void picture(int sample, byte[] bytes) {
        pictures.put(sample, bytes);
    }

    void failed(String why) {
        problem = why;
    }

    public JobRequest request() {
        return request;
    }

    public String id() {
        return id;
    }

    public List<Sight> sights() {
        return Collections.unmodifiableList(sights);
    }

    /** The files of the completed samples, by sample. */
    public Map<Integer, byte[]> pictures() {
        return Collections.unmodifiableMap(pictures);
    }

    /** Why an image is missing; empty if all is well. */
    public String problem() {
        return problem;
    }

    public boolean isFinished() {
        return problem.isEmpty() && pictures.size() == request.images();
    }

    /** Samples that ended more than once. */
    public int duplicates() {
        return (int) finals.values().stream().filter(times -> times > 1).count();
    }

    /** Releases the images, of which there may be thousands. */
    public void dropPictures() {
        pictures.clear();
    }
}
