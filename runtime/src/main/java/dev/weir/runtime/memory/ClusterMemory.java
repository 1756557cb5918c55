package dev.weir.runtime.memory;

/**
 * The shared memory of the nodes of a cluster, in areas of bytes by name. A node without a cluster has its own. Any
 * thread, any node, including lite ones. It survives the loss of nodes. The loss of the whole cluster it survives only with
 * a {@link dev.weir.runtime.store.PostgresMemory store}: otherwise nothing is on disk.
 */
public interface ClusterMemory {

    MemoryMap map(MemoryArea area);

    /**
     * The members with which this node believes to share the memory. Equal on nodes that do share it, once all of them
     * know of joins and departures.
     */
    String view();

    /** This node's name in the cluster, until it is removed from it. Empty if there is no cluster. */
    String member();

    /** Whether a node with that name is a member of this node's cluster. */
    boolean isMember(String member);

    /** Whether other nodes hold the data too, so that it survives the loss of this node. */
    boolean isShared();

    /** Whether no other node is in this node's cluster, not even a lite one. */
    boolean isAlone();
}
