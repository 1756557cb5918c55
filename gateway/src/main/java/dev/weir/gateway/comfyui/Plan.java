package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.job.JobSpec;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is made of a graph. Immutable.
 *
 * @param passes what its samplers make, each with the latents of the one before
 * @param ends the ends of the graph that are run, each with the pass whose pictures it shows
 * @param finish what is done with the pictures of the passes
 * @param nodes those that the ends need, each after those that it depends on
 * @param nodeErrors why other ends are not run
 */
record Plan(
        Graph graph,
        List<Sampled> passes,
        Map<String, Integer> ends,
        Finish finish,
        List<Node> nodes,
        JsonObject nodeErrors) {

    /**
     * Compiles a graph. As in ComfyUI, an end with errors is left out as long as another one is sound. Any thread.
     *
     * @param targets the ends that are asked for; empty: all
     * @throws RefusedGraphException with the answer
     */
    static Plan of(Object prompt, List<String> targets, Offer offer) {
        Graph graph = Graph.parse(prompt);
        List<String> all = graph.outputs().stream()
                .filter(end -> targets.isEmpty() || targets.contains(end))
                .toList();
        if (all.isEmpty()) {
            String details = targets.isEmpty() ? "" : "no output node is one of " + targets;
            throw Errors.refused("prompt_no_outputs", "Prompt has no outputs", details, new JsonObject());
        }
        Validation validation = new Validation(graph, offer);
        Compilation compilation = new Compilation(graph, offer);
        Set<NodeError> errors = new LinkedHashSet<>();
        Map<String, Sampled> shown = new LinkedHashMap<>();
        List<Sampled> passes = List.of();
        Finish finish = new Finish();
        for (String end : all) {
            Collection<NodeError> found = validation.errors(end);
            if (!found.isEmpty()) {
                errors.addAll(found);
                continue;
            }
            try {
                Scaled wanted = compilation.pictures(end);
                Sampled pictures = wanted.samples().orElseThrow();
                List<Sampled> needed = pictures.passes();
                List<Sampled> longer = needed.size() > passes.size() ? needed : passes;
                if (!longer.containsAll(needed) || !longer.containsAll(passes)) {
                    errors.add(NodeError.refused(
                            end, "images", "is of another sampler; those of a prompt must follow one another"));
                } else {
                    finish.show(graph.node(end), wanted);
                    passes = longer;
                    shown.put(end, pictures);
                }
            } catch (RefusedNodeException e) {
                errors.add(e.error());
            }
        }
        try {
            finish.begin(passes);
        } catch (RefusedNodeException e) {
            errors.add(e.error());
            passes = List.of();
        }
        if (passes.isEmpty()) {
            throw Errors.refused(graph, errors);
        }
        Map<String, Integer> ends = new LinkedHashMap<>();
        Set<Node> nodes = new LinkedHashSet<>();
        for (Map.Entry<String, Sampled> end : shown.entrySet()) {
            ends.put(end.getKey(), passes.indexOf(end.getValue()));
            nodes.addAll(graph.order(end.getKey()));
        }
        return new Plan(graph, passes, ends, finish, List.copyOf(nodes), Errors.nodeErrors(graph, errors));
    }

    /** The first pass. */
    Sampled first() {
        return passes.get(0);
    }

    /**
     * The job of a pass: of all images, or without the picture that it begins with.
     *
     * @param read the fields of the pass
     * @throws dev.weir.gateway.api.ApiException if the model cannot make it
     */
    JobSpec job(int pass, Fields read, RequestReader reader) {
        return pass == 0
                ? reader.job(read, made -> complete(pass, made))
                : reader.laterJob(read, made -> complete(pass, made));
    }

    /** Whether the next pass begins with the latents of a pass, and not with its pictures. */
    boolean keepsLatent(int pass) {
        return pass + 1 < passes.size() && passes.get(pass + 1).begins().isPresent();
    }

    /** What Weir's fields do not say. */
    private void complete(int pass, Generation.Builder made) {
        made.setKeepsLatent(keepsLatent(pass));
        Sampled sampled = passes.get(pass);
        sampled.begins()
                .ifPresent(begins -> made.setLatentResize(begins.method()).setLatentCrop(begins.crops()));
        finish.image(sampled).ifPresent(image -> made.setInitResizing(image.resizing()));
        finish.of(sampled).ifPresent(done -> made.setFinishing(done.resizing()).addAllUpscalers(done.upscalers()));
        if (!sampled.phrases().isEmpty()) {
            made.setPromptSyntax(Sampling.SYNTAX);
        }
        sampled.phrases().forEach(phrase -> made.addConditionings(phrase.toProto()));
        sampled.negatives().forEach(phrase -> made.addNegativeConditionings(phrase.toProto()));
        sampled.table().ifPresent(made::setFlowTable);
        sampled.refined().ifPresent(refined -> made.setRefining(refined.refining()));
        for (int i = 0; i < sampled.controls().size(); i++) {
            made.getControlsBuilder(i).setResizing(sampled.controls().get(i).resizing());
        }
    }

    /** The answer to a request that Weir refuses after it was compiled. */
    JsonObject refusal(int pass, ApiError error) {
        Place place = error.param() == null ? null : passes.get(pass).places().get(error.param());
        if (place == null) {
            return Errors.toJson(error);
        }
        String message = error.message();
        String problem = message.startsWith(error.param() + " ")
                ? message.substring(error.param().length() + 1)
                : message;
        return Errors.refused(
                        graph,
                        List.of(NodeError.refused(place.node(), place.input(), Errors.FIELDS.translated(problem))))
                .body();
    }

    /** All samplers in their order: a pass has one, or two if a refiner goes on with it. */
    List<Node> samplers() {
        return passes.stream().flatMap(pass -> pass.samplers().stream()).toList();
    }

    /** The nodes before a sampler, and after the one before. */
    List<Node> before(Node sampler) {
        List<Node> samplers = samplers();
        int number = samplers.indexOf(sampler);
        return nodes.subList(number == 0 ? 0 : nodes.indexOf(samplers.get(number - 1)) + 1, nodes.indexOf(sampler));
    }

    /** The nodes after the last sampler. */
    List<Node> after() {
        Node last = passes.get(passes.size() - 1).lastSampler();
        return nodes.subList(nodes.indexOf(last) + 1, nodes.size());
    }

    List<String> outputs() {
        return new ArrayList<>(ends.keySet());
    }
}
