package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.pipeline.Field;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures of diffusers' pipelines of transformers with tiny random checkpoints, and what comes on their way. */
class TransformersReferenceTest {

    private static final List<String> FAMILIES = List.of("flux", "sd3", "dit", "pixart", "z_image");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    private Path temporary;

    static Stream<Arguments> pictures() {
        return FAMILIES.stream().flatMap(family -> ReferenceCases.onEachEngine(family + "/cases.json")
                .map(Arguments::get)
                .map(one -> Arguments.of(family, one[0], one[1], one[2])));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(String family, Engine engine, String name, JsonNode json)
            throws IOException {
        ReferenceFile tensors = ReferenceFile.open(family + "/io.safetensors");
        WorkflowRun run = open(family, engine, json);
        requireStates(run.given(json), tensors, name);
        Row row = run.begin(json);
        requireCall(run, row, tensors, name, json);
        List<Integer> recorded = recorded(json);
        for (int step = 0; run.step(json, List.of(row)) > 0; step++) {
            if (recorded.contains(step)) {
                requireClose(row.state().sample(), tensors.floats(name + "/step " + step), "step " + step);
            }
        }
        assertThat(row.state().step()).isEqualTo(calls(json));
        var expected =
                ImageIO.read(ReferenceFile.path(family + "/" + name + ".png").toFile());
        assertThat(Drawing.psnr(run.picture(json, row), expected)).isGreaterThan(50);
    }

    /** A row that was stopped and goes on from its state, and one at its beginning, share forwards. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("pictures")
    void rowsShareForwardsAndGoOnWhereTheyStopped(String family, Engine engine, String name, JsonNode json) {
        ReferenceFile tensors = ReferenceFile.open(family + "/io.safetensors");
        WorkflowRun run = open(family, engine, json);
        Row stopped = run.begin(json);
        for (int step = 0; step < calls(json) / 2; step++) {
            run.step(json, List.of(stopped));
        }
        Row again = run.begin(json).at(stopped.state(), stopped.noisePosition());
        List<Row> rows = new ArrayList<>(List.of(again, run.begin(json)));
        run.finish(json, rows);
        float[] last = tensors.floats(name + "/step " + (calls(json) - 1));
        for (Row row : rows) {
            requireClose(row.state().sample(), last, "the end");
        }
    }

    /** Prompts of other lengths, steps, guidance and negative prompts. */
    @ParameterizedTest
    @CsvSource({"pixart,alpha,TORCH,2", "pixart,alpha,ONNX,2", "z_image,model,TORCH,5", "z_image,model,ONNX,5"})
    void rowsWithOtherPromptsShareForwards(String family, String checkpoint, Engine engine, int count) {
        ReferenceFile tensors = ReferenceFile.open(family + "/io.safetensors");
        List<JsonNode> cases = StreamSupport.stream(
                        ReferenceFile.json(family + "/cases.json").spliterator(), false)
                .filter(json -> json.get("checkpoint").asText().equals(checkpoint)
                        && json.get("width").asInt() == 48)
                .toList();
        assertThat(cases).hasSize(count);
        WorkflowRun run = open(family, engine, cases.get(0));
        List<Row> rows = cases.stream().map(run::begin).toList();
        int shared = run.step(cases.get(0), rows);
        assertThat(shared).isEqualTo(count);
        run.finish(cases.get(0), rows);
        for (int i = 0; i < rows.size(); i++) {
            int last = calls(cases.get(i)) - 1;
            String name = cases.get(i).get("name").asText();
            requireClose(
                    rows.get(i).state().sample(), tensors.floats(name + "/step " + last), name + " beside another");
        }
    }

    @Test
    void pixArtSaysWhatItIs() throws IOException {
        ModelFolder alpha = ModelFolder.open(ReferenceFile.path("pixart/alpha"));
        ModelFolder sigma = ModelFolder.open(ReferenceFile.path("pixart/sigma"));
        assertThat(alpha.card().pipeline()).isEqualTo("PixArtAlphaPipeline");
        assertThat(sigma.card().pipeline()).isEqualTo("PixArtSigmaPipeline");
        assertThat(alpha.card().defaults().guidanceScale()).isEqualTo(4.5f);
        assertThat(alpha.card().defaults().steps()).isEqualTo(20);
        assertThat(alpha.card().defaults().sampler()).isEqualTo("dpmpp_2m");
        assertThat(fields(alpha)).contains("negative_prompt", "guidance_scale").doesNotContain("prompt_syntax");
        try (TextEncoder encoder = sigma.textEncoder(new ComputeTarget("cpu", Precision.FP32, Engine.TORCH))) {
            assertThat(cut(encoder, 100)).isEmpty();
            assertThat(cut(encoder, 400)).isNotEmpty();
        }

        Path other = TestModels.copy(ReferenceFile.path("pixart/sigma"), temporary.resolve("told"));
        TestModels.edit(
                other.resolve("transformer/config.json"),
                "\"use_additional_conditions\": false",
                "\"use_additional_conditions\": true");
        assertThatThrownBy(() -> ModelFolder.open(other)).hasMessageContaining("use_additional_conditions");
    }

    @Test
    void fluxSaysWhatItIs() {
        ModelFolder dev = ModelFolder.open(ReferenceFile.path("flux/dev"));
        assertThat(dev.card().pipeline()).isEqualTo("FluxPipeline");
        assertThat(dev.card().defaults().guidanceScale()).isEqualTo(3.5f);
        assertThat(dev.card().defaults().sampler()).isEqualTo("flow_euler");
        assertThat(dev.card().samplers()).contains("flow_lcm").doesNotContain("flow_heun", "euler");
        assertThat(fields(dev)).containsExactly("prompt", "guidance_scale");
        assertThat(dev.latentPreview()).isPresent();
        assertThat(fields(ModelFolder.open(ReferenceFile.path("flux/schnell")))).containsExactly("prompt");
        assertThat(dev.card().defaults().steps()).isEqualTo(28);
        assertThat(ModelFolder.open(ReferenceFile.path("flux/schnell"))
                        .card()
                        .defaults()
                        .steps())
                .isEqualTo(4);
        assertThat(dev.pipeline().main().guidedRows()).isEqualTo(1);
        assertThat(ModelReport.inspect(ReferenceFile.path("flux/dev")).runs()).isTrue();
        assertThatThrownBy(() -> Samplers.create(dev.scheduler(), "flow_heun", 4))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** CLIP reads 77 tokens, and T5 512. */
    @Test
    void aPromptIsCutWhereNoEncoderReadsItsEnd() {
        ModelFolder dev = ModelFolder.open(ReferenceFile.path("flux/dev"));
        try (TextEncoder encoder = dev.textEncoder(new ComputeTarget("cpu", Precision.FP32, Engine.TORCH))) {
            assertThat(cut(encoder, 100)).isEmpty();
            assertThat(cut(encoder, 600)).hasSizeBetween(100, 1000);
        }
    }

    private static String cut(TextEncoder encoder, int words) {
        return encoder.encode(List.of(Prompt.of("a ".repeat(words)))).get(0).cut();
    }

    @Test
    void stableDiffusion3SaysWhatItIs() throws IOException {
        ModelFolder three = ModelFolder.open(ReferenceFile.path("sd3/sd3"));
        ModelFolder two = ModelFolder.open(ReferenceFile.path("sd3/sd35"));
        assertThat(three.card().components()).contains("text_encoder_3", "tokenizer_3");
        assertThat(two.card().components()).doesNotContain("text_encoder_3");
        assertThat(two.card().defaults().guidanceScale()).isEqualTo(7);
        assertThat(two.card().samplers()).contains("flow_euler", "flow_heun").doesNotContain("euler");
        assertThat(fields(three)).contains("negative_prompt", "guidance_scale").doesNotContain("prompt_syntax");
        assertThat(two.card().maxSize()).isEqualTo(12 * 2 * two.card().scale());

        Path other = TestModels.copy(ReferenceFile.path("sd3/sd35"), temporary.resolve("other"));
        TestModels.edit(other.resolve("transformer/config.json"), "\"patch_size\": 2", "\"patch_size\": 4");
        assertThatThrownBy(() -> ModelFolder.open(other)).hasMessageContaining("patch_size is 4");
    }

    @Test
    void ditSaysWhatItIs() throws IOException {
        ModelFolder model = ModelFolder.open(ReferenceFile.path("dit/variance"));
        assertThat(model.card().defaults().guidanceScale()).isEqualTo(4);
        assertThat(model.card().defaults().steps()).isEqualTo(50);
        assertThat(model.card().defaults().sampler()).isEqualTo("ddim");
        assertThat(fields(model)).contains("class_label", "guidance_scale").doesNotContain("prompt", "negative_prompt");
        assertThat(model.pipeline().workflows().get(0).sizes().min()).isEqualTo(32);
        assertThat(model.card().maxSize()).isEqualTo(32);

        Path old = TestModels.copy(ReferenceFile.path("dit/plain"), temporary.resolve("old"));
        TestModels.setComponent(old, "DiTPipeline", "transformer", "Transformer2DModel");
        Path config = old.resolve("transformer/config.json");
        TestModels.edit(config, "DiTTransformer2DModel", "Transformer2DModel");
        assertThat(ModelReport.inspect(old).runs()).isTrue();

        TestModels.edit(config, "\"num_embeds_ada_norm\": 1000", "\"num_embeds_ada_norm\": 999");
        assertThatThrownBy(() -> ModelFolder.open(old)).hasMessageContaining("num_embeds_ada_norm is 999");
        TestModels.edit(config, "ada_norm_zero", "ada_norm_single");
        assertThatThrownBy(() -> ModelFolder.open(old)).hasMessageContaining("norm_type");
    }

    @Test
    void zImageSaysWhatItIs() throws IOException {
        Path home = ReferenceFile.path("z_image/model");
        ModelFolder turbo = ModelFolder.open(home);
        assertThat(turbo.card().pipeline()).isEqualTo("ZImagePipeline");
        assertThat(turbo.pipeline().type().guidesFromPrompt()).isTrue();
        assertThat(turbo.card().defaults().guidanceScale()).isZero();
        assertThat(turbo.card().defaults().steps()).isEqualTo(8);
        assertThat(turbo.card().defaults().sampler()).isEqualTo("flow_euler");
        assertThat(turbo.card().samplers()).doesNotContain("flow_heun", "euler");
        assertThat(fields(turbo)).contains("negative_prompt", "guidance_scale").doesNotContain("prompt_syntax");
        assertThat(turbo.latentPreview()).isPresent();
        assertThat(ModelReport.inspect(home).runs()).isTrue();

        Path slow = TestModels.copy(home, temporary.resolve("slow"));
        TestModels.edit(slow.resolve("scheduler/scheduler_config.json"), "\"shift\": 3.0", "\"shift\": 6.0");
        ModelFolder base = ModelFolder.open(slow);
        assertThat(base.card().defaults().guidanceScale()).isEqualTo(5);
        assertThat(base.card().defaults().steps()).isEqualTo(50);
        for (ModelFolder one : List.of(turbo, base)) {
            Sampler comfy = Samplers.create(one.scheduler(), "flow_res_multistep:schedule=comfyui_simple", 4);
            assertThat(IntStream.range(0, 4).mapToObj(comfy::timestep)).containsExactly(1000f, 900f, 750f, 500f);
        }

        Path transformer = slow.resolve("transformer/config.json");
        TestModels.edit(transformer, "    64,", "    16,");
        assertThat(ModelFolder.open(slow).card().maxSize())
                .isEqualTo(16 * 2 * base.card().scale());
        TestModels.edit(transformer, "\"n_kv_heads\": 2", "\"n_kv_heads\": 1");
        assertThatThrownBy(() -> ModelFolder.open(slow)).hasMessageContaining("n_kv_heads");
        Path omni = TestModels.copy(home, temporary.resolve("omni"));
        TestModels.edit(omni.resolve("transformer/config.json"), "\"siglip_feat_dim\": null", "\"siglip_feat_dim\": 8");
        assertThatThrownBy(() -> ModelFolder.open(omni)).hasMessageContaining("siglip_feat_dim = 8");
    }

    /** Texts that are filled up to other multiples of 32, in one step; and scales that its pipeline has another meaning for. */
    @Test
    void theBranchesOfZImageDifferInLength() {
        JsonNode json = ofZImage("guided");
        WorkflowRun run = open("z_image", Engine.TORCH, json);
        List<Integer> lengths = run.begin(json).branches().stream()
                .map(branch -> branch.get(Tensors.ENCODER_HIDDEN_STATES).side(0))
                .toList();
        assertThat(lengths.get(0)).isLessThan(32);
        assertThat(lengths.get(1)).isGreaterThan(64);
        ObjectNode other = json.deepCopy();
        assertThat(run.begin(other.put("guidance_scale", 0.5)).branches()).hasSize(2);
        assertThat(run.begin(other.put("guidance_scale", 0)).branches()).hasSize(1);
        assertThatThrownBy(() -> run.begin(other.put("guidance_scale", -0.5)))
                .hasMessageContaining("guidance_scale -0.5 is below 0");
    }

    /** One is filled up to the length of the other's 512 tokens, which its attention sees nothing of. */
    @Test
    void onOnnxRuntimeARowOfZImageHasTheSameBytesBesideALongPrompt() {
        JsonNode json = ofZImage("turbo");
        ObjectNode other = ofZImage("long").deepCopy();
        other.put("width", json.get("width").asInt());
        WorkflowRun run = open("z_image", Engine.ONNX, json);
        Row alone = run.begin(json);
        run.step(json, List.of(alone));
        Row beside = run.begin(json);
        assertThat(run.step(json, List.of(beside, run.begin(other)))).isEqualTo(2);
        assertThat(beside.state().step()).isEqualTo(1);
        assertThat(beside.state().sample()).isEqualTo(alone.state().sample());
    }

    private static JsonNode ofZImage(String name) {
        return StreamSupport.stream(ReferenceFile.json("z_image/cases.json").spliterator(), false)
                .filter(one -> one.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> fields(ModelFolder model) {
        return model.pipeline().workflows().get(0).fields().stream()
                .map(Field::name)
                .toList();
    }

    private static WorkflowRun open(String family, Engine engine, JsonNode json) {
        var folder = ReferenceFile.path(family + "/" + json.get("checkpoint").asText());
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        return OPENED.of(List.of(folder, engine), () -> new WorkflowRun(ModelFolder.open(folder), target));
    }

    private static List<Integer> recorded(JsonNode json) {
        return StreamSupport.stream(json.get("recorded").spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
    }

    /** Runs that begin with a picture do not have all steps. */
    private static int calls(JsonNode json) {
        return json.path("calls").asInt(json.get("steps").asInt());
    }

    /** The first tokens of the states, and the pooled state. */
    private static void requireStates(Tensors given, ReferenceFile tensors, String name) {
        for (String branch : List.of("cond/", "uncond/")) {
            String recorded = name + (branch.equals("cond/") ? "/" : "/negative_");
            if (tensors.has(recorded + "states")) {
                float[] first = tensors.floats(recorded + "states");
                float[] own = given.get(branch + Tensors.ENCODER_HIDDEN_STATES).values();
                requireClose(Arrays.copyOf(own, first.length), first, "states");
                if (tensors.has(recorded + "pooled")) {
                    requireClose(
                            given.get(branch + "pooled_projections").values(),
                            tensors.floats(recorded + "pooled"),
                            "the pooled state");
                }
            }
        }
    }

    private static void requireCall(WorkflowRun run, Row row, ReferenceFile tensors, String name, JsonNode json) {
        int size = row.state().sample().length;
        float[] sample = Arrays.copyOf(tensors.floats(name + "/call/sample"), size);
        requireClose(row.state().sample(), sample, "the first sample");
        float timestep = tensors.floats(name + "/call/timestep")[0];
        List<float[]> outputs = run.network.predict(
                run.shape(json),
                row.branches().stream()
                        .map(branch -> new Denoiser.Row(sample, timestep, branch))
                        .toList());
        float[] expected = tensors.floats(name + "/call/output");
        assertThat(expected).hasSize(outputs.size() * size);
        for (int i = 0; i < outputs.size(); i++) {
            requireClose(outputs.get(i), Arrays.copyOfRange(expected, i * size, (i + 1) * size), "the call");
        }
    }
}
