package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The IP-Adapters that a request names, among those that a node has. Their tokens travel with the prompt's states as {@code
 * cond/ip_adapter_0}. Stateless; any thread.
 */
public final class IpAdapters {

    private IpAdapters() {}

    /** Those of a model as its card has them. */
    static List<dev.weir.proto.v1.IpAdapter> of(Pipeline pipeline, Map<String, IpAdapter> known) {
        List<String> stages = stages(pipeline);
        return known.values().stream()
                .sorted(Comparator.comparing(IpAdapter::name))
                .map(adapter -> dev.weir.proto.v1.IpAdapter.newBuilder()
                        .setName(adapter.name())
                        .setFingerprint(adapter.fingerprint())
                        .addAllStages(stages)
                        .build())
                .toList();
    }

    /** The stages that see pictures, and the first that diffuses. */
    private static List<String> stages(Pipeline pipeline) {
        Stream<StageSpec> seeing = pipeline.workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> stage.takes().contains(Port.IP_ADAPTERS));
        return Stream.concat(seeing, Stream.of(pipeline.main()))
                .map(StageSpec::name)
                .distinct()
                .toList();
    }

    /**
     * Those that take part in the work's stage, in the request's order; none where the stage has no part in them.
     *
     * @param known the node's, by name
     * @throws dev.weir.engine.ModelException that names one that the node does not have as the request means it
     */
    public static List<IpAdapter> of(Work work, Map<String, IpAdapter> known) {
        List<IpAdapter> adapters = new ArrayList<>();
        for (dev.weir.proto.v1.IpAdapter named : generation(work).getIpAdaptersList()) {
            if (named.getStagesList().contains(work.stage().getName())) {
                adapters.add(find(named, known));
            }
        }
        return adapters;
    }

    private static Generation generation(Work work) {
        return work.task().getGeneration();
    }

    private static IpAdapter find(dev.weir.proto.v1.IpAdapter named, Map<String, IpAdapter> known) {
        return FilesHere.find(known, IpAdapter::fingerprint, "IP-Adapter", named.getName(), named.getFingerprint());
    }

    /** The name of an adapter's tokens within a branch. */
    public static String name(int index) {
        return "ip_adapter_" + index;
    }

    /** The same tensors with what a network attends to in place of the adapters' tokens. */
    static Tensors attended(Work work, Tensors given, Map<String, IpAdapter> known, Denoiser network) {
        List<IpAdapter> adapters = of(work, known);
        Tensors attended = given;
        for (int i = 0; i < adapters.size(); i++) {
            float scale = generation(work).getIpAdapters(i).getScale();
            for (String branch : List.of(Branches.COND, Branches.UNCOND)) {
                String name = branch + name(i);
                if (branch.equals(Branches.COND) || given.has(name)) {
                    attended = attended.with(name, network.attended(adapters.get(i), scale, given.get(name)));
                }
            }
        }
        return attended;
    }
}
