package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.Numbers;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The tensors of a file that change one layer, and the product of two factors that they stand for: LoRA, and LoHa and LoKr of
 * LyCORIS (arXiv 2309.14859). Immutable.
 *
 * @param module the layer as the file calls it
 * @param shape of the weight of the file's layer
 * @param rows of it that change the model's layer
 * @param tensors by role
 * @param scale without the tensor for the alpha, which counts before the one here
 */
record LayerChange(
        Weights file,
        String module,
        List<Integer> shape,
        LayerRows rows,
        Map<String, String> tensors,
        LayerScale scale) {

    private static final Set<String> LORA = Set.of(LoraKey.DOWN, LoraKey.UP, LoraKey.MID);
    private static final String HADAMARD = "hada_";
    private static final String KRONECKER = "lokr_";

    private int out() {
        return shape.get(0);
    }

    private int in() {
        return shape.stream().skip(1).reduce(1, Math::multiplyExact);
    }

    /** Throws {@link ModelException} that names the layer, where the tensors are of no known kind or do not fit it. */
    void require() {
        if (has(LoraKey.DORA)) {
            throw refused("is DoRA, which Weir does not run: it scales by the norms of the changed weights");
        }
        if (has(LoraKey.ALPHA)) {
            requireSize(LoraKey.ALPHA, 1, "one number");
        }
        if (scale.isRankStabilized() && (has(LoraKey.ALPHA) || scale.alpha().isEmpty())) {
            throw refused("has use_rslora %s, so its scale is not known"
                    .formatted(has(LoraKey.ALPHA) ? "beside a tensor for the alpha" : "without lora_alpha"));
        }
        if (has(LoraKey.DOWN) || has(LoraKey.UP)) {
            requireLora();
            requireOnly(LORA::contains);
        } else if (isOf(HADAMARD)) {
            requireHadamard();
            requireOnly(role -> role.startsWith(HADAMARD));
        } else if (isOf(KRONECKER)) {
            requireKronecker();
            requireOnly(role -> role.startsWith(KRONECKER));
        } else {
            throw refused("has %s, a kind that Weir does not run; it runs LoRA, LoHa and LoKr"
                    .formatted(String.join(", ", tensors.keySet())));
        }
    }

    /** As {@link #require}, for a layer of the size that the tensors are for. */
    static void requireAlone(Weights file, String module, Map<String, String> tensors, LayerScale scale) {
        var change = new LayerChange(file, module, List.of(), LayerRows.ALL, tensors, scale);
        new LayerChange(file, module, change.ownShape(), LayerRows.ALL, tensors, scale).require();
    }

    /** The shape of a layer that the tensors would fit; pixels of a convolution may be one side. */
    private List<Integer> ownShape() {
        if (has(LoraKey.DOWN) || has(LoraKey.UP)) {
            int inner = has(LoraKey.MID) ? size(LoraKey.MID) / sides(LoraKey.MID)[0] / sides(LoraKey.DOWN)[0] : 1;
            return shape(sides(LoraKey.UP)[0], size(LoraKey.DOWN) / sides(LoraKey.DOWN)[0], inner);
        }
        if (isOf(HADAMARD)) {
            int rank = sides("hada_w1_b")[0];
            int inner = has("hada_t1") ? size("hada_t1") / rank / rank : 1;
            return shape(size("hada_w1_a") / rank, size("hada_w1_b") / rank, inner);
        }
        if (isOf(KRONECKER)) {
            int[] first = kroneckerSides("lokr_w1");
            int[] second = kroneckerSides("lokr_w2");
            int inner = kroneckerPixels();
            return shape((long) first[0] * second[0], (long) first[1] * second[1] / inner, inner);
        }
        return List.of();
    }

    private List<Integer> shape(long out, long in, long pixels) {
        if (Math.max(out, in * pixels) > Integer.MAX_VALUE) {
            throw refused("is for a weight of %d and %d numbers, which is too large".formatted(out, in * pixels));
        }
        return List.of((int) out, (int) in, (int) Math.max(1, pixels));
    }

    private void requireOnly(Predicate<String> isOfKind) {
        var others = new TreeSet<>(tensors.keySet());
        others.removeIf(role -> role.equals(LoraKey.ALPHA) || isOfKind.test(role));
        if (!others.isEmpty()) {
            throw refused("has %s beside its factors, which Weir does not run".formatted(String.join(", ", others)));
        }
    }

    /** The factors, with the alpha in them. */
    LowRank read() {
        LowRank change = has(LoraKey.DOWN) ? lora() : isOf(HADAMARD) ? hadamard() : kronecker();
        if (!change.isFinite()) {
            throw refused("has a number that is not finite");
        }
        return rows.of(change);
    }

    // ---- LoRA

    private void requireLora() {
        int rank = sides(LoraKey.DOWN)[0];
        boolean inThree = has(LoraKey.MID);
        requireSize(LoraKey.DOWN, (long) rank * (inThree ? shape.get(1) : in()));
        int upRank = inThree ? sides(LoraKey.MID)[0] : rank;
        if (inThree) {
            requireSize(LoraKey.MID, (long) upRank * rank * (in() / shape.get(1)));
        }
        int[] up = sides(LoraKey.UP);
        if (up.length < 2 || up[1] != upRank) {
            throw refused(
                    "has factors of different ranks: %s and %s".formatted(shown(LoraKey.DOWN), shown(LoraKey.UP)));
        }
        requireSize(LoraKey.UP, (long) out() * upRank);
    }

    private LowRank lora() {
        int rank = sides(LoraKey.DOWN)[0];
        var down = matrix(LoraKey.DOWN, rank);
        if (has(LoraKey.MID)) {
            down = convolved(matrix(LoraKey.MID, sides(LoraKey.MID)[0]), down);
        }
        return new Factors(matrix(LoraKey.UP, out()), down).scaled(scale(rank));
    }

    // ---- LyCORIS

    private void requireHadamard() {
        for (var half : List.of("1", "2")) {
            int rank = sides("hada_w%s_b".formatted(half))[0];
            boolean inThree = has("hada_t" + half);
            requireSize("hada_w%s_a".formatted(half), (long) out() * rank);
            requireSize("hada_w%s_b".formatted(half), (long) rank * (inThree ? shape.get(1) : in()));
            if (inThree) {
                requireSize("hada_t" + half, (long) rank * rank * (in() / shape.get(1)));
            }
        }
    }

    /** Two low-rank matrices multiplied number by number: the rank is the product of theirs. */
    private LowRank hadamard() {
        var first = hadamardHalf("1");
        var second = hadamardHalf("2");
        if ((long) first.rank() * second.rank() > Math.min(out(), in())) {
            return Factors.of(first.product().hadamard(second.product())).scaled(scale(first.rank()));
        }
        var pairs = new Factors(
                first.left().columnPairs(second.left()),
                first.right()
                        .transposed()
                        .columnPairs(second.right().transposed())
                        .transposed());
        return pairs.scaled(scale(first.rank()));
    }

    private Factors hadamardHalf(String half) {
        int rank = sides("hada_w%s_b".formatted(half))[0];
        return factors("hada_w%s_a".formatted(half), "hada_w%s_b".formatted(half), "hada_t" + half, rank, out());
    }

    private void requireKronecker() {
        int[] first = kroneckerSides("lokr_w1");
        int[] second = kroneckerSides("lokr_w2");
        if (has("lokr_t2")) {
            int rank = sides("lokr_w2_b")[0];
            requireSize("lokr_t2", (long) rank * rank * (in() / shape.get(1)));
        }
        if ((long) first[0] * second[0] != out() || (long) first[1] * second[1] != in()) {
            throw refused("is a product of %s and %s, which does not fit %s"
                    .formatted(Arrays.toString(first), Arrays.toString(second), shape));
        }
    }

    /** The rows and columns of one of the two matrices. */
    private int[] kroneckerSides(String name) {
        if (has(name)) {
            int[] sides = sides(name);
            return new int[] {sides[0], size(name) / sides[0]};
        }
        int rank = sides(name + "_b")[0];
        int inner = name.equals("lokr_w2") ? kroneckerPixels() : 1;
        requireSize(name + "_a", (long) rank * (size(name + "_a") / rank));
        return new int[] {size(name + "_a") / rank, size(name + "_b") / rank * inner};
    }

    private int kroneckerPixels() {
        int rank = has("lokr_t2") ? sides("lokr_w2_b")[0] : 1;
        return has("lokr_t2") ? Math.max(1, size("lokr_t2") / rank / rank) : 1;
    }

    private LowRank kronecker() {
        var first = kroneckerHalf("lokr_w1", "none");
        var second = kroneckerHalf("lokr_w2", "lokr_t2");
        boolean isDense = (long) first.rank() * second.rank() > Math.min(out(), in());
        var whole = isDense
                ? Factors.of(first.product().kronecker(second.product()))
                : new Factors(
                        first.left().kronecker(second.left()), first.right().kronecker(second.right()));
        var ranked = has("lokr_w2_b") ? "lokr_w2_b" : "lokr_w1_b";
        return whole.scaled(has(ranked) ? scale(sides(ranked)[0]) : 1);
    }

    private Factors kroneckerHalf(String name, String middle) {
        if (has(name)) {
            return Factors.of(matrix(name, sides(name)[0]));
        }
        int rank = sides(name + "_b")[0];
        return factors(name + "_a", name + "_b", middle, rank, size(name + "_a") / rank);
    }

    /** Where there is a middle tensor, the first one is turned. */
    private Factors factors(String first, String second, String middle, int rank, int rows) {
        return has(middle)
                ? new Factors(matrix(first, rank).transposed(), convolved(matrix(middle, rank), matrix(second, rank)))
                : new Factors(matrix(first, rows), matrix(second, rank));
    }

    /**
     * The kernel of a convolution in two parts, the second of which has one pixel.
     *
     * @param middle {@code [rank, rank * height * width]}
     * @param right {@code [rank, in]}
     * @return {@code [rank, in * height * width]}
     */
    private static Matrix convolved(Matrix middle, Matrix right) {
        int pixels = middle.columns() / right.rows();
        int in = right.columns();
        var kernel = new float[middle.rows() * in * pixels];
        for (int row = 0; row < middle.rows(); row++) {
            for (int k = 0; k < right.rows(); k++) {
                for (int channel = 0; channel < in; channel++) {
                    float factor = right.values()[k * in + channel];
                    for (int pixel = 0; pixel < pixels; pixel++) {
                        kernel[(row * in + channel) * pixels + pixel] +=
                                factor * middle.values()[(row * right.rows() + k) * pixels + pixel];
                    }
                }
            }
        }
        return new Matrix(middle.rows(), in * pixels, kernel);
    }

    // ---- tensors

    private boolean isOf(String kind) {
        return tensors.keySet().stream().anyMatch(role -> role.startsWith(kind));
    }

    private boolean has(String role) {
        return tensors.containsKey(role);
    }

    private String tensor(String role) {
        if (!has(role)) {
            throw refused("has no %s beside its %s".formatted(role, String.join(", ", tensors.keySet())));
        }
        return tensors.get(role);
    }

    private int[] sides(String role) {
        int[] sides = Arrays.stream(file.info(tensor(role)).shape())
                .mapToInt(side -> (int) Math.min(side, Integer.MAX_VALUE))
                .toArray();
        if (sides.length < 2 || Arrays.stream(sides).anyMatch(side -> side < 1)) {
            throw refused("has a tensor %s of %s".formatted(role, Arrays.toString(sides)));
        }
        return sides;
    }

    private int size(String role) {
        TensorInfo info = file.info(tensor(role));
        if (info.length() > Integer.MAX_VALUE) {
            throw refused(
                    "has a tensor %s of %s, which is too large: %d bytes".formatted(role, shown(role), info.length()));
        }
        return (int) info.length() / info.type().bytes();
    }

    private void requireSize(String role, long wanted) {
        requireSize(role, wanted, "%s of the model".formatted(shape));
    }

    private void requireSize(String role, long wanted, String what) {
        if (size(role) != wanted) {
            throw refused("has a tensor %s of %s, which does not fit %s".formatted(role, shown(role), what));
        }
    }

    private String shown(String role) {
        return Arrays.toString(file.info(tensor(role)).shape());
    }

    private Matrix matrix(String role, int rows) {
        var values = Numbers.read(file, tensor(role));
        return new Matrix(rows, values.length / rows, values);
    }

    private float scale(int rank) {
        return has(LoraKey.ALPHA) ? Numbers.read(file, tensor(LoraKey.ALPHA))[0] / rank : scale.of(rank);
    }

    private ModelException refused(String problem) {
        return new ModelException("the layer %s %s".formatted(module, problem));
    }
}
