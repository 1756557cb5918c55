package dev.weir.serving;

import dev.weir.proto.v1.Preview;

/** After which steps of a run a frame is wanted. The last step never is: the picture itself follows. */
final class PreviewSteps {

    private PreviewSteps() {}

    /**
     * @param step steps done, from 1
     * @param total steps of the run
     */
    static boolean isDue(Preview preview, int step, int total) {
        if (step >= total) {
            return false;
        }
        boolean everySo = preview.getEverySteps() > 0 && step % preview.getEverySteps() == 0;
        return everySo || isOneOfEvenlySpread(preview.getCount(), step, total);
    }

    /** Frame i of n (from 1) is due at the first step that is no earlier than i/(n+1) of the way. */
    private static boolean isOneOfEvenlySpread(int count, int step, int total) {
        int parts = count + 1;
        long before = (long) (step - 1) * parts / total;
        long now = (long) step * parts / total;
        return count > 0 && now > before;
    }
}
