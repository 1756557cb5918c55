package dev.weir.gateway.comfyui;

/** A node asks for what Weir does not compute. */
final class RefusedNodeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient NodeError error;

    /** @param input empty: the whole node */
    RefusedNodeException(Node node, String input, String problem) {
        super(problem, null, false, false);
        this.error = NodeError.refused(node.id(), input, problem);
    }

    NodeError error() {
        return error;
    }
}
