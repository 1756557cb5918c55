package dev.weir.gateway.comfyui;

import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.RefusedException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The prompts of this gateway that are not over, in the order of their arrival. They run at the same time; one is pending until its
 * first step. Their number is bounded by that of the jobs. Event loop of the gateway.
 */
final class Queue {

    private final Sockets sockets;
    private final History history;
    /** By the ids of their first jobs. */
    private final Map<String, PromptRun> runs = new LinkedHashMap<>();

    private final ImageMemory memory;
    /** The bytes of each prompt that is accepted or about to be. */
    private final Map<Prompt.Key, Long> held = new HashMap<>();

    private long numbers;

    private final Function<byte[], Future<Attachment>> reading;

    /** @param reading takes the file of a picture apart, beside the event loop */
    Queue(Sockets sockets, History history, ImageMemory memory, Function<byte[], Future<Attachment>> reading) {
        this.reading = reading;
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

    /** Follows a reserved prompt to its end. */
    void add(Prompt prompt) {
        PromptRun[] run = new PromptRun[1];
        run[0] =
                new PromptRun(prompt, sockets, () -> sockets.queueChanged(prompt.caller()), () -> end(run[0]), reading);
        runs.put(prompt.job().id(), run[0]);
        sockets.queueChanged(prompt.caller());
        run[0].start();
    }

    private void end(PromptRun run) {
        Prompt prompt = run.prompt();
        runs.remove(prompt.job().id());
        release(prompt.key());
        if (run.execution().hasBegun()) {
            history.add(prompt, run.jobs(), run.execution().toJson());
        }
        run.cancel();
        sockets.queueChanged(prompt.caller());
    }

    int remaining(String caller) {
        return (int) of(caller).count();
    }

    private Stream<PromptRun> of(String caller) {
        return runs.values().stream().filter(run -> run.prompt().caller().equals(caller));
    }

    /** As lists show them. */
    JsonArray list(String caller, boolean running) {
        JsonArray list = new JsonArray();
        of(caller)
                .filter(run -> run.execution().hasBegun() == running)
                .forEach(run -> list.add(run.prompt().toJson()));
        return list;
    }

    /** Removes prompts of a caller that have not begun. */
    void delete(String caller, Predicate<String> ids) {
        List<PromptRun> pending = of(caller)
                .filter(run ->
                        !run.execution().hasBegun() && ids.test(run.prompt().id()))
                .toList();
        pending.forEach(PromptRun::cancel);
    }

    /**
     * Stops a running prompt.
     *
     * @param id empty: the caller's oldest
     * @param sees whether the caller may stop prompts of another one
     */
    void interrupt(String caller, String id, Predicate<String> sees) {
        Stream<PromptRun> own = of(caller);
        Stream<PromptRun> running = (id.isEmpty() ? own : Stream.concat(own, runs.values().stream()))
                .filter(run -> run.execution().hasBegun());
        Optional<PromptRun> first = running.filter(run -> id.isEmpty()
                        || run.prompt().id().equals(id)
                                && sees.test(run.prompt().caller()))
                .findFirst();
        first.ifPresent(PromptRun::cancel);
    }

    private void showCurrent(String client) {
        runs.values().stream()
                .filter(run -> run.prompt().client().equals(client))
                .forEach(run -> run.execution().showCurrent());
    }
}
