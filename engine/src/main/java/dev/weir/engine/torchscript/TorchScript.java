package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Parameter;
import dev.weir.engine.graph.Script;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Prints a network as the archive of a TorchScript module. Any thread. */
public final class TorchScript {

    private static final String MODULE = "class M(Module):\n";

    /** The method that copies the weights of a network that computes gradients: those that inference makes take part in none. */
    public static final String OWN = "own";

    /** The method that gives all weights, and the one that takes those of another network. */
    public static final String GIVE = "give";

    public static final String TAKE = "take";

    private TorchScript() {}

    /** The archive of a module without weights, with methods as they are written here. */
    public static byte[] archive(String methods) {
        return Archive.of(MODULE + methods.indent(2), List.of());
    }

    /**
     * The archive that libtorch loads, whose method of each {@link Binding} then takes the weights from their files.
     *
     * @param shared what another network gives, which the method {@link #TAKE} takes those from that this one has too
     */
    public static byte[] archive(Script script, Numerics numerics, List<Binding> bindings, List<Parameter> shared) {
        var source = new StringBuilder(MODULE);
        for (var parameter : script.parameters()) {
            source.append("  ").append(name(parameter)).append(" : Tensor\n");
        }
        var upcast = script.upcastsAttention() && numerics.isHalf();
        script.methods().forEach(method -> body(method, numerics, upcast).appendTo(source));
        bindings.forEach(binding -> binding.body(numerics).appendTo(source));
        give(script).appendTo(source);
        if (!shared.isEmpty()) {
            take(script, shared).appendTo(source);
        }
        if (script.differentiates()) {
            own(script).appendTo(source);
        }
        return Archive.of(
                source.toString(),
                script.parameters().stream().map(TorchScript::name).toList());
    }

    private static Body body(Method method, Numerics numerics, boolean upcastsAttention) {
        var signature = new StringBuilder("def " + method.name() + "(self");
        for (var input : method.inputNames()) {
            signature.append(", ").append(input).append(": Tensor");
        }
        var body = new Body(signature.append(") -> Tensor").toString());
        var emitter = new OperationEmitter(body, numerics, upcastsAttention);
        method.operations().forEach(emitter::emit);
        return body;
    }

    private static Body give(Script script) {
        var body = new Body("def " + GIVE + "(self) -> List[Tensor]");
        var weights = script.parameters().stream().map(TorchScript::attribute).collect(Collectors.joining(", "));
        body.line("return annotate(List[Tensor], [%s])".formatted(weights));
        return body;
    }

    private static Body take(Script script, List<Parameter> shared) {
        var body = new Body("def " + TAKE + "(self, weights: List[Tensor]) -> int");
        var own = Set.copyOf(script.parameters());
        for (int i = 0; i < shared.size(); i++) {
            if (own.contains(shared.get(i))) {
                body.line("%s = weights[%d]".formatted(attribute(shared.get(i)), i));
            }
        }
        body.line("return 0");
        return body;
    }

    private static Body own(Script script) {
        var body = new Body("def " + OWN + "(self, any: Tensor) -> Tensor");
        script.parameters().stream()
                .map(TorchScript::attribute)
                .forEach(weight -> body.line("%1$s = torch.clone(torch.detach(%1$s))".formatted(weight)));
        body.line("return any");
        return body;
    }

    /** The expression that reads a weight. */
    static String attribute(Parameter parameter) {
        return "self." + name(parameter);
    }

    private static String name(Parameter parameter) {
        return parameter.name().replace(".", "__").replace("-", "_");
    }
}
