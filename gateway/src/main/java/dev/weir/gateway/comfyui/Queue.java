package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.RefusedException;
import io.vertx.core.json.JsonArray;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The prompts of this gateway that are not over, in the order of their arrival. They run at the same time; one is pending until its
 * first step. Their number is bounded by that of the jobs. Event loop of the gateway.
 */
final class Queue {

    private final Sockets sockets;
    private final History history;
    /** By the ids of jobs. */
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private final ImageMemory memory;
    /** The bytes of each prompt that is accepted or about to be. */
    private final Map<Prompt.Key, Long> held = new HashMap<>();

    private long numbers;

    private record Entry(Prompt prompt, Execution execution) {}

    Queue(Sockets sockets, History history, ImageMemory memory) {
        this.memory = memory;
        this.sockets = sockets;
        this.history = history;
        sockets.serve(this::remaining, this::showCurrent);
    }

    long nextNumber() {
        return numbers++;
    }

    /**
     * Holds the memory of a prompt until {@link #release} or its end.
     *
     * @return false if the caller has a prompt of this id
     * @throws RefusedException if there is too little room
     */
    boolean reserve(Prompt.Key key, long bytes) {
        if (held.containsKey(key)) {
            return false;
        }
        memory.take(bytes);
        held.put(key, bytes);
        return true;
    }

    /** Lets go of a prompt that was not accepted. */
    void release(Prompt.Key key) {
        Long bytes = held.remove(key);
        if (bytes != null) {
            memory.give(bytes);
        }
    }

    /** Follows the job of a reserved prompt to its end. */
    void add(Prompt prompt) {
        String job = prompt.job().id();
        Execution[] execution = new Execution[1];
        execution[0] = new Execution(
                prompt, sockets, () -> sockets.queueChanged(prompt.caller()), () -> end(prompt, execution[0]));
        entries.put(job, new Entry(prompt, execution[0]));
        sockets.queueChanged(prompt.caller());
        prompt.jobs().attend(prompt.job(), execution[0]::on, () -> execution[0].fail(ApiError.LOST));
        prompt.job().eventsAfter(0).forEach(execution[0]::on);
    }

    private void end(Prompt prompt, Execution execution) {
        entries.remove(prompt.job().id());
        release(prompt.key());
        if (execution.hasBegun()) {
            history.add(prompt, execution.toJson());
        }
        if (!prompt.job().isOver()) {
            cancel(prompt);
        }
        sockets.queueChanged(prompt.caller());
    }

    int remaining(String caller) {
        return (int) of(caller).count();
    }

    private Stream<Entry> of(String caller) {
        return entries.values().stream().filter(entry -> entry.prompt().caller().equals(caller));
    }

    /** As lists show them. */
    JsonArray list(String caller, boolean running) {
        JsonArray list = new JsonArray();
        of(caller)
                .filter(entry -> entry.execution().hasBegun() == running)
                .forEach(entry -> list.add(entry.prompt().toJson()));
        return list;
    }

    /** Removes prompts of a caller that have not begun. */
    void delete(String caller, Predicate<String> ids) {
        List<Entry> pending = of(caller)
                .filter(entry ->
                        !entry.execution().hasBegun() && ids.test(entry.prompt().id()))
                .toList();
        pending.forEach(entry -> cancel(entry.prompt()));
    }

    private static void cancel(Prompt prompt) {
        prompt.jobs().cancel(prompt.job().id());
    }

    /**
     * Stops a running prompt.
     *
     * @param id empty: the caller's oldest
     * @param sees whether the caller may stop prompts of another one
     */
    void interrupt(String caller, String id, Predicate<String> sees) {
        Stream<Entry> own = of(caller);
        Stream<Entry> running = (id.isEmpty() ? own : Stream.concat(own, entries.values().stream()))
                .filter(entry -> entry.execution().hasBegun());
        Optional<Entry> first = running.filter(entry -> id.isEmpty()
                        || entry.prompt().id().equals(id)
                                && sees.test(entry.prompt().caller()))
                .findFirst();
        first.ifPresent(entry -> cancel(entry.prompt()));
    }

    private void showCurrent(String client) {
        entries.values().stream()
                .filter(entry -> entry.prompt().client().equals(client))
                .forEach(entry -> entry.execution().showCurrent());
    }
}
