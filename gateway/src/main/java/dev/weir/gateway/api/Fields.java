package dev.weir.gateway.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.regex.Pattern;

/**
 * A JSON object of a request, read field by field. Each getter returns the value or throws an {@link ApiException} that
 * names the field and its allowed values. A null field counts as absent.
 */
public final class Fields {

    /** Quotation marks, colon and comma. */
    private static final int PUNCTUATION = 6;

    private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,100}");
    private static final BigInteger ANY_SEED = BigInteger.ONE.negate();
    private static final BigInteger MAX_SEED =
            BigInteger.ONE.shiftLeft(Long.SIZE).subtract(BigInteger.ONE);

    private final String path;
    private final Map<String, Object> values;
    /** The client's names of fields that have another one here. */
    private final Map<String, String> clientNames;

    private Fields(String path, Map<String, Object> values, Map<String, String> clientNames) {
        this.path = path;
        this.values = values;
        this.clientNames = clientNames;
    }

    public static Fields parse(byte[] body) {
        return of("", JsonBody.object(body));
    }

    /** Fields that another API's request was translated to. */
    public static Fields of(Map<String, Object> values) {
        return of("", values);
    }

    /**
     * The fields of a form, whose values are texts. Those that look like a number or a truth value count as such, except where
     * the field is a text.
     */
    public static Fields ofForm(Map<String, String> texts, Map<String, byte[]> files) {
        Map<String, Object> values = new LinkedHashMap<>(files);
        texts.forEach((name, text) -> values.put(name, FormValue.of(name, text)));
        Fields fields = new Fields("", values, Map.of());
        for (String list : List.of(ControlImages.LIST, IpAdapterImages.FIELD)) {
            values.computeIfPresent(
                    list, (name, value) -> value instanceof String text ? fields.parsed(name, text) : value);
        }
        return IpAdapterImages.ofForm(new Fields("", ControlImages.beside(values), Map.of()), files);
    }

    /** Another name for a field, if it is there. Messages have the client's name. */
    Fields renamed(String from, String to) {
        if (!values.containsKey(from)) {
            return this;
        }
        Map<String, Object> renamed = new LinkedHashMap<>(values);
        renamed.put(to, renamed.remove(from));
        Map<String, String> names = new LinkedHashMap<>(clientNames);
        names.put(to, from);
        return new Fields(path, renamed, names);
    }

    /** The same where messages have the client's names. @param names the client's by those here */
    public Fields calledByClient(Map<String, String> names) {
        Map<String, String> all = new LinkedHashMap<>(clientNames);
        all.putAll(names);
        return new Fields(path, values, all);
    }

    public Fields without(Set<String> names) {
        Map<String, Object> fewer = new LinkedHashMap<>(values);
        fewer.keySet().removeAll(names);
        return new Fields(path, fewer, clientNames);
    }

    /** The same with a value: a text, an image, or what JSON has. */
    public Fields with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(values);
        more.put(name, value);
        return new Fields(path, more, clientNames);
    }

    /** As it came; null where there is none. */
    public Object value(String name) {
        return values.get(name);
    }

    /** As they were sent. */
    public JsonObject toJson() {
        return new JsonObject(new LinkedHashMap<>(values));
    }

    public Set<String> names() {
        return Set.copyOf(values.keySet());
    }

    /** The names of the fields that may hold images. */
    public Set<String> images() {
        Set<String> names = new TreeSet<>(AttachmentReader.FIELDS);
        values.keySet().stream().filter(ControlImages::is).forEach(names::add);
        return names;
    }

    /**
     * The same with other values for the images that lie in objects of the request.
     *
     * @param change makes a value of an image's path and value
     */
    public Fields withDeeperImages(BiFunction<String, Object, Object> change) {
        return IpAdapterImages.map(this, change);
    }

    /** The characters of the object, without those of its images. */
    public long sizeWithoutImages() {
        Fields withoutDeeper = IpAdapterImages.map(this, (path, image) -> "");
        return withoutDeeper.values.entrySet().stream()
                .filter(entry -> !AttachmentReader.isImage(entry.getKey()))
                .mapToLong(entry -> PUNCTUATION
                        + entry.getKey().length()
                        + String.valueOf(entry.getValue()).length())
                .sum();
    }

    private static Fields of(String path, Map<?, ?> object) {
        Map<String, Object> values = new LinkedHashMap<>();
        object.forEach((key, value) -> values.put(String.valueOf(key), value));
        return new Fields(path, path.isEmpty() ? ControlImages.beside(values) : values, Map.of());
    }

    /** Refuses unknown fields. Most are typing errors, which would otherwise silently have no effect. */
    public void allowOnly(Set<String> known) {
        for (String name : values.keySet()) {
            if (!known.contains(name) && !(path.isEmpty() && ControlImages.is(name))) {
                throw invalid("unknown_parameter", name, "is unknown; known are " + String.join(", ", known));
            }
        }
    }

    /** The image of a field, read now if it is not yet: base64, or the file of a form. */
    Optional<ReadImage> image(String name, AttachmentReader reader) {
        Optional<ReadImage> image = reader.readValue(values.get(name));
        return image.isPresent() ? image : text(name).map(reader::read);
    }

    public Optional<String> text(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof String)) {
            throw wrongType(name, "a string", value);
        }
        Optional<String> text = Optional.ofNullable((String) value);
        text.filter(Fields::hasLoneSurrogate).ifPresent(t -> {
            throw invalid("invalid_value", name, "has an unpaired surrogate, which is not valid text");
        });
        return text;
    }

    private static boolean hasLoneSurrogate(String text) {
        return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    public Optional<String> text(String name, int maxLength) {
        Optional<String> text = text(name);
        text.filter(t -> t.codePointCount(0, t.length()) > maxLength).ifPresent(t -> {
            String limit = "has %d characters, and at most %d are allowed"
                    .formatted(t.codePointCount(0, t.length()), maxLength);
            throw invalid("string_too_long", name, limit);
        });
        return text;
    }

    public Optional<String> oneOf(String name, List<String> allowed) {
        Optional<String> text = text(name);
        text.filter(t -> !allowed.contains(t)).ifPresent(t -> {
            throw invalid("invalid_value", name, "must be one of %s, not \"%s\"".formatted(allowed, brief(t)));
        });
        return text;
    }

    public boolean flag(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw wrongType(name, "true or false", value);
        }
        return Boolean.TRUE.equals(value);
    }

    /** A switch that may also be a number, as other APIs have it. */
    public boolean isOn(String name) {
        return values.get(name) instanceof Number number ? number.doubleValue() != 0 : flag(name);
    }

    /** A whole number. As in JSON Schema, {@code 20.0} is one too. */
    public Optional<Long> integer(String name, long min, long max) {
        return number(name).map(value -> {
            if (value.doubleValue() != Math.rint(value.doubleValue())) {
                throw invalid("invalid_type", name, "must be a whole number, not " + brief(value));
            }
            boolean isLong = value instanceof Integer || value instanceof Long;
            // Above 2^53 a double cannot represent every long. No range here is that large.
            if ((!isLong && Math.abs(value.doubleValue()) > 0x1p53)
                    || value.longValue() < min
                    || value.longValue() > max) {
                String range = min == max ? String.valueOf(min) : "from %d to %d".formatted(min, max);
                throw invalid("out_of_range", name, "must be %s, not %s".formatted(range, brief(value)));
            }
            return value.longValue();
        });
    }

    /** An unsigned number of 64 bits, or -1. It may be a string, because many JSON libraries round numbers above 2^53. */
    public Optional<BigInteger> seed(String name) {
        Object value = values.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof Number) && !(value instanceof String)) {
            throw wrongType(name, "a number or a string of digits", value);
        }
        String digits = value instanceof Double real && real == Math.rint(real) && Math.abs(real) <= 0x1p53
                ? Long.toString(real.longValue())
                : value.toString();
        if (!WHOLE.matcher(digits).matches()) {
            throw invalid("invalid_type", name, "must be a whole number, not " + brief(value));
        }
        BigInteger seed = new BigInteger(digits);
        if (seed.signum() < 0 ? !seed.equals(ANY_SEED) : seed.bitLength() > Long.SIZE) {
            throw invalid("out_of_range", name, "must be from -1 to %s, not %s".formatted(MAX_SEED, brief(seed)));
        }
        return Optional.of(seed);
    }

    /** Whether there is a value. */
    public boolean has(String name) {
        return values.get(name) != null;
    }

    /** Whether there is a value that says something: not the empty text. */
    boolean says(String name) {
        return has(name) && !(values.get(name) instanceof String text && text.isBlank());
    }

    public Optional<Double> real(String name, double min, double max) {
        return number(name).map(value -> {
            double real = value.doubleValue();
            if (!(real >= min && real <= max)) {
                throw invalid(
                        "out_of_range",
                        name,
                        "must be from %s to %s, not %s".formatted(shown(min), shown(max), shown(real)));
            }
            return real;
        });
    }

    /** A bound without a fraction has none in a message. */
    private static String shown(double number) {
        return number == Math.rint(number) && Math.abs(number) < 0x1p53
                ? Long.toString((long) number)
                : Double.toString(number);
    }

    private Optional<Number> number(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof Number)) {
            throw wrongType(name, "a number", value);
        }
        return Optional.ofNullable((Number) value);
    }

    public Optional<Fields> object(String name) {
        Object value = values.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw wrongType(name, "an object", value);
        }
        return Optional.of(of(path + name + ".", map));
    }

    /** A list of texts. None where there is none. */
    public List<String> texts(String name) {
        Object value = values.get(name);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw wrongType(name, "an array of strings", value);
        }
        for (int i = 0; i < list.size(); i++) {
            if (!(list.get(i) instanceof String)) {
                throw wrongType("%s[%d]".formatted(name, i), "a string", list.get(i));
            }
        }
        return list.stream().map(String.class::cast).toList();
    }

    /** A list of objects, which a form has as the text of a JSON array. None where there is none. */
    public List<Fields> objects(String name, int most) {
        Object value = values.get(name) instanceof String text ? parsed(name, text) : values.get(name);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw wrongType(name, "an array of objects", value);
        }
        if (list.size() > most) {
            throw invalid(
                    "out_of_range", name, "has %d entries, and at most %d are allowed".formatted(list.size(), most));
        }
        List<Fields> objects = new ArrayList<>();
        for (Object entry : list) {
            if (!(entry instanceof Map<?, ?> object)) {
                throw wrongType("%s[%d]".formatted(clientName(name), objects.size()), "an object", entry);
            }
            objects.add(of("%s%s[%d].".formatted(path, clientName(name), objects.size()), object));
        }
        return objects;
    }

    private Object parsed(String name, String text) {
        try {
            return JsonBody.MAPPER.readValue(text, Object.class);
        } catch (JsonProcessingException e) {
            throw invalid("invalid_json", name, "is not a JSON array: " + JsonBody.reason(e));
        }
    }

    /** A list; none where there is none. */
    List<?> list(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof List<?>)) {
            throw wrongType(name, "an array", value);
        }
        return value == null ? List.of() : (List<?>) value;
    }

    /** Refuses two fields that say the same thing. */
    public void requireOne(String name, String other) {
        if (has(name) && has(other)) {
            throw invalid("invalid_value", name, "and " + other + " cannot be used together");
        }
    }

    public ApiException missing(String name) {
        return invalid("missing_required_parameter", name, "is required");
    }

    /** @param problem completes a sentence that starts with the field's name */
    public ApiException invalid(String code, String name, String problem) {
        String shown = path + brief(clientName(name));
        return new ApiException(ApiError.invalid(code, shown + " " + problem, shown));
    }

    /** What the client calls a field. */
    String clientName(String name) {
        return clientNames.getOrDefault(name, name);
    }

    private ApiException wrongType(String name, String wanted, Object value) {
        String found = value == null
                ? "null"
                : value instanceof String
                        ? "a string"
                        : value instanceof Boolean
                                ? "a boolean"
                                : value instanceof byte[] || value instanceof ReadImage
                                        ? "a file"
                                        : value instanceof Number
                                                ? "a number"
                                                : value instanceof List ? "an array" : "an object";
        return invalid("invalid_type", name, "must be %s, not %s".formatted(wanted, found));
    }

    private static String brief(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
