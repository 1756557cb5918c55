package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Loading;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Warning;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Tells the events of a prompt's jobs as ComfyUI tells the execution of its nodes. The nodes before a sampler are reported when it
 * starts, and those after the last one when all pictures exist. Event loop of the gateway.
 */
final class Execution {

    private final Prompt prompt;
    private final Sockets sockets;
    private final Runnable onBegin;
    private final Runnable onOver;
    private final BiConsumer<Integer, List<Made>> onPass;
    private final int[] steps;
    /** By pass and image. */
    private final Made[][] made;

    private final Set<String> executed = new LinkedHashSet<>();
    private final JsonArray messages = new JsonArray();
    private final JsonObject outputs = new JsonObject();
    private final JsonObject meta = new JsonObject();
    private int pass;
    private int sampler;
    private int shownSteps;
    private int ended;
    private boolean begun;
    private boolean over;
    private String current;

    /**
     * @param onBegin called when its first step starts
     * @param onOver called before the last message, so that the client then finds it in the history
     * @param onPass called with a pass and what it begins with: the pictures of the one before
     */
    Execution(
            Prompt prompt, Sockets sockets, Runnable onBegin, Runnable onOver, BiConsumer<Integer, List<Made>> onPass) {
        this.prompt = prompt;
        this.sockets = sockets;
        this.onBegin = onBegin;
        this.onOver = onOver;
        this.onPass = onPass;
        this.steps = new int[prompt.images()];
        this.made = new Made[prompt.plan().passes().size()][steps.length];
    }

    /**
     * @param job of the pass that runs
     * @param first the image that is the first sample of the job
     */
    void on(String job, int first, JobEvent event) {
        if (over) {
            return;
        }
        int image = first + event.at().sample();
        if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()));
        } else if (event instanceof Cancelled) {
            interrupt();
        } else if (!(event instanceof Queued || event instanceof Loading || event instanceof Warning)) {
            begin();
            step(image, event.at().step());
            if (event instanceof Preview preview) {
                sockets.picture(prompt.client(), prompt.id(), current, preview.picture(), true);
            } else if (event instanceof Completed completed) {
                made[pass][image] = new Made(
                        job,
                        event.at().sample(),
                        completed.picture(),
                        prompt.plan().keepsLatent(pass));
                if (++ended == steps.length) {
                    endPass();
                }
            }
        }
    }

    boolean isOver() {
        return over;
    }

    boolean hasBegun() {
        return begun;
    }

    /** Again, for a client that has just connected. */
    void showCurrent() {
        if (begun && !over) {
            executing(current);
        }
    }

    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        onBegin.run();
        record("execution_start", prompt.about());
        record(
                "execution_cached",
                new JsonObject().put("nodes", new JsonArray()).mergeIn(prompt.about()));
        beginSampler(0);
    }

    /** @param number among those of the pass */
    private void beginSampler(int number) {
        Node next = prompt.plan().passes().get(pass).samplers().get(number);
        sampler = number;
        shownSteps = 0;
        prompt.plan().before(next).forEach(this::run);
        executing(next.id());
    }

    private void run(Node node) {
        executing(node.id());
        executed.add(node.id());
        if (prompt.plan().ends().containsKey(node.id())) {
            show(node);
        }
    }

    private void executing(String node) {
        current = node;
        tell(
                "executing",
                new JsonObject().put("node", node).put("display_node", node).mergeIn(prompt.about()));
    }

    private void step(int sample, int step) {
        steps[sample] = Math.max(steps[sample], step);
        int done = Arrays.stream(steps).sum() / steps.length;
        List<Integer> shares = prompt.steps(pass);
        int before =
                shares.subList(0, sampler).stream().mapToInt(Integer::intValue).sum();
        progress(Math.min(shares.get(sampler), done - before), shares.get(sampler));
        if (sampler + 1 < shares.size() && done > before + shares.get(sampler)) {
            executed.add(current);
            beginSampler(sampler + 1);
            step(sample, step);
        }
    }

    private void progress(int value, int most) {
        if (value <= shownSteps) {
            return;
        }
        shownSteps = value;
        JsonObject state = new JsonObject()
                .put("value", value)
                .put("max", most)
                .put("state", value < most ? "running" : "finished")
                .put("node_id", current)
                .put("prompt_id", prompt.id())
                .put("display_node_id", current)
                .putNull("parent_node_id")
                .put("real_node_id", current);
        sockets.progress(
                prompt.client(), "progress_state", prompt.about().put("nodes", new JsonObject().put(current, state)));
        sockets.progress(
                prompt.client(),
                "progress",
                new JsonObject()
                        .put("value", value)
                        .put("max", most)
                        .mergeIn(prompt.about())
                        .put("node", current));
    }

    private void endPass() {
        executed.add(current);
        if (pass + 1 == made.length) {
            prompt.plan().after().forEach(this::run);
            record("execution_success", prompt.about());
            end();
            return;
        }
        List<Made> before = List.of(made[pass]);
        pass++;
        ended = 0;
        Arrays.fill(steps, 0);
        beginSampler(0);
        onPass.accept(pass, before);
    }

    private void show(Node node) {
        Made[] pictures = made[prompt.plan().ends().get(node.id())];
        if (node.type().name().equals("SaveImageWebsocket")) {
            Arrays.stream(pictures)
                    .forEach(picture -> sockets.picture(prompt.client(), prompt.id(), current, picture.shown(), false));
            return;
        }
        boolean isKept = node.has("filename_prefix");
        String prefix = isKept ? node.text("filename_prefix") : "ComfyUI_temp";
        JsonArray images = new JsonArray();
        for (Made picture : pictures) {
            images.add(OutputFile.of(prefix, isKept ? "output" : "temp", picture.job(), picture.sample())
                    .toJson());
        }
        JsonObject output = new JsonObject().put("images", images);
        outputs.put(node.id(), output);
        meta.put(
                node.id(),
                new JsonObject()
                        .put("node_id", node.id())
                        .put("display_node", node.id())
                        .putNull("parent_node")
                        .put("real_node_id", node.id()));
        tell(
                "executed",
                new JsonObject()
                        .put("node", node.id())
                        .put("display_node", node.id())
                        .put("output", output)
                        .mergeIn(prompt.about()));
    }

    /** Ends the prompt with an error. No more events of its job are expected. */
    void fail(ApiError error) {
        if (over) {
            return;
        }
        begin();
        record(
                "execution_error",
                stopped()
                        .put("exception_message", error.message())
                        .put("exception_type", error.code())
                        .put("traceback", new JsonArray())
                        .put("current_inputs", new JsonObject())
                        .put("current_outputs", new JsonArray()));
        end();
    }

    /** Ends the prompt as its client wants it. */
    void interrupt() {
        if (over) {
            return;
        }
        if (begun) {
            record("execution_interrupted", stopped());
        }
        end();
    }

    private JsonObject stopped() {
        return prompt.about()
                .put("node_id", current)
                .put("node_type", prompt.plan().graph().node(current).type().name())
                .put("executed", new JsonArray(executed.stream().toList()));
    }

    private void end() {
        over = true;
        onOver.run();
        if (begun) {
            executing(null);
        }
    }

    /** What the history says of a prompt that is over. */
    JsonObject toJson() {
        boolean isWhole = ended == steps.length;
        return new JsonObject()
                .put("prompt", prompt.toJson())
                .put("outputs", outputs)
                .put(
                        "status",
                        new JsonObject()
                                .put("status_str", isWhole ? "success" : "error")
                                .put("completed", isWhole)
                                .put("messages", messages))
                .put("meta", meta);
    }

    private void record(String type, JsonObject data) {
        data.put("timestamp", System.currentTimeMillis());
        messages.add(new JsonArray().add(type).add(data));
        tell(type, data);
    }

    private void tell(String type, JsonObject data) {
        sockets.tell(prompt.client(), type, data);
    }
}
