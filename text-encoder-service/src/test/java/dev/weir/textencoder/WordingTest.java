package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.pipeline.Port;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Phrases;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordingTest {

    /** In diffusers {@code clip_skip} is for the prompt alone, in stable-diffusion-webui and ComfyUI for both texts. */
    @ParameterizedTest
    @CsvSource({"'',0", "compel,0", "a1111,2", "comfyui,2"})
    void layersAreLeftOutForTheNegativePromptInTheSyntaxesOfTheToolsOnly(String syntax, int skipped) {
        Wording wording = wording(generation(syntax).setNegativePrompt("blurry"));
        assertThat(wording.prompts().get(Phrases.prefix(Branches.COND, 0)).clipSkip())
                .isEqualTo(2);
        assertThat(wording.prompts().get(Phrases.prefix(Branches.UNCOND, 0)).clipSkip())
                .isEqualTo(skipped);
        assertThat(wording.filler()).allMatch(empty -> empty.clipSkip() == 0);
    }

    private static Generation.Builder generation(String syntax) {
        return Generation.newBuilder()
                .setPrompt("a cat")
                .setPromptSyntax(syntax)
                .setClipSkip(2)
                .setGuidanceScale(7);
    }

    private static Wording wording(Generation.Builder generation) {
        Task task = Task.newBuilder()
                .setGeneration(generation)
                .addRoute(Stage.newBuilder().setRole(StageRole.ENCODE).addGives(Port.COND.name()))
                .addRoute(Stage.newBuilder().setRole(StageRole.DIFFUSE).setRows(2))
                .build();
        return Wording.of(new Work(task, List.of()), List.of());
    }
}
