package dev.weir.runtime;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The configuration of a node, read once from flags, environment and file. Nothing in it is secret.
 *
 * @param cluster empty: the node is alone in its process
 * @param ops where a node without a gateway serves health and metrics; port 0: any free port; empty: nowhere
 * @param compute the models and the device of the stages
 * @param limits time limits
 * @param traceEndpoint where spans are sent; empty: nowhere
 */
public record NodeConfig(
        Set<Role> roles,
        Optional<ClusterConfig> cluster,
        Optional<HostPort> ops,
        Compute compute,
        Limits limits,
        Optional<URI> traceEndpoint) {

    public NodeConfig {
        roles = Set.copyOf(roles);
    }

    /** A configuration without traces. */
    public NodeConfig(
            Set<Role> roles, Optional<ClusterConfig> cluster, Optional<HostPort> ops, Compute compute, Limits limits) {
        this(roles, cluster, ops, compute, limits, Optional.empty());
    }

    public NodeConfig withRoles(Set<Role> newRoles) {
        return new NodeConfig(newRoles, cluster, ops, compute, limits, traceEndpoint);
    }

    public NodeConfig tracingTo(Optional<URI> endpoint) {
        return new NodeConfig(roles, cluster, ops, compute, limits, endpoint);
    }

    /**
     * @param models diffusers folders and single files
     * @param device {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:1}, or several with commas between them
     * @param precision {@code auto}, {@code fp32}, {@code bf16}, {@code fp16}
     * @param threads CPU threads of one forward pass; 0: as many as the machine has cores
     * @param engine {@code auto}, {@code torch}, {@code onnx}
     * @param sampler for requests that name none; empty: each model's own
     * @param safety {@code off}, {@code flag}, {@code blank}
     * @param taesd folders of tiny autoencoders, for frames
     * @param vae a file or folder with the autoencoder of the one model; empty: the model's own
     * @param addOns folders of what requests may name beside the models
     * @param directory a folder whose models are loaded on first use; empty: none
     */
    public record Compute(
            List<Path> models,
            String device,
            String precision,
            int threads,
            String engine,
            Optional<String> sampler,
            String safety,
            List<Path> taesd,
            Optional<Path> vae,
            AddOns addOns,
            Optional<Directory> directory) {

        static final int MAX_THREADS = 1024;
        private static final String AUTO = "auto";

        public Compute {
            models = List.copyOf(models);
            taesd = List.copyOf(taesd);
        }

        /** A configuration whose models use their own samplers. */
        public Compute(List<Path> models, String device, String precision, int threads) {
            this(
                    models,
                    device,
                    precision,
                    threads,
                    AUTO,
                    Optional.empty(),
                    "off",
                    List.of(),
                    Optional.empty(),
                    AddOns.NONE,
                    Optional.empty());
        }

        public Compute withSampler(Optional<String> newSampler) {
            return new Compute(
                    models, device, precision, threads, engine, newSampler, safety, taesd, vae, addOns, directory);
        }

        public Compute withEngine(String newEngine) {
            return new Compute(
                    models, device, precision, threads, newEngine, sampler, safety, taesd, vae, addOns, directory);
        }

        /** The same with these models alone. */
        public Compute withOnly(List<Path> newModels) {
            return new Compute(
                    newModels,
                    device,
                    precision,
                    threads,
                    engine,
                    sampler,
                    safety,
                    taesd,
                    vae,
                    addOns,
                    Optional.empty());
        }

        public static Compute auto(List<Path> models) {
            return new Compute(models, AUTO, AUTO, 0);
        }

        /** The names in {@link #device}: one for each denoiser and each upsampler. Other stages use the first. */
        public List<String> devices() {
            return List.of(device.split(",", -1));
        }

        private List<String> deviceProblems(boolean diffuses) {
            List<String> problems = new ArrayList<>();
            List<String> names = devices().stream()
                    .map(name -> name.equals("cuda") ? "cuda:0" : name)
                    .toList();
            Optional<String> unknown = names.stream()
                    .filter(name -> !name.matches("auto|cpu|cuda:\\d+"))
                    .findFirst();
            if (unknown.isPresent()) {
                problems.add("device: \"%s\" is none of auto, cpu, cuda, cuda:N, or several with commas"
                        .formatted(unknown.get()));
            } else if (names.size() > 1 && names.contains(AUTO)) {
                problems.add("device: auto stands alone: \"%s\"".formatted(device));
            } else if (names.size() > 1 && !diffuses) {
                problems.add("device: only denoisers and upsamplers run on several devices: \"%s\"".formatted(device));
            }
            names.stream()
                    .filter(name -> name.startsWith("cuda") && Collections.frequency(names, name) > 1)
                    .distinct()
                    .forEach(name -> problems.add("device: %s is named twice".formatted(name)));
            return problems;
        }

        List<String> problems(boolean needsModels, boolean diffuses) {
            List<String> problems = deviceProblems(diffuses);
            if (needsModels && models.isEmpty() && directory.isEmpty()) {
                problems.add("model: a stage needs a model folder");
            }
            for (Path model : models) {
                if (!Files.exists(model)) {
                    problems.add("model: %s: no such file or folder".formatted(model));
                }
            }
            directory
                    .map(Directory::folder)
                    .filter(folder -> !Files.isDirectory(folder))
                    .ifPresent(folder -> problems.add("model-dir: %s: no such folder".formatted(folder)));
            if (!precision.matches("auto|fp32|bf16|fp16")) {
                problems.add("precision: \"%s\" is none of auto, fp32, bf16, fp16".formatted(precision));
            }
            if (!engine.matches("auto|torch|onnx")) {
                problems.add("engine: \"%s\" is none of auto, torch, onnx".formatted(engine));
            }
            if (!safety.matches("off|flag|blank")) {
                problems.add("safety: \"%s\" is none of off, flag, blank".formatted(safety));
            }
            if (threads < 0 || threads > MAX_THREADS) {
                problems.add("threads: %d is not within 0 and %d".formatted(threads, MAX_THREADS));
            }
            return problems;
        }
    }

    /**
     * A folder whose models are loaded on first use.
     *
     * @param bytes for the weights of all models of the process; empty: half of the device's memory
     */
    public record Directory(Path folder, OptionalLong bytes) {}

    /**
     * @param drainTime how long a stopping node may finish held samples
     * @param stallLimit a device thread without progress for this long makes the node unhealthy; slow devices have more time
     * @param patience how long a task waits for a node that serves its model before it fails
     */
    public record Limits(Duration drainTime, Duration stallLimit, Duration patience) {

        public static final Limits DEFAULT =
                new Limits(Duration.ofSeconds(25), Duration.ofMinutes(2), Duration.ofSeconds(10));

        List<String> problems() {
            List<String> problems = new ArrayList<>();
            Map.of("drain-time", drainTime, "stall-limit", stallLimit, "patience", patience)
                    .forEach((name, time) -> {
                        if (time.isNegative() || time.compareTo(Duration.ofHours(1)) > 0) {
                            problems.add("%s: %s is not within 0 and one hour".formatted(name, time));
                        }
                    });
            return problems;
        }
    }

    /** All problems, each with the name of its setting. Empty if the node can start. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (roles.isEmpty()) {
            problems.add("roles: a node needs at least one role");
        }
        cluster.ifPresent(c -> problems.addAll(c.problems(roles.contains(Role.GATEWAY))));
        boolean hasStage = roles.stream().anyMatch(role -> role.stage().isPresent());
        boolean diffuses = roles.stream().anyMatch(Role::diffuses);
        problems.addAll(compute.problems(hasStage, diffuses));
        problems.addAll(limits.problems());
        traceEndpoint
                .filter(endpoint -> !isCollector(endpoint))
                .ifPresent(endpoint ->
                        problems.add("trace-endpoint: must be http://HOST:PORT or https://HOST:PORT, without a user"));
        return problems;
    }

    private static boolean isCollector(URI endpoint) {
        return String.valueOf(endpoint.getScheme()).matches("https?")
                && endpoint.getHost() != null
                && endpoint.getUserInfo() == null;
    }

    /** Every setting by name, to be printed at start. */
    public Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("roles", roles.stream().sorted().map(Role::toString).collect(Collectors.joining(", ")));
        settings.put("cluster", cluster.map(ClusterConfig::name).orElse("none"));
        cluster.ifPresent(c -> {
            settings.put("bind", c.bind().map(HostPort::toString).orElse("auto"));
            settings.put("bus-port", c.busPort() == 0 ? "any" : String.valueOf(c.busPort()));
            settings.put("join", c.join().stream().map(HostPort::toString).collect(Collectors.joining(", ")));
            settings.put("lite", String.valueOf(c.lite()));
            settings.put("quorum", c.quorum() == 0 ? "none" : String.valueOf(c.quorum()));
            settings.put("bus-tls", c.tls().map(BusTls::toString).orElse("none"));
        });
        ops.ifPresent(o -> settings.put("health and metrics", o.toString()));
        settings.put("models", names(compute.models()));
        compute.directory().ifPresent(directory -> {
            settings.put("model-dir", directory.folder().toString());
            settings.put(
                    "model-memory",
                    directory.bytes().isPresent()
                            ? directory.bytes().getAsLong() + " bytes"
                            : "half of the device's memory");
        });
        settings.put("sampler", compute.sampler().orElse("each model's own"));
        settings.put("device", compute.device());
        settings.put("precision", compute.precision());
        settings.put("engine", compute.engine());
        settings.put("safety", compute.safety());
        settings.put("taesd", compute.taesd().isEmpty() ? "none" : names(compute.taesd()));
        settings.put("vae", compute.vae().map(Path::toString).orElse("each model's own"));
        settings.put(
                "embedding-dir",
                compute.addOns().embeddings().isEmpty()
                        ? "none"
                        : names(compute.addOns().embeddings()));
        settings.put(
                "lora-dir",
                compute.addOns().loras().isEmpty()
                        ? "none"
                        : names(compute.addOns().loras()));
        settings.put(
                "controlnet-dir",
                compute.addOns().controlNets().isEmpty()
                        ? "none"
                        : names(compute.addOns().controlNets()));
        settings.put(
                "ip-adapter-dir",
                compute.addOns().ipAdapters().isEmpty()
                        ? "none"
                        : names(compute.addOns().ipAdapters()));
        settings.put(
                "upscaler-dir",
                compute.addOns().upscalers().isEmpty()
                        ? "none"
                        : names(compute.addOns().upscalers()));
        settings.put("threads", compute.threads() == 0 ? "auto" : String.valueOf(compute.threads()));
        settings.put("drain-time", limits.drainTime().toSeconds() + " s");
        settings.put("stall-limit", limits.stallLimit().toSeconds() + " s");
        settings.put("trace-endpoint", traceEndpoint.map(URI::toString).orElse("none"));
        settings.put("patience", limits.patience().toSeconds() + " s");
        return settings;
    }

    private static String names(List<Path> folders) {
        return folders.stream().map(Path::toString).collect(Collectors.joining(", "));
    }
}
