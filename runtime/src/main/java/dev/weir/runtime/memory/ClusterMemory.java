package dev.weir.runtime.memory;

/**
 * What the nodes of a cluster remember together, in areas of bytes by name. A node that is alone remembers by itself. Any
 * thread, any node, lite ones too. It outlives nodes, not clusters: nothing of it is on a disk.
 */
public interface ClusterMemory {

    MemoryMap map(MemoryArea area);

    /** Whom this node believes to share it with: equal on nodes that do, once those who came or went are known to all. */
    String view();

    /** What this node is called in the cluster, until it is removed from it; empty where there is none. */
    String member();

    /** Whether a node of that name is in this one's cluster. */
    boolean isMember(String member);

    /** Whether other nodes hold it too, so that it outlives this one. */
    boolean isShared();

    /** Whether no other node is in this one's cluster, not even one that holds nothing of it. */
    boolean isAlone();
}
