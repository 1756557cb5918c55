package dev.weir.gateway.job;

/** What happens to a job whose client disconnects before its end. */
public enum OnDisconnect {
    CANCEL,
    /** It continues, and is kept for a client that comes back. */
    FINISH
}
