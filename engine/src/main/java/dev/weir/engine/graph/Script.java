package dev.weir.engine.graph;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A network: the weights that it expects and its methods. A network class describes it once, it is held to the checkpoint,
 * and a back end loads it. Confined to the thread that describes it; loads nothing.
 */
public final class Script {

    private static final int REPORTED = 10;
    private static final String WEIGHT = ".weight";
    private static final String TEXT_MODEL = "text_model.";

    /** A config.json may ask for more layers than memory has room to describe: no need to list all that is missing. */
    private static final int MOST_PROBLEMS = 5_000;

    private final String network;
    private final Weights weights;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final List<Method> methods = new ArrayList<>();
    private final Set<String> problems = new LinkedHashSet<>();
    private final Map<String, List<Integer>> layers = new LinkedHashMap<>();
    private final Set<String> adapted;
    private boolean attentionIsUpcast;

    /** @param network its class, for messages */
    public Script(String network, Weights weights) {
        this(network, weights, Set.of());
    }

    /** @param adapted the {@link #layers} that have an {@link Adapter} */
    public Script(String network, Weights weights, Set<String> adapted) {
        this.network = network;
        this.weights = weights;
        this.adapted = Set.copyOf(adapted);
    }

    /** Begins a method with tensors for inputs. */
    public Graph method(String name, String... inputs) {
        var method = new Method(name, List.of(inputs), !adapted.isEmpty());
        methods.add(method);
        return new Graph(this, method, "");
    }

    /** Has a back end compute attention in fp32 where it computes the rest in fp16, whose range scores may leave. */
    public void upcastAttention() {
        attentionIsUpcast = true;
    }

    public boolean upcastsAttention() {
        return attentionIsUpcast;
    }

    public boolean hasWeight(String name) {
        return weights.names().contains(name);
    }

    /** Expects a weight. */
    Parameter declare(String name, Parameter.Use use, Integer... shape) {
        var parameter = new Parameter(name, List.of(shape), use);
        parameters.putIfAbsent(name, parameter);
        if (!hasWeight(name)) {
            report(name + " is missing");
        } else {
            var info = weights.info(name);
            if (!info.type().isFloat()) {
                problems.add("%s is %s in %s, not floats"
                        .formatted(name, info.type(), info.file().getFileName()));
            }
            var wanted = parameter.shape().stream().mapToLong(side -> side).toArray();
            if (!Arrays.equals(info.shape(), wanted)) {
                problems.add("%s is %s in %s, not %s as config.json says"
                        .formatted(
                                name, Arrays.toString(info.shape()), info.file().getFileName(), parameter.shape()));
            }
        }
        return parameter;
    }

    /** Declares a linear layer or a convolution, which has an {@link Adapter} if the network was begun with one for it. */
    Optional<Adapter> layer(Parameter weight, Method method) {
        var name = layerName(weight.name());
        var shape = weight.shape();
        layers.put(name, shape);
        if (!adapted.contains(name)) {
            return Optional.empty();
        }
        int in = shape.stream().skip(1).reduce(1, Math::multiplyExact);
        return Optional.of(method.adapter(name, in, shape.get(0)));
    }

    /** Some checkpoints of text encoders have a prefix before all names, and others of the same network have none. */
    private static String layerName(String weight) {
        var name = weight.substring(0, weight.length() - WEIGHT.length());
        return name.startsWith(TEXT_MODEL) ? name.substring(TEXT_MODEL.length()) : name;
    }

    /** The shapes of the weights of its linear layers and convolutions, by the layers' names. */
    public Map<String, List<Integer>> layers() {
        return Collections.unmodifiableMap(layers);
    }

    /** Notes what makes the network unusable. */
    void report(String problem) {
        problems.add(problem);
        if (problems.size() > MOST_PROBLEMS) {
            throw refusal();
        }
    }

    /**
     * Holds the network to its checkpoint.
     *
     * @param allowedSpare names of tensors that checkpoints of this network may hold and that it does not need
     * @throws ModelException naming the first weights that are missing, misshapen or unknown
     */
    public void check(Predicate<String> allowedSpare) {
        weights.names().stream()
                .filter(name -> !parameters.containsKey(name) && !allowedSpare.test(name))
                .sorted()
                .forEach(name -> problems.add(
                        name + " in " + weights.info(name).file().getFileName() + " is no weight of this network"));
        if (!problems.isEmpty()) {
            throw refusal();
        }
    }

    private ModelException refusal() {
        var shown = problems.stream().limit(REPORTED).toList();
        var more = problems.size() - shown.size();
        return new ModelException(
                "%s: %s%s".formatted(network, String.join("; ", shown), more == 0 ? "" : "; and " + more + " more"));
    }

    public List<Method> methods() {
        return List.copyOf(methods);
    }

    /** Whether one of its methods computes a gradient. */
    public boolean differentiates() {
        return methods.stream().anyMatch(Method::differentiates);
    }

    /** Whether one of its methods samples clouds of points. */
    public boolean samplesPoints() {
        return methods.stream().anyMatch(Method::samplesPoints);
    }

    public List<Parameter> parameters() {
        return List.copyOf(parameters.values());
    }

    public Weights weights() {
        return weights;
    }

    /** The names of all weights that the network expects. */
    public Set<String> parameterNames() {
        return parameters.keySet();
    }

    /** The shapes of all weights that the network expects, by name. */
    public Map<String, List<Integer>> parameterShapes() {
        var shapes = new LinkedHashMap<String, List<Integer>>();
        parameters.forEach((name, parameter) -> shapes.put(name, parameter.shape()));
        return shapes;
    }
}
