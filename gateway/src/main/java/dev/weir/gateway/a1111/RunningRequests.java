package dev.weir.gateway.a1111;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** The requests whose clients wait at this gateway, oldest first. Event loop of the gateway. */
final class RunningRequests {

    private final Set<PicturesRun> runs = new LinkedHashSet<>();

    void add(PicturesRun run) {
        runs.add(run);
    }

    void remove(PicturesRun run) {
        runs.remove(run);
    }

    /** The oldest of a caller. */
    Optional<PicturesRun> oldestOf(String caller) {
        return runs.stream()
                .filter(run -> run.request().caller().equals(caller))
                .findFirst();
    }

    /** The request to which this caller gave a name. */
    Optional<RunningRequest> named(String task, String caller) {
        return runs.stream()
                .map(PicturesRun::request)
                .filter(request -> !task.isEmpty()
                        && request.task().equals(task)
                        && request.caller().equals(caller))
                .findFirst();
    }
}
