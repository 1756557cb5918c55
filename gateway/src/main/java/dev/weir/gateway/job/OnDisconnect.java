package dev.weir.gateway.job;

/** What becomes of a job whose client leaves before its end. */
public enum OnDisconnect {
    CANCEL,
    /** It goes on, and is kept for whoever comes back for it. */
    FINISH
}
