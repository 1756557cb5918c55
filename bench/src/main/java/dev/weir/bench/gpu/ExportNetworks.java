package dev.weir.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.bench.RandomCheckpoint;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.network.Networks;
import dev.weir.engine.torchscript.Binding;
import dev.weir.engine.torchscript.Numerics;
import dev.weir.engine.torchscript.Placement;
import dev.weir.engine.torchscript.TorchScript;
import dev.weir.engine.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/**
 * Writes each network of a list as TorchScript archives, one for each device and precision, and one {@code manifest.json}. Weights are
 * not written: only the head of their file, so that a machine with a GPU can make random ones. Runs nothing.
 */
public final class ExportNetworks {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ComputeTarget REFERENCE = new ComputeTarget("cpu", Precision.FP32);

    private final Path folder;
    private final String device;

    private ExportNetworks(Path folder, String device) {
        this.folder = folder;
        this.device = device;
    }

    /** The list of networks, the folder to write, and the device that is measured, as {@code cuda:0}. */
    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: ExportNetworks NETWORKS.json FOLDER DEVICE");
            System.exit(2);
        }
        export(Path.of(args[0]), Path.of(args[1]), args[2]);
    }

    /** @param list an array of networks: a name, a configuration, a method, the shapes of its inputs, what whole numbers are below,
     *     and the batches to measure */
    public static void export(Path list, Path folder, String device) throws IOException {
        Files.createDirectories(folder);
        var export = new ExportNetworks(folder, device);
        ArrayNode networks = JSON.createArrayNode();
        for (JsonNode network : JSON.readTree(list.toFile())) {
            networks.add(export.network(list.toAbsolutePath().getParent(), network));
        }
        ObjectNode manifest = JSON.createObjectNode().put("device", device);
        manifest.set("networks", networks);
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve("manifest.json").toFile(), manifest);
    }

    private ObjectNode network(Path base, JsonNode network) throws IOException {
        String name = network.path("name").asText();
        JsonNode config = network.has("options")
                ? network.path("options")
                : JSON.readTree(base.resolve(network.path("config").asText()).toFile());
        Script script = Networks.describe(config);
        Method method = script.methods().stream()
                .filter(known -> known.name().equals(network.path("method").asText()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + ": no method of that name"));

        byte[] head = RandomCheckpoint.head(script.parameterShapes());
        Files.write(folder.resolve(name + ".head"), head);
        ObjectNode described = JSON.createObjectNode()
                .put("name", name)
                .put("method", method.name())
                .put("head", name + ".head")
                .put("bytes", head.length + RandomCheckpoint.bytes(script.parameterShapes()));
        described.set("inputs", inputs(name, method, network));
        described.set("batches", network.path("batches"));
        described.set(
                "archives",
                archives(name, script, config, described.path("bytes").asLong(), head));
        return described;
    }

    /** In the order in which a forward takes them. */
    private static ArrayNode inputs(String name, Method method, JsonNode network) {
        ArrayNode inputs = JSON.createArrayNode();
        for (String input : method.inputNames()) {
            Input.Kind kind = method.input(input).map(Input::kind).orElse(Input.Kind.FLAGS);
            JsonNode shape = network.path("inputs").path(input);
            if (kind != Input.Kind.FLAGS && !shape.isArray()) {
                throw new IllegalArgumentException(
                        "%s: no shape of %s; its inputs are %s".formatted(name, input, method.inputNames()));
            }
            ObjectNode one = inputs.addObject()
                    .put("name", input)
                    .put("type", type(kind))
                    .put("below", network.path("below").path(input).asInt());
            one.set("shape", kind == Input.Kind.FLAGS ? JSON.valueToTree(List.of(1, 1)) : shape);
        }
        return inputs;
    }

    private static String type(Input.Kind kind) {
        return switch (kind) {
            case IDS, LABELS, SLOTS -> "long";
            case FLAGS -> "bool";
            default -> "float";
        };
    }

    /** A file of the right size without contents stands for the weights: the archives only name places in it. */
    private ArrayNode archives(String name, Script script, JsonNode config, long bytes, byte[] head)
            throws IOException {
        ArrayNode archives = JSON.createArrayNode();
        Path empty = folder.resolve(name + ".empty");
        try (var file = Files.newByteChannel(empty, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(head));
            file.position(bytes - 1).write(ByteBuffer.allocate(1));
        }
        try (Placement placement = Placement.of(SafetensorsFile.open(empty), script.parameterNames())) {
            List<Binding> bindings = Binding.all(script.parameters(), placement);
            archives.add(archive(name, script, REFERENCE, REFERENCE, bindings));
            for (Precision precision : Precision.values()) {
                var wanted = new ComputeTarget(device, precision);
                if (!wanted.equals(REFERENCE)) {
                    archives.add(archive(name, script, wanted, Networks.target(config, wanted), bindings));
                }
            }
        }
        Files.delete(empty);
        return archives;
    }

    private ObjectNode archive(
            String name, Script script, ComputeTarget wanted, ComputeTarget target, List<Binding> bindings)
            throws IOException {
        String file = "%s.%s-%s.pt"
                .formatted(
                        name,
                        wanted.device().replace(":", ""),
                        wanted.precisionName().toLowerCase(Locale.ROOT));
        Files.write(folder.resolve(file), TorchScript.archive(script, Numerics.of(target, false), bindings, List.of()));
        return JSON.createObjectNode()
                .put("file", file)
                .put("device", wanted.device())
                .put("asked", wanted.precisionName())
                .put("computes", target.precisionName());
    }
}
