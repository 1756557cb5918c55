package dev.weir.gateway.a1111;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The requests whose clients wait at this gateway, oldest first, by the ids of their jobs. Event loop of the gateway. */
final class RunningRequests {

    private final Map<String, RunningRequest> byJob = new LinkedHashMap<>();

    void add(String job, RunningRequest request) {
        byJob.put(job, request);
    }

    void remove(String job) {
        byJob.remove(job);
    }

    /** The oldest of a caller, with its job's id. */
    Optional<Map.Entry<String, RunningRequest>> oldestOf(String caller) {
        return byJob.entrySet().stream()
                .filter(entry -> entry.getValue().caller().equals(caller))
                .findFirst();
    }

    /** The request to which this caller gave a name. */
    Optional<RunningRequest> named(String task, String caller) {
        return byJob.values().stream()
                .filter(request -> !task.isEmpty()
                        && request.task().equals(task)
                        && request.caller().equals(caller))
                .findFirst();
    }
}
