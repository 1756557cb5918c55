package dev.weir.serving;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Ports;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * What encoders give for the prompts of a sample, as tensors on the bus: {@code cond/encoder_hidden_states} for the prompt,
 * {@code uncond/encoder_hidden_states} for the negative one. Stateless; any thread.
 */
public final class Branches {

    public static final String COND = "cond/";
    public static final String UNCOND = "uncond/";

    /** Before the names of what encoders see in a picture. */
    public static final String IMAGE = "image/";

    private Branches() {}

    /** Whether a stage of the sample uses classifier-free guidance, and so needs the negative branch. Gateways count its rows. */
    public static boolean isGuided(Task task) {
        return task.getRouteList().stream()
                .filter(stage -> stage.getRole() == StageRole.DIFFUSE)
                .anyMatch(stage -> stage.getRows() > 1
                        || stage.getRows() == 0 && ClassifierFreeGuidance.isGuided(guidanceScale(task, stage)));
    }

    /** A prior and a refiner have their own. */
    private static float guidanceScale(Task task, Stage stage) {
        return stage.getSampling().hasGuidanceScale()
                ? stage.getSampling().getGuidanceScale()
                : task.getGeneration().getGuidanceScale();
    }

    public static List<Tensor> toTensors(String branch, Tensors tensors) {
        return tensors.byName().entrySet().stream()
                .map(entry -> toTensor(branch + entry.getKey(), entry.getValue()))
                .toList();
    }

    /** The tensors of a branch, under the names that the network gives them. */
    public static Tensors fromTensors(String branch, List<Tensor> tensors) {
        Map<String, HostTensor> own = new LinkedHashMap<>();
        for (Tensor tensor : tensors) {
            if (tensor.name().startsWith(branch)) {
                own.put(tensor.name().substring(branch.length()), fromTensor(tensor));
            }
        }
        return new Tensors(own);
    }

    /** What a stage takes of earlier ones, handed on with the task or kept in a checkpoint, without the request's files. */
    static Tensors given(Work work) {
        Map<String, HostTensor> given = new LinkedHashMap<>();
        for (Tensor tensor : work.tensors()) {
            String name = Snapshot.givenName(tensor);
            if (Ports.isTaken(List.of(work.stage()), 0, name) && !Inputs.isFile(name)) {
                given.put(name, fromTensor(tensor));
            }
        }
        return new Tensors(given);
    }

    /** The length of the longest text that a prompt of the sample has at any step; 0 without prompts. */
    static int tokens(Work work) {
        return work.tensors().stream()
                .filter(tensor -> Snapshot.givenName(tensor).endsWith("/" + Tensors.ENCODER_HIDDEN_STATES))
                .mapToInt(tensor -> Math.toIntExact(tensor.shape()[0]))
                .max()
                .orElse(0);
    }

    private static Tensor toTensor(String name, HostTensor tensor) {
        return Tensor.ofFloats(
                name,
                tensor.values(),
                tensor.shape().stream().mapToLong(Integer::longValue).toArray());
    }

    private static HostTensor fromTensor(Tensor tensor) {
        int[] shape = LongStream.of(tensor.shape()).mapToInt(Math::toIntExact).toArray();
        return new HostTensor(IntStream.of(shape).boxed().toList(), tensor.toFloats());
    }
}
