package dev.weir.engine.torchscript;

import java.util.ArrayList;
import java.util.List;

/** The lines of one method. */
final class Body {

    private final String signature;
    private final List<String> lines = new ArrayList<>();
    private int variables;

    Body(String signature) {
        this.signature = signature;
    }

    String fresh() {
        return "v" + variables++;
    }

    /** A new variable of the given expression. */
    String assign(String expression) {
        var name = fresh();
        line(name + " = " + expression);
        return name;
    }

    void line(String line) {
        lines.add(line);
    }

    void appendTo(StringBuilder source) {
        source.append("  ").append(signature).append(":\n");
        lines.forEach(line -> source.append("    ").append(line).append('\n'));
    }
}
