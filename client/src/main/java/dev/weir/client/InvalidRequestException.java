package dev.weir.client;

import java.util.Optional;

/** The gateway refused the request. The same request will be refused again. */
public final class InvalidRequestException extends WeirException {

    private static final long serialVersionUID = 1L;

    private final String param;

    InvalidRequestException(String code, String message, String param) {
        super(code, message, null);
        this.param = param;
    }

    /** The request's field that was wrong, such as {@code size}. */
    public Optional<String> param() {
        return Optional.ofNullable(param);
    }
}
