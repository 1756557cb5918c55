package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.diffusion.Row;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A LoRA of Z-Image as trainers for ComfyUI write it, beside what diffusers makes with it: {@code tools/reference/z_image.py}. */
class ZImageLoraReferenceTest {

    @ParameterizedTest
    @EnumSource(Engine.class)
    void aRowIsDiffusers(Engine engine) {
        JsonNode json = ReferenceCases.of("z_image/lora.json").findFirst().orElseThrow();
        var addOns = AddOns.of(LoraFolders.open(List.of(ReferenceFile.path("z_image/loras"))));
        var model = ModelFolder.open(
                ReferenceFile.path("z_image/model"), Optional.empty(), List.of(), Optional.empty(), addOns);
        try (var run = new WorkflowRun(model, new ComputeTarget("cpu", Precision.FP32, engine))) {
            Row row = run.begin(json);
            run.finish(json, List.of(row));
            float[] latents = ReferenceFile.open("z_image/lora.safetensors").floats("latents");
            requireClose(row.state().sample(), latents, "with the LoRA");

            ObjectNode without = json.deepCopy();
            without.remove("loras");
            Row plain = run.begin(without);
            run.finish(without, List.of(plain));
            assertThat(plain.state().sample()).isNotEqualTo(latents);
        }
    }
}
