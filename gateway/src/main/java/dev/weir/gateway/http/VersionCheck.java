package dev.weir.gateway.http;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Makes a request line with an unknown version of HTTP a malformed request, which is answered with 400. Vert.x answers 501, as
 * if the server had failed. Event loop of its connection.
 */
@Sharable
public final class VersionCheck extends ChannelInboundHandlerAdapter {

    private static final VersionCheck INSTANCE = new VersionCheck();
    private static final String VERTX_HANDLER = "handler";

    private VersionCheck() {}

    /** To be called with each connection as it opens. */
    public static void watch(HttpConnection connection) {
        if (connection instanceof ConnectionBase base
                && base.channel().pipeline().get(VERTX_HANDLER) != null) {
            base.channel().pipeline().addBefore(VERTX_HANDLER, "weir-version", INSTANCE);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof HttpRequest request
                && request.decoderResult().isSuccess()
                && !request.protocolVersion().equals(HttpVersion.HTTP_1_1)
                && !request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
            request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("unknown version of HTTP")));
        }
        ctx.fireChannelRead(message);
    }
}
