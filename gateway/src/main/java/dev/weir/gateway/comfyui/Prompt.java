package dev.weir.gateway.comfyui;

import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * A prompt that was accepted. Immutable.
 *
 * @param id as the client or the gateway named it
 * @param caller who sent it
 * @param client the socket that hears of it; empty: none
 * @param graph as it was sent
 * @param jobs those of its user
 * @param job that of the first pass
 * @param later the passes after it, for one image each and without the picture that it begins with
 */
record Prompt(
        String id,
        Number number,
        String caller,
        String client,
        JsonObject graph,
        JsonObject extraData,
        Plan plan,
        UserJobs jobs,
        KeptJob job,
        List<JobSpec> later) {

    /** ComfyUI keeps these out of its lists. */
    private static final List<String> SECRETS = List.of("auth_token_comfy_org", "api_key_comfy_org");

    /** Callers choose the ids of their prompts, so two may have the same. */
    record Key(String caller, String id) {}

    Prompt {
        extraData = extraData.copy();
        SECRETS.forEach(extraData::remove);
    }

    Key key() {
        return new Key(caller, id);
    }

    /** The images of each pass. */
    int images() {
        return job.spec().samples();
    }

    /** Network calls of an image, by the samplers of a pass. */
    List<Integer> steps(int pass) {
        JobSpec spec = pass == 0 ? job.spec() : later.get(pass - 1);
        boolean isShared = plan.passes().get(pass).refined().isPresent();
        return isShared ? spec.stepsByStage() : List.of(spec.totalSteps());
    }

    /** As lists show it. */
    JsonArray toJson() {
        return new JsonArray().add(number).add(id).add(graph).add(extraData).add(new JsonArray(plan.outputs()));
    }

    /** What a message about it says first. */
    JsonObject about() {
        return new JsonObject().put("prompt_id", id);
    }
}
