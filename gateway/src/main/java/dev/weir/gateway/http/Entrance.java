package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** What every request passes before its route: its target is well formed, its host is known, its public address is found. */
public final class Entrance implements Handler<RoutingContext> {

    private static final int HEX = 16;

    private final PublicAddresses addresses;
    private final BrowserGuard guard;

    /** @param listensOn the address that the gateway listens on */
    public Entrance(Access access, String listensOn) {
        this.addresses = new PublicAddresses(access);
        this.guard = new BrowserGuard(access, addresses, listensOn);
    }

    /** For the routes that open WebSockets. */
    public BrowserGuard guard() {
        return guard;
    }

    @Override
    public void handle(RoutingContext ctx) {
        if (!isWellFormed(ctx.request().uri())) {
            String message =
                    "the URL is not well formed: after % there must be two hexadecimal digits, of text in UTF-8";
            throw new ApiException(ApiError.invalid("bad_request", message, null));
        }
        guard.requireKnownHost(ctx.request());
        addresses.of(ctx.request()).keep(ctx);
        ctx.next();
    }

    /** Whether what is escaped in it is UTF-8. */
    private static boolean isWellFormed(String target) {
        ByteBuffer bytes = ByteBuffer.allocate(target.length());
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c != '%') {
                bytes.put((byte) (c < 0x80 ? c : '?'));
                continue;
            }
            int high = i + 2 < target.length() ? Character.digit(target.charAt(i + 1), HEX) : -1;
            int low = i + 2 < target.length() ? Character.digit(target.charAt(i + 2), HEX) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            bytes.put((byte) (HEX * high + low));
            i += 2;
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(bytes.flip());
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
