package dev.weir.client;

/**
 * The gateway's remark about a request that it serves nevertheless, such as a prompt that was cut at the encoder's limit.
 *
 * @param code stable, in snake_case, such as {@code prompt_truncated}
 * @param param the field of the request
 */
public record Warning(String code, String message, String param) {}
