package dev.weir.gateway.replicate;

import dev.weir.gateway.api.Fields;
import dev.weir.proto.v1.Webhook;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The webhook of a request. Stateless. */
final class WebhookField {

    static final String URL = "webhook";
    static final String EVENTS = "webhook_events_filter";
    static final Set<String> NAMES = Set.of(URL, EVENTS);

    private WebhookField() {}

    /** Keeps the fields among those of the job. */
    static void keep(Fields body, Map<String, Object> weir) {
        if (body.has(URL)) {
            weir.put(URL, body.text(URL).orElseThrow());
            weir.put(EVENTS, body.has(EVENTS) ? body.texts(EVENTS) : WebhookEvents.ALL);
        }
    }

    /**
     * @param base what URLs in a call begin with
     * @param signer the name of the key, or empty
     */
    static Optional<Webhook> read(Fields fields, Optional<Webhooks> webhooks, String base, String signer) {
        return fields.text(URL).map(url -> {
            if (webhooks.isEmpty()) {
                throw fields.invalid("unsupported_value", URL, "needs a gateway that has --webhook-secret");
            }
            try {
                webhooks.get().targets().require(url);
            } catch (IllegalArgumentException e) {
                throw fields.invalid("invalid_value", URL, e.getMessage());
            }
            List<String> events = fields.texts(EVENTS);
            if (!WebhookEvents.ALL.containsAll(events)) {
                throw fields.invalid(
                        "invalid_value", EVENTS, "must be a list of " + String.join(", ", WebhookEvents.ALL));
            }
            return Webhook.newBuilder()
                    .setUrl(url)
                    .addAllEvents(events)
                    .setBase(base)
                    .setSigner(signer)
                    .build();
        });
    }
}
