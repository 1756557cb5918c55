package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.pipeline.Port;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.NodeModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Forwards of a real text encoder that fail: once, because of a request, or always, because the device is lost. */
final class LostDeviceTest {

    private static final ModelFolder FOLDER =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/checkpoints/sd1"), Optional.empty());

    private static final ComputeTarget CPU = new ComputeTarget("cpu", Precision.FP32);

    private static final String ERROR = "CUDA error: unspecified launch failure";

    private final List<Failure> failures = new ArrayList<>();
    private final List<Work> handedOn = new ArrayList<>();
    private final Outbox outbox = new Results();
    private Consumer<List<Prompt>> onEncode = prompts -> {};
    private final TextEncoderStage stage = new TextEncoderStage(
            NodeModels.of(List.of(FOLDER)),
            CPU,
            8,
            Optional.empty(),
            folder -> Encoders.open(folder, CPU, known -> new Failing(folder.textEncoder(CPU, known))));

    @BeforeEach
    void open() {
        stage.open();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    @Test
    void aLostDeviceGetsNoMorePromptsAndThoseThatItHeldMayBeReadElsewhere() {
        onEncode = prompts -> {
            throw new IllegalStateException(ERROR);
        };
        stage.admit(work("a fox"), outbox);
        stage.admit(work("a hill"), outbox);

        assertThat(stage.turn(outbox)).isPositive();

        assertThat(failures).hasSize(2).allSatisfy(failure -> {
            assertThat(failure.code()).isEqualTo("encode_failed");
            assertThat(failure.message()).isEqualTo(ERROR);
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(stage.models())
                .extracting(ModelStatus::getProblem)
                .containsExactly("its network fails, even with a test input: " + ERROR);

        onEncode = prompts -> {};
        stage.admit(work("a hut"), outbox);
        assertThat(failures).hasSize(3);
        assertThat(failures.get(2).retryable()).isTrue();
        assertThat(stage.turn(outbox)).isZero();
    }

    @Test
    void aForwardThatFailsForItsPromptTakesNoOtherWithIt() {
        onEncode = prompts -> {
            if (prompts.contains(Prompt.of("a fox"))) {
                throw new IllegalStateException("a prompt that the network does not take");
            }
        };
        stage.admit(work("a fox"), outbox);
        stage.turn(outbox);
        stage.admit(work("a hill"), outbox);
        stage.turn(outbox);

        assertThat(failures).hasSize(1);
        assertThat(handedOn).hasSize(1);
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
    }

    private static Work work(String prompt) {
        Generation.Builder generation =
                Generation.newBuilder().setPrompt(prompt).setGuidanceScale(7);
        return new Work(
                Task.newBuilder()
                        .setRef(SampleRef.newBuilder().setJobId(prompt))
                        .setModel(FOLDER.card().id())
                        .addRoute(Stage.newBuilder()
                                .setName("text-encoder")
                                .setRole(StageRole.ENCODE)
                                .addGives(Port.COND.name()))
                        .addRoute(Stage.newBuilder().setRole(StageRole.DIFFUSE).setRows(2))
                        .setGeneration(generation)
                        .build(),
                List.of());
    }

    /** A device that may be lost. */
    private final class Failing implements TextEncoder {

        private final TextEncoder device;

        Failing(TextEncoder device) {
            this.device = device;
        }

        @Override
        public List<PromptStates> encode(List<Prompt> prompts) {
            onEncode.accept(prompts);
            return device.encode(prompts);
        }

        @Override
        public PromptSize size(Prompt prompt) {
            return device.size(prompt);
        }

        @Override
        public int maxClipSkip() {
            return device.maxClipSkip();
        }

        @Override
        public void close() {
            device.close();
        }
    }

    private final class Results implements Outbox {

        @Override
        public void started(Work work) {}

        @Override
        public void progress(Work work, int step, int total, double stepSeconds) {}

        @Override
        public void previewLatent(Work work, int step, int total, Tensor latent) {}

        @Override
        public void frame(Work work, int step, int total, EncodedImage image) {}

        @Override
        public void handOn(Work work, List<Tensor> tensors) {
            handedOn.add(work);
        }

        @Override
        public void finish(Work work, EncodedImage image) {}

        @Override
        public void fail(Work work, Failure failure) {
            failures.add(failure);
        }
    }
}
